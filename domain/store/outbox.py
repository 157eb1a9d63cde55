"""What still has to leave the house? Messages written with their reason, sent after the commit."""

from collections.abc import Sequence
from typing import Any

from sqlalchemy import func, select, update

from domain.store.tables import OutboxMessage
from domain.store.tx import Tx


def emit(tx: Tx, topic: str, **payload: Any) -> None:
    """Promise a message; it exists exactly if the transaction does."""
    tx.promise(topic, payload)


async def waiting(tx: Tx, *, limit: int) -> Sequence[OutboxMessage]:
    """The oldest messages nobody has dispatched, locked against other workers."""
    return await tx.all(
        select(OutboxMessage)
        .where(OutboxMessage.dispatched_at.is_(None))
        .order_by(OutboxMessage.id)
        .limit(limit)
        .with_for_update(skip_locked=True)
    )


async def dispatched(tx: Tx, message: OutboxMessage) -> None:
    """Remember that a message has left."""
    await tx.change(
        update(OutboxMessage)
        .where(OutboxMessage.id == message.id)
        .values(dispatched_at=tx.at, attempts=OutboxMessage.attempts + 1)
    )


async def backlog(tx: Tx) -> int:
    """How many messages wait."""
    return (
        await tx.first(
            select(func.count())
            .select_from(OutboxMessage)
            .where(OutboxMessage.dispatched_at.is_(None))
        )
        or 0
    )
