"""Chain verifier: is the chain of a tenant whole, and if not, where is it broken?

The offline verifier reads one tenant in one snapshot, page by page, and never holds all rows in
memory. It believes no stored hash: bytes are hashed again, every column is compared with what the
bytes say, private values with what their entry commits to, and the head with the last entry.
Rows are held against their commitments in audit_rows.py, checkpoints against the chain in
audit_checkpoints.py; what approvals prove stands in policies/audit/verify.py.
"""

import hashlib
import re
from collections.abc import AsyncIterator, Collection, Iterator, Mapping, Sequence
from datetime import datetime, timedelta
from itertools import repeat
from operator import itemgetter
from typing import Any, Final, NamedTuple

from sqlalchemy import String, bindparam, func, select, type_coerce

from domain.kernel.clock import from_stamp, stamp
from domain.kernel.counting import counted
from domain.store.audit_claims import contents_of, private_place
from domain.store.audit_report import BEGINNING, Report
from domain.store.audit_rows import BoundRows
from domain.store.chain import Sealed
from domain.store.prepared import prepared_query
from domain.store.tables import AuditBlob, AuditEntry, AuditHead, AuditRow
from domain.store.tx import Tx

# The format of domain/store/chain.py, written down a second time on purpose: a verifier that
# took it from the writer would agree with the writer's mistakes.
_LINK: Final = b"\x00cyberos.audit.v1\n"
_COMMIT: Final = b"cyberos.commit.v1\n"

_PAGE: Final = 1_000
_SET_BACK: Final = timedelta(minutes=5)
_SHOWN: Final = ("at", "event", "object", "action")
_told = itemgetter("tenant", "seq", *_SHOWN, "rows")
_private = itemgetter("pii")

_HASH = re.compile(r"[0-9a-f]{64}")


class _Blob(NamedTuple):
    salt: Any
    body: Any
    erased_at: Any


# --- the chain ---


async def verify_chain(tx: Tx, report: Report, *, after: Sealed | None = None) -> None:
    """Walk the chain from an entry that is believed, or from the beginning, to the head."""
    walk = _Walk(report, after or BEGINNING)
    rows = values = 0
    bound = BoundRows(tx, walk.seq)
    async for page, blobs in _pages(tx, walk.seq):
        rows, values = rows + len(page), values + len(blobs)
        walk.page(page, blobs, await bound.up_to(page[-1].seq))
    report.end = Sealed(walk.seq, walk.last.hex())
    if after is None:
        await _verify_counts(tx, report, rows, values, bound.met)
    await _verify_head(tx, report)


