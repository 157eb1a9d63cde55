"""Row verifier: is every chained row what the last entry about it committed to?

Two passes of the offline verifier, linear and page by page. The first, within the walk over the
chain (audit_verify.py), holds the digests of each entry's rows against the entry. The second reads
each chained table in the order of its keys, makes the bytes of every row again from what the
driver gives, and holds them against the last digest of that row. What is committed to and was not
met is gone. A new table is covered because it declares itself chained (audit_kinds.py).
"""

import hashlib
from collections.abc import Mapping, Sequence
from typing import Any, Final, NamedTuple

from sqlalchemy import Integer, String, bindparam, func, select, tuple_, type_coerce

from domain.kernel.counting import counted
from domain.store.audit_kinds import Chained, audit_kind
from domain.store.audit_report import FOREIGN, Report
from domain.store.descriptor import all_tables
from domain.store.prepared import PreparedQuery
from domain.store.raw_rows import RawShape, Unfit
from domain.store.schema import TenantRow, core
from domain.store.tables import AuditRow
from domain.store.tx import Tx

# The format of domain/store/commitments.py, written down a second time on purpose: a verifier that
# took it from the writer would agree with the writer's mistakes.
_ROW: Final = b"cyberos.row.v1\n"
_ROWS: Final = b"cyberos.rows.v1\n"
_PAGE: Final = 1_000
_SHOWN: Final = 100

_BOUND = core(AuditRow).c
_MINE = _BOUND.tenant_id == bindparam("own_tenant", type_=String)
# As the driver has them: a mangled value is a finding, not a crash.
_DIGEST = type_coerce(_BOUND.digest, String).label("digest")
_SALT = type_coerce(_BOUND.salt, String).label("salt")

# --- the first pass: what each entry binds ---

_IN_ORDER = PreparedQuery(
    select(_BOUND.seq, _BOUND.n, _BOUND.table_name, _BOUND.row_key, _DIGEST)
    .where(
        _MINE,
        tuple_(_BOUND.seq, _BOUND.n)
        > tuple_(bindparam("seq", type_=Integer), bindparam("n", type_=Integer)),
    )
    .order_by(_BOUND.seq, _BOUND.n)
    .limit(_PAGE)
)


class BoundRows:
    """The row commitments behind an entry, in order, met together with the entries binding them."""

    def __init__(self, tx: Tx, after: int) -> None:
        self.met = 0
        self._tx = tx
        self._page: Sequence[Any] = ()
        self._at = 0
        self._last: tuple[int, int] | None = (after, 2**31 - 1)

    async def up_to(self, seq: int) -> dict[int, str]:
        """The digest over the rows of each entry up to this one that has some."""
        running: dict[int, Any] = {}
        while self._at < len(self._page) or await self._turn():
            begun = self._at
            for row in self._page[begun:]:
                if row[0] > seq:
                    break
                self._at += 1
                if row[0] not in running:
                    running[row[0]] = hashlib.sha256(_ROWS)
                running[row[0]].update(_line(*row))
            self.met += self._at - begun
            if self._at < len(self._page):
                break
        return {entry: digest.hexdigest() for entry, digest in running.items()}

    async def _turn(self) -> bool:
        """The next page; whether there is one."""
        if self._last is None:
            return False
        seq, n = self._last
        page = await self._tx.fetch(_IN_ORDER, seq=seq, n=n)
        # SQLite keeps text in a column of numbers if it is made to; such rows come last.
        is_whole = len(page) == _PAGE
        page = [row for row in page if isinstance(row.seq, int) and isinstance(row.n, int)]
        self._last = (page[-1].seq, page[-1].n) if is_whole and page else None
        self._page, self._at = page, 0
        return bool(page)


def _line(_seq: int, n: int, table: Any, key: Any, digest: Any) -> bytes:
    shown = "deleted" if digest is None else digest.hex() if isinstance(digest, bytes) else "?"
    return f"{n} {table} {key} {shown}\n".encode(errors="surrogateescape")


# --- the second pass: what the rows are ---


class _Last(NamedTuple):
    """The last commitment to a row, and how many there are."""

    seq: int
    salt: Any
    digest: Any
    times: int


_ABOUT = PreparedQuery(
    select(_BOUND.row_key, _BOUND.seq, _SALT, _DIGEST).where(
        _MINE,
        _BOUND.table_name == bindparam("table", type_=String),
        _BOUND.row_key.in_(bindparam("keys", expanding=True, type_=String)),
    )
)
_LATER = core(AuditRow).alias("later")
_LIVE = (
    _MINE,
    _BOUND.table_name == bindparam("table", type_=String),
    _BOUND.digest.is_not(None),
    ~select(_LATER.c.n)
    .where(
        _LATER.c.tenant_id == _BOUND.tenant_id,
        _LATER.c.table_name == _BOUND.table_name,
        _LATER.c.row_key == _BOUND.row_key,
        _LATER.c.seq > _BOUND.seq,
    )
    .exists(),
)
_HOW_MANY_LIVE = select(func.count()).select_from(core(AuditRow)).where(*_LIVE)
_THOSE_LIVE = select(_BOUND.row_key, _BOUND.seq).where(*_LIVE).order_by(_BOUND.row_key).limit(_PAGE)


