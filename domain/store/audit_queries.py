"""Audit queries: where does the chain stand, and what does it say?"""

import json
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import ColumnElement, Select, select
from sqlalchemy.orm import InstrumentedAttribute

from domain.store.chain import GENESIS, Sealed
from domain.store.tables import AuditBlob, AuditEntry, AuditHead
from domain.store.tx import Tx


async def head(tx: Tx) -> Sealed:
    """The end of the tenant's chain."""
    row = await tx.first(select(AuditHead))
    return Sealed(row.seq, row.hash) if row else Sealed(0, GENESIS.hex())


async def hash_at(tx: Tx, seq: int) -> str | None:
    """The hash of one entry; that of entry 0 is the genesis."""
    if seq == 0:
        return GENESIS.hex()
    return await tx.first(select(AuditEntry.hash).where(AuditEntry.seq == seq))


@dataclass(frozen=True, slots=True)
class RecordedEvent:
    """What an entry about an action says, by its own bytes."""

    seq: int
    at: Any
    actor: Any
    data: Any


async def first(tx: Tx, action_id: str, event: str) -> RecordedEvent | None:
    """The first entry of this kind about an action; None if there is none that can be read."""
    rows = await tx.rows(
        select(AuditEntry.seq, AuditEntry.body)
        .where(AuditEntry.action_id == action_id, AuditEntry.event == event)
        .order_by(AuditEntry.seq)
        .limit(1)
    )
    try:
        content = json.loads(rows[0].body) if rows else None
    except ValueError:
        return None  # somebody wrote over it; the verifier says so
    if not isinstance(content, dict):
        return None
    return RecordedEvent(rows[0].seq, content.get("at"), content.get("actor"), content.get("data"))


def told_before(seq: int, event: str, *, of: InstrumentedAttribute[str]) -> ColumnElement[bool]:
    """Whether an entry before this one tells of such an event about the action in a column."""
    # `+ 0`: the index of actions answers this, and not the chain read up to that entry.
    entry = select(AuditEntry.seq).where(
        AuditEntry.action_id == of, AuditEntry.event == event, AuditEntry.seq + 0 < seq
    )
    return entry.exists()


async def entries(tx: Tx, *, after: int, limit: int) -> Sequence[AuditEntry]:
    """Entries in order, after the given one."""
    return await tx.all(
        select(AuditEntry).where(AuditEntry.seq > after).order_by(AuditEntry.seq).limit(limit)
    )


async def calls_about(
    tx: Tx, tools: Iterable[str], objects: "Select[str]", *, since: datetime
) -> Sequence[Any]:
    """When these tools were called about these rows: `event`, `object` and `at` of each entry."""
    return await tx.rows(
        select(AuditEntry.event, AuditEntry.object, AuditEntry.at).where(
            AuditEntry.object.in_(objects),
            AuditEntry.event.in_(sorted(tools)),
            AuditEntry.at >= since,
        )
    )


async def blobs(tx: Tx, first: int, last: int) -> Sequence[AuditBlob]:
    """What the entries from `first` to `last` commit to."""
    return await tx.all(
        select(AuditBlob)
        .where(AuditBlob.seq.between(first, last))
        .order_by(AuditBlob.seq, AuditBlob.field)
    )


async def effect_of(tx: Tx, action_id: str, event: str) -> Sealed | None:
    """The newest entry of this kind about an action; None if there is none."""
    row = await tx.first(
        select(AuditEntry)
        .where(AuditEntry.action_id == action_id, AuditEntry.event == event)
        .order_by(AuditEntry.seq.desc())
    )
    return Sealed(row.seq, row.hash) if row else None