class _Walk:
    """The state between two entries: the number and the hash of the last one."""

    def __init__(self, report: Report, start: Sealed) -> None:
        self.report = report
        self.seq = start.seq
        self.last = bytes.fromhex(start.hash)
        self.latest = ""  # the latest instant that an entry named
        self.other: bytes | None = None

    def page(self, page: Sequence[Any], blobs: Collection[Any], digests: dict[int, str]) -> None:
        """Judge entries in their order, their values, and the digests over their rows."""
        contents = contents_of([row.body for row in page])
        if self._is_whole(page, contents, blobs, digests):
            return
        left = {(row.seq, row.field): _Blob(row.salt, row.body, row.erased_at) for row in blobs}
        for row, content in zip(page, contents, strict=True):
            self._step(row, content, left, digests.pop(row.seq, ""))
        for seq in digests:
            self.report.found(f"rows of entry {seq}", "no entry commits to them")
        for seq, name in left:
            self.report.found(private_place(seq, name), "no entry commits to it")

    def _is_whole(
        self,
        page: Sequence[Any],
        contents: Sequence[Any],
        blobs: Collection[Any],
        digests: Mapping[int, str],
    ) -> bool:
        """Whether nothing is to be found in a page; then the walk stands behind it.

        The same questions as step by step, asked of all entries at once, which takes a third of
        the time. It names nothing: whatever is not as it should be, or not of its type, is a no.
        """
        seqs, ats, events, objects, actions, bodies, hashes = zip(*page, strict=True)
        numbers = range(self.seq + 1, self.seq + 1 + len(page))
        rows = [digests.get(seq, "") for seq in numbers]
        instants = list(map(_shown_at, ats))
        try:
            shown = zip(
                repeat(self.report.tenant_id, len(page)),
                numbers,
                instants,
                events,
                objects,
                [action or "" for action in actions],
                rows,
                strict=True,
            )
            links = _links(self.last, bodies)
            erased = _count_erased(blobs, seqs, list(map(_private, contents)))
            is_whole = (
                seqs == tuple(numbers)
                and list(map(_told, contents)) == list(shown)
                and list(map(bytes.hex, links)) == list(hashes)
                and len(rows) - rows.count("") == len(digests)
                and [self.latest, *instants] == sorted([self.latest, *instants])
            )
        except (AttributeError, KeyError, TypeError, ValueError):
            return False
        if not is_whole or erased is None:
            return False
        self.seq, self.last, self.latest, self.other = seqs[-1], links[-1], instants[-1], None
        self.report.entries += len(page)
        self.report.erased += erased
        self.report.private += len(blobs) - erased
        return True

    def _step(
        self,
        row: Any,
        content: Mapping[str, Any] | None,
        blobs: dict[tuple[int, str], _Blob],
        rows: str,
    ) -> None:
        """Judge one entry, and what it says about its rows. Its values are taken out of `blobs`."""
        place = f"entry {row.seq}"
        missing = row.seq - self.seq - 1
        if missing:
            many = "one is" if missing == 1 else f"{missing} are"
            self.report.found(place, f"follows {self.seq}: {many} missing")
        body, stored = _encoded(row.body), _digest(row.hash)
        computed = None if body is None else _linked(self.last, body)
        fits = computed is not None and stored is not None and computed == stored
        if not fits and body is not None and self.other is not None:
            fits = _linked(self.other, body) == stored
        if body is None or stored is None:
            self.report.found(place, "is not made of text and a hash")
        elif not fits and not missing:  # after a gap nobody knows what this one was built on
            self.report.found(place, "its bytes do not give the stored hash")
        # The next one was built on the stored hash if the bytes were altered, and on the computed
        # one if the hash was: either way one altered entry does not accuse all later ones.
        self.seq, self.last = row.seq, stored or computed or self.last
        self.other = None if fits else computed
        self.report.entries += 1
        if content is None:
            if body is not None:
                self.report.found(place, "its bytes are not a canonical entry")
            _forget(row.seq, blobs)
            return
        if content.get("rows") != rows:
            self.report.found(place, "commits to other rows than are kept with it")
        self._columns(row, content)
        self._instant(row.seq, content.get("at"))
        self._commitments(row.seq, content, blobs)

    def _columns(self, row: Any, content: Mapping[str, Any]) -> None:
        place = f"entry {row.seq}"
        if content.get("tenant") != self.report.tenant_id:
            self.report.found(place, "its bytes belong to another tenant")
        if content.get("seq") != row.seq:
            self.report.found(place, "its bytes were written at another place of the chain")
        shown = (_shown_at(row.at), row.event, row.object, row.action_id or "")
        if shown == tuple(map(content.get, _SHOWN)):
            return
        for column, value in zip(_SHOWN, shown, strict=True):
            if content.get(column) != value:
                self.report.found(place, f"its column '{column}' says other than its bytes")

    def _instant(self, seq: int, at: Any) -> None:
        """Clocks are set, but by minutes: what names a time long past was dated back."""
        try:
            went_back = self.latest and from_stamp(self.latest) - from_stamp(at) > _SET_BACK
        except (TypeError, ValueError):
            self.report.found(f"entry {seq}", "names no instant")
            return
        if went_back:
            self.report.found(f"entry {seq}", "is dated before one that stands before it")
        self.latest = max(self.latest, at)

    def _commitments(
        self, seq: int, content: Mapping[str, Any], blobs: dict[tuple[int, str], _Blob]
    ) -> None:
        for name, digest in _promised(content.get("pii")):
            what = self._opened(digest, blobs.pop((seq, name), None))
            if what is not None:
                self.report.found(private_place(seq, name), what)

    def _opened(self, digest: str, blob: _Blob | None) -> str | None:
        """What is wrong with a private value, against what its entry commits to."""
        if blob is None:
            return "is missing; erasing leaves its place behind"
        if blob.erased_at is not None:
            self.report.erased += 1
            is_gone = blob.salt is None and blob.body is None
            return None if is_gone else "is called erased and is still there"
        if not isinstance(blob.salt, bytes) or not isinstance(blob.body, str):
            return "was emptied without being erased"
        self.report.private += 1
        opened = hashlib.sha256(_COMMIT + blob.salt + blob.body.encode()).hexdigest()
        return None if opened == digest else "is not what the entry commits to"


def _shown_at(at: Any) -> Any:
    return stamp(at) if isinstance(at, datetime) else at


