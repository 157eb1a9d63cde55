"""Outbox: what has happened, kept for whoever subscribes to it, written with its reason."""

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import select

from domain.store.tables import OutboxMessage
from domain.store.tx import Tx


@dataclass(frozen=True, slots=True)
class Message:
    """One thing that happened. `seq` is its place in the order of the company's commits."""

    seq: int
    id: str
    topic: str
    payload: Mapping[str, Any]
    created_at: datetime


def emit(tx: Tx, topic: str, **payload: Any) -> None:
    """Promise a message; it exists exactly if the transaction does."""
    tx.promise(topic, payload)


async def after(tx: Tx, seq: int, topics: Collection[str]) -> Message | None:
    """The first message of these topics behind a place, or None."""
    later = select(OutboxMessage).where(OutboxMessage.topic.in_(topics), OutboxMessage.seq > seq)
    return _message(await tx.first(later.order_by(OutboxMessage.seq)))


async def at(tx: Tx, seq: int) -> Message | None:
    """The message of a place, or None if it is no longer kept."""
    return _message(await tx.first(select(OutboxMessage).where(OutboxMessage.seq == seq)))


def _message(row: OutboxMessage | None) -> Message | None:
    if row is None:
        return None
    return Message(row.seq, row.id, row.topic, row.payload, row.created_at)
