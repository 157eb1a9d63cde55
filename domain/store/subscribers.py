"""Outbox subscribers: who takes which messages, how far has each come, and what did it fail at?

Cursors and dead letters are rows beside the messages, so that they move with the work, or not.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from zoneinfo import ZoneInfo

from sqlalchemy import and_, delete, or_, select, update

from domain.kernel import backoff
from domain.store import descriptor
from domain.store.declarations import Handler
from domain.store.outbox import Message
from domain.store.tables import AuditHead, DeadLetter, OutboxCursor, OutboxMessage
from domain.store.tx import Tx

MOST_FAILURES = 8
KEPT = timedelta(days=400)


@dataclass(frozen=True, slots=True)
class Subscription:
    """A subscriber with everything it takes: topic -> handler."""

    name: str
    handlers: Mapping[str, Handler]
    from_beginning: bool


def subscriptions() -> tuple[Subscription, ...]:
    """Every subscriber of every module. A topic that no module tells is a mistake."""
    topics = {topic for module in descriptor.modules() for topic in module.topics}
    found: dict[str, Subscription] = {}
    for module in descriptor.modules():
        mine: dict[str, dict[str, Handler]] = {}
        for topic, subscribers in module.subscribers.items():
            assert topic in topics, f"domain/{module.name}/module.py: no module tells {topic}"
            for one in subscribers:
                handlers = mine.setdefault(one.name, {})
                known = found.get(one.name)
                is_one = topic not in handlers and (known is None or bool(handlers))
                assert is_one, f"domain/{module.name}/module.py: {one.name} is there twice"
                handlers[topic] = one.handle
                found[one.name] = Subscription(one.name, handlers, one.since == "beginning")
    return tuple(found.values())


# --- cursors ---


async def begin(tx: Tx, everybody: Iterable[Subscription]) -> None:
    """Give those that are new to this company a cursor: at the oldest message, or at the end."""
    known = set(await tx.all(select(OutboxCursor.subscriber)))
    end = await tx.first(select(AuditHead.messages)) or 0
    for one in everybody:
        if one.name not in known:
            tx.add(OutboxCursor(subscriber=one.name, seq=0 if one.from_beginning else end))
    await tx.flush()


async def cursors(tx: Tx) -> dict[str, OutboxCursor]:
    """How far each subscriber has come."""
    return {one.subscriber: one for one in await tx.all(select(OutboxCursor))}


async def hold(tx: Tx, name: str) -> OutboxCursor | None:
    """A subscriber's cursor, held until the end; None while another worker holds it."""
    mine = select(OutboxCursor).where(OutboxCursor.subscriber == name)
    return await tx.first(mine.with_for_update(skip_locked=True))


def is_due(cursor: OutboxCursor, tx: Tx) -> bool:
    """Whether a subscriber that failed may try again."""
    if cursor.retry_at is None:
        return True
    return backoff.is_due(cursor.retry_at, cursor.failures, tx.at)


def move(cursor: OutboxCursor, message: Message) -> None:
    """This message is done with."""
    cursor.seq, cursor.failures, cursor.retry_at = message.seq, 0, None


async def count_failure(tx: Tx, name: str, message: Message, failures: int, code: str) -> bool:
    """Remember that a subscriber failed at a message once more than `failures` times.

    The last time makes it a dead letter, and the cursor goes on; then it is True. Nothing happens
    if another worker has been there in between.
    """
    cursor = await hold(tx, name)
    if cursor is None or cursor.seq >= message.seq or cursor.failures != failures:
        return False
    if failures + 1 < MOST_FAILURES:
        cursor.failures = failures + 1
        cursor.retry_at = tx.at + backoff.pause(cursor.failures)
        return False
    move(cursor, message)
    tx.add(
        DeadLetter(
            subscriber=name,
            seq=message.seq,
            message_id=message.id,
            topic=message.topic,
            code=code,
            failures=failures + 1,
            died_at=tx.at,
        )
    )
    return True


# --- dead letters ---


async def dead_letters(tx: Tx) -> Sequence[DeadLetter]:
    """Those that nobody has settled, the oldest first."""
    unsettled = select(DeadLetter).where(DeadLetter.settled_at.is_(None))
    return await tx.all(unsettled.order_by(DeadLetter.subscriber, DeadLetter.seq))


async def hold_dead(tx: Tx, name: str, seq: int) -> DeadLetter | None:
    """One of them, held until the end; None if it is settled or another worker holds it."""
    one = select(DeadLetter).where(
        DeadLetter.subscriber == name, DeadLetter.seq == seq, DeadLetter.settled_at.is_(None)
    )
    return await tx.first(one.with_for_update(skip_locked=True))


async def fail_again(tx: Tx, name: str, seq: int, code: str) -> None:
    """A retry came to nothing."""
    mine = update(DeadLetter).where(DeadLetter.subscriber == name, DeadLetter.seq == seq)
    await tx.change(mine.values(code=code, failures=DeadLetter.failures + 1))


# --- what is no longer kept ---


async def prune(tx: Tx, _day: date, _zone: ZoneInfo) -> int:
    """Let go of messages that are older than 400 days; how many.

    What a subscriber still has to take stays, however old, and so does an unsettled dead letter.
    """
    first_kept = await tx.first(
        select(OutboxMessage.seq)
        .where(OutboxMessage.created_at >= tx.at - KEPT)
        .order_by(OutboxMessage.seq)
    )
    if first_kept is None:
        first_kept = (await tx.first(select(AuditHead.messages)) or 0) + 1
    places = await cursors(tx)
    wanted = [
        and_(OutboxMessage.topic.in_(one.handlers), OutboxMessage.seq > places[one.name].seq)
        for one in subscriptions()
        if one.name in places
    ]
    dead = select(DeadLetter.seq).where(
        DeadLetter.tenant_id == tx.tenant_id, DeadLetter.settled_at.is_(None)
    )
    old = delete(OutboxMessage).where(
        OutboxMessage.seq < first_kept, OutboxMessage.seq.not_in(dead)
    )
    return await tx.change(old.where(~or_(*wanted)) if wanted else old)