def _links(last: bytes, bodies: Sequence[str]) -> list[bytes]:
    """What each of these entries hashes to, one after the other."""
    links = []
    for body in bodies:
        last = hashlib.sha256(_LINK + last + body.encode()).digest()
        links.append(last)
    return links


def _count_erased(
    blobs: Collection[Any], seqs: Sequence[int], promises: Sequence[Any]
) -> int | None:
    """How many of these values are erased; None if they are not just what is committed to."""
    promised = {
        (seq, one["f"]): one["c"] for seq, some in zip(seqs, promises, strict=True) for one in some
    }
    erased = 0
    for seq, name, salt, body, erased_at in blobs:
        if erased_at is None:
            digest = hashlib.sha256(_COMMIT + salt + body.encode()).hexdigest()
            if promised[seq, name] != digest:
                return None
        elif salt is None and body is None and (seq, name) in promised:
            erased += 1
        else:
            return None
    # A value has one row, by its primary key: as many rows as promises are all of them.
    return erased if len(blobs) == sum(map(len, promises)) == len(promised) else None


def _encoded(body: Any) -> bytes | None:
    """The bytes of a text, if it is one."""
    try:
        return body.encode() if isinstance(body, str) else None
    except UnicodeEncodeError:
        return None


def _digest(hash: Any) -> bytes | None:
    """The 32 bytes behind a hash in its one spelling."""
    return bytes.fromhex(hash) if isinstance(hash, str) and _HASH.fullmatch(hash) else None


def _linked(previous: bytes, body: bytes) -> bytes:
    return hashlib.sha256(_LINK + previous + body).digest()


def _forget(seq: int, blobs: dict[tuple[int, str], _Blob]) -> None:
    """Say nothing about values whose entry cannot be read: that one has its finding."""
    for place in [place for place in blobs if place[0] == seq]:
        del blobs[place]


def _promised(pii: Any) -> Iterator[tuple[str, str]]:
    for promise in pii if isinstance(pii, list) else []:
        if isinstance(promise, dict):
            yield str(promise.get("f")), str(promise.get("c"))


# Instants come as the driver has them: a mangled one is a finding, not a crash.
_ENTRIES: Final = prepared_query(
    select(
        AuditEntry.seq,
        type_coerce(AuditEntry.at, String).label("at"),
        AuditEntry.event,
        AuditEntry.object,
        AuditEntry.action_id,
        AuditEntry.body,
        AuditEntry.hash,
    )
    .where(AuditEntry.seq > bindparam("after"))
    .order_by(AuditEntry.seq)
    .limit(_PAGE)
)
_BLOBS: Final = prepared_query(
    select(
        AuditBlob.seq,
        AuditBlob.field,
        AuditBlob.salt,
        AuditBlob.body,
        type_coerce(AuditBlob.erased_at, String).label("erased_at"),
    ).where(AuditBlob.seq > bindparam("after"), AuditBlob.seq <= bindparam("last"))
)


async def _pages(tx: Tx, after: int) -> AsyncIterator[tuple[Sequence[Any], Sequence[Any]]]:
    """Entries in order, and the private values of exactly these."""
    while True:
        page = await tx.fetch(_ENTRIES, after=after)
        # SQLite keeps text in a column of numbers if it is made to; such rows come last.
        page = [row for row in page if isinstance(row.seq, int)]
        if not page:
            return
        yield page, await tx.fetch(_BLOBS, after=after, last=page[-1].seq)
        after = page[-1].seq


async def _verify_counts(tx: Tx, report: Report, entries: int, values: int, rows: int) -> None:
    """What the walk does not meet must not be there: numbers below one, or that are none."""
    for place, table, met in (
        ("chain", AuditEntry, entries),
        ("private values", AuditBlob, values),
        ("commitments to rows", AuditRow, rows),
    ):
        there = await tx.first(select(func.count()).select_from(table)) or 0
        if there != met:
            report.found(
                place, f"{counted(there - met, 'row stands', 'rows stand')} outside the chain"
            )


async def _verify_head(tx: Tx, report: Report) -> None:
    head = next(iter(await tx.rows(select(AuditHead.seq, AuditHead.hash))), None)
    if head is None:
        report.found("head", "is missing")
    elif head.seq != report.end.seq:
        report.found("head", f"says {head.seq}, and the chain ends at {report.end.seq}")
    elif head.hash != report.end.hash:
        report.found("head", f"does not carry the hash of entry {report.end.seq}")
