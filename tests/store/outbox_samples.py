"""A module as tests need one: it tells of things, and takes what it tells, or fails at it."""

import asyncio
from contextvars import Context

from sqlalchemy import select

from domain.kernel.faults import Fault, Kind
from domain.store import outbox
from domain.store.chain import SYSTEM, Event
from domain.store.dispatcher import Dispatcher
from domain.store.outbox import Message
from domain.store.subscribers import Subscription
from domain.store.tables import AuditEntry
from domain.store.tx import Tx, writing
from tests.world import World

TOPIC = "toy.happened"
TAKEN = "toy.taken"


async def take(tx: Tx, message: Message) -> None:
    """Write down that a message was taken, and tell of it; a bad one cannot be."""
    tx.record(Event(TAKEN, SYSTEM, object=str(message.payload["what"])))
    outbox.emit(tx, TAKEN, what=message.payload["what"])
    await tx.flush()
    if message.payload.get("bad"):
        raise Fault("TOY_BROKEN", Kind.INVALID, "It is about Nguyễn Văn A.")


async def take_any(tx: Tx, message: Message) -> None:
    """The same, once nothing is bad any more."""
    tx.record(Event(TAKEN, SYSTEM, object=str(message.payload["what"])))
    outbox.emit(tx, TAKEN, what=message.payload["what"])


def toy(name: str = "toy", *, since: str = "beginning", mended: bool = False) -> Subscription:
    """One that takes what toys tell."""
    return Subscription(name, {TOPIC: take_any if mended else take}, since == "beginning")


def dispatcher(world: World, *everybody: Subscription) -> Dispatcher:
    """As a worker has one, for these subscribers."""
    return Dispatcher(world.executor_side, world.clock, everybody or (toy(),))


async def tell(world: World, *whats: str, bad: bool = False) -> None:
    """One transaction that tells of things."""
    async with world.owning() as tx:
        for what in whats:
            outbox.emit(tx, TOPIC, what=what, **({"bad": True} if bad else {}))
        tx.record(Event("toy.told", SYSTEM))


async def taken(world: World) -> list[str]:
    """What was taken, in its order."""
    async with world.looking() as tx:
        mine = select(AuditEntry.object).where(AuditEntry.event == TAKEN)
        return list(await tx.all(mine.order_by(AuditEntry.seq)))


async def beside(world: World, what: str) -> None:
    """The same as `tell`, while the caller has a transaction of its own open."""

    async def telling() -> None:
        async with writing(world.executor_side, world.ours.id, world.clock) as tx:
            outbox.emit(tx, TOPIC, what=what)
            tx.record(Event("toy.told", SYSTEM))

    await asyncio.get_running_loop().create_task(telling(), context=Context())
