"""Audit chain: what happened, in an order nobody can change? One hash chain per tenant.

The bytes of a link (all strings and small integers, RFC 8785):

    hash_n = SHA-256(0x00 || "cyberos.audit.v1\\n" || hash_{n-1} || canonical(entry_n))

`hash_0` is 32 zero bytes. Personal and free content is never in an entry, only a commitment
SHA-256("cyberos.commit.v1\\n" || salt || canonical(value)); salt and value lie in `audit_blob`
and can be erased together, after which the chain still verifies. `rows` binds what the transaction
left in the rows it wrote (domain/store/commitments.py).
"""

import hashlib
import secrets
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from sqlalchemy import bindparam, select

from domain.kernel.canonical import Json, canonical
from domain.kernel.clock import stamp
from domain.store.commitments import RowLeft, rows_digest
from domain.store.direct import Direct
from domain.store.prepared import PreparedQuery, new_row
from domain.store.tables import AuditBlob, AuditEntry, AuditHead, AuditRow

GENESIS = bytes(32)
_LINK = b"\x00cyberos.audit.v1\n"
_COMMIT = b"cyberos.commit.v1\n"

# These tables are the store's own, and the chain is its hottest write, so the tenant is named here
# by hand.
_MINE = AuditHead.tenant_id == bindparam("own_tenant")
_HEAD = PreparedQuery(
    select(AuditHead.seq, AuditHead.hash, AuditHead.messages).where(_MINE).with_for_update()
)


@dataclass(frozen=True, slots=True)
class Actor:
    """Who did it: an agent (for a person), a person, or the system itself."""

    kind: str
    id: str
    on_behalf_of: str = ""


SYSTEM = Actor("system", "cyberos")


@dataclass(frozen=True, slots=True)
class Event:
    """One thing worth proving later. `private` is committed to, never written into the chain."""

    event: str
    actor: Actor
    object: str = ""
    outcome: str = "ok"
    code: str = ""
    action: str = ""
    policy: str = ""
    request: str = ""
    data: Mapping[str, str | int] = field(default_factory=dict)
    private: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Sealed:
    """Where the chain ended when the transaction was committed."""

    seq: int
    hash: str


@dataclass(frozen=True, slots=True)
class Head:
    """The end of the chain, and how many messages there were so far."""

    seq: int
    hash: str
    messages: int


def link(previous: bytes, body: bytes) -> bytes:
    """The hash of an entry whose canonical bytes are `body`, after the hash `previous`."""
    return hashlib.sha256(_LINK + previous + body).digest()


def commitment(salt: bytes, body: bytes) -> str:
    """A binding, hiding digest of a value, given by its canonical bytes."""
    return hashlib.sha256(_COMMIT + salt + body).hexdigest()


async def hold(direct: Direct, tenant_id: str) -> Head:
    """Where the tenant's chain ends, held against everybody else until this is committed."""
    (head,) = await direct.rows(_HEAD, {"own_tenant": tenant_id})
    return Head(head.seq, head.hash, head.messages)


async def seal(
    direct: Direct,
    tenant_id: str,
    at: datetime,
    head: Head,
    events: Sequence[Event],
    rows: Sequence[RowLeft] = (),
) -> Sealed | None:
    """Append the events of a transaction to the head it holds; each entry moves it (triggers.py).

    The last entry binds what was left in the `rows`: by then all of them are as they stay.
    """
    if not events:
        return None
    seq, last = head.seq, bytes.fromhex(head.hash)
    entries, blobs = [], []
    for event in events:
        seq += 1
        bound = rows_digest(rows) if seq == head.seq + len(events) else ""
        body, secrets_of_it = _entry(tenant_id, seq, at, event, bound)
        last = link(last, body)
        entries.append(
            {
                "tenant_id": tenant_id,
                "seq": seq,
                "at": at,
                "event": event.event,
                "object": event.object,
                "action_id": event.action or None,
                "body": body.decode(),
                "hash": last.hex(),
            }
        )
        blobs.extend(secrets_of_it)
    await direct.run(new_row(AuditEntry), *entries)
    if blobs:
        await direct.run(new_row(AuditBlob), *blobs)
    if rows:
        await direct.run(new_row(AuditRow), *_bound(tenant_id, seq, rows))
    return Sealed(seq, last.hex())


def _bound(tenant_id: str, seq: int, rows: Sequence[RowLeft]) -> Iterator[dict[str, Any]]:
    for n, row in enumerate(rows, 1):
        yield {
            "tenant_id": tenant_id,
            "seq": seq,
            "n": n,
            "table_name": row.table,
            "row_key": row.key,
            "salt": row.salt,
            "digest": row.digest,
        }


def _entry(
    tenant_id: str, seq: int, at: datetime, event: Event, rows: str
) -> tuple[bytes, list[dict[str, Any]]]:
    blobs: list[dict[str, Any]] = []
    commitments: list[Json] = []
    for name, value in sorted(event.private.items()):
        salt, body = secrets.token_bytes(16), canonical(value)
        commitments.append({"f": name, "c": commitment(salt, body)})
        blobs.append(
            {
                "tenant_id": tenant_id,
                "seq": seq,
                "field": name,
                "salt": salt,
                "body": body.decode(),
                "erased_at": None,
            }
        )
    entry = canonical(
        {
            "v": 1,
            "tenant": tenant_id,
            "seq": seq,
            "at": stamp(at),
            "actor": {"t": event.actor.kind, "id": event.actor.id, "obo": event.actor.on_behalf_of},
            "event": event.event,
            "object": event.object,
            "outcome": event.outcome,
            "code": event.code,
            "action": event.action,
            "policy": event.policy,
            "request": event.request,
            "data": dict(event.data),
            "pii": commitments,
            "rows": rows,
        }
    )
    return entry, blobs