async def verify_rows(tx: Tx, report: Report) -> None:
    """Compare every row of every chained table with its last commitment, and find what is gone."""
    chained: list[str] = []
    for name, table in sorted(all_tables().items()):
        declared = audit_kind(table)
        if isinstance(declared, Chained) and issubclass(table, TenantRow):
            chained.append(name)
            shape = RawShape(core(table), declared, is_sqlite=tx.is_sqlite)
            await _Comparison(tx, report, shape, declared).compare()
    await _name_deleted(tx, report)
    strange = select(_BOUND.table_name).where(_MINE, _BOUND.table_name.not_in(chained)).distinct()
    for (name,) in await tx.session.execute(strange, {"own_tenant": tx.tenant_id}):
        report.found(f"table {name!r}"[:80], "is committed to, and there is no such table")


async def _name_deleted(tx: Tx, report: Report) -> None:
    """Of a table that the program deletes nothing from nothing is gone, whoever tells of it."""
    kinds = {name: audit_kind(table) for name, table in all_tables().items()}
    kept = [name for name, kind in kinds.items() if isinstance(kind, Chained) and not kind.may_go]
    gone = select(_BOUND.table_name, _BOUND.row_key, _BOUND.seq).where(
        _MINE, _BOUND.digest.is_(None), _BOUND.table_name.in_(kept)
    )
    named = {"own_tenant": tx.tenant_id}
    for row in await tx.session.execute(gone.order_by(_BOUND.seq, _BOUND.n).limit(_SHOWN), named):
        what = f"cannot have been deleted, as entry {row.seq} tells"
        report.found(f"{row.table_name} {row.row_key}".rstrip(), what)


class _Comparison:
    """One table held against what was committed to."""

    def __init__(self, tx: Tx, report: Report, shape: RawShape, declared: Chained) -> None:
        self._tx, self._report, self._shape = tx, report, shape
        self._is_written_once = declared.written_once
        self._named = {"own_tenant": tx.tenant_id, "table": shape.name}

    async def compare(self) -> None:
        """Every row, then whatever no row was met for."""
        rows = met = 0
        async for page in self._shape.pages(self._tx, _PAGE):
            last = await self._commitments([key for key, _ in page])
            rows += len(page)
            for key, body in page:
                met += self._judge(key, body, last.get(key))
        await self._check_count(rows)
        live = (await self._tx.session.execute(_HOW_MANY_LIVE, self._named)).scalar_one()
        if live != met:
            await self._name_missing()

    async def _commitments(self, keys: Sequence[str]) -> Mapping[str, _Last]:
        found: dict[str, _Last] = {}
        lines = await self._tx.fetch(_ABOUT, table=self._shape.name, keys=keys)
        for key, seq, salt, digest in lines:
            known = found.get(key)
            if known is None:
                found[key] = _Last(seq, salt, digest, 1)
            elif seq > known.seq:
                found[key] = _Last(seq, salt, digest, known.times + 1)
            else:
                found[key] = known._replace(times=known.times + 1)
        return found

    def _judge(self, key: str, body: bytes | Unfit, last: _Last | None) -> bool:
        """One row against its last commitment; whether there is a live one."""
        self._report.rows += 1
        if last is None:
            self._report.found(self._place(key), "no entry tells of it")
            return False
        if last.digest is None:
            what = f"is there, and entry {last.seq} tells that it was deleted"
            self._report.found(self._place(key), what)
            return False
        if isinstance(body, Unfit):
            self._report.found(self._place(key), FOREIGN)
        elif not isinstance(last.salt, bytes) or last.digest != _digest(last.salt, body):
            self._report.found(self._place(key), f"is not as entry {last.seq} left it")
        elif self._is_written_once and last.times > 1:
            what = f"is written once, and entry {last.seq} tells of it again"
            self._report.found(self._place(key), what)
        return True

    def _place(self, key: str) -> str:
        shown = key if key.isascii() and key.isprintable() else "?"
        return f"{self._shape.name} {shown}".rstrip()

    async def _check_count(self, met: int) -> None:
        there = await self._shape.count(self._tx)
        if there != met:
            what = (
                f"{counted(there - met, 'row has', 'rows have')} a key this program does not make"
            )
            self._report.found(f"table {self._shape.name}", what)

    async def _name_missing(self) -> None:
        """Only when something is: page by page what is committed to and not there."""
        statement = _THOSE_LIVE
        values = self._named
        while live := (await self._tx.session.execute(statement, values)).all():
            statement = _THOSE_LIVE.where(_BOUND.row_key > bindparam("key", type_=String))
            values = {**self._named, "key": live[-1].row_key}
            there = await self._shape.present(self._tx, [row.row_key for row in live])
            for row in live:
                if row.row_key not in there:
                    what = f"is gone, and entry {row.seq} tells of it"
                    self._report.found(self._place(row.row_key), what)


def _digest(salt: bytes, body: bytes) -> bytes:
    return hashlib.sha256(_ROW + salt + body).digest()
