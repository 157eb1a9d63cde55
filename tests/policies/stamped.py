"""A letter that is stamped before it leaves, entered when it has, and followed by two things.

What its tool writes are messages of the outbox, which every role of the executor may write: of what
was thrown away with a transaction none is left.
"""

from collections import Counter
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field, replace
from typing import Any

import anyio
from sqlalchemy import select

from domain.kernel.faults import Fault, Kind
from domain.store import outbox
from domain.store.tables import OutboxMessage
from domain.store.tx import Tx, in_transaction
from policies.approvals.dispatching import Dispatching
from policies.gate.contract import Call, Declined, Delivered, Order, Outside, Tool
from policies.gate.dispatches import DispatchHandler, DispatchOrder
from tests.policies.letters import Letter, LostAnswer, PostOffice, Sent, WithLetters, letter_tool
from tests.world import World

STAMPED, ENTERED, VOIDED, FILED = "toy.stamped", "toy.entered", "toy.voided", "toy.filed"


def stamped_tool(office: Any) -> Tool:
    """The letter with everything that a tool may do before and after it leaves."""
    letters = letter_tool(office)

    async def prepare(call: Call, arguments: Letter, outside: Outside) -> None:
        if arguments.body == "no stamps":
            raise Fault("STAMPS_MISSING", Kind.CONFLICT, "There are no stamps.")
        outbox.emit(call.tx, STAMPED, action=call.action_id, letter=arguments.letter_id)

    async def payload(call: Call, arguments: Letter) -> bytes:
        (letter,) = [one["letter"] for one in await _told(call.tx, STAMPED, call.action_id)]
        if arguments.body == "unreadable":
            raise Fault("LETTER_UNREADABLE", Kind.CONFLICT, "The ink has run.")
        return f"letter {letter}".encode()

    async def execute(call: Call, arguments: Letter) -> Sent:
        assert call.delivered is not None
        outbox.emit(
            call.tx,
            ENTERED,
            action=call.action_id,
            reference=call.delivered.reference,
            reply=call.delivered.reply.decode(),
        )
        for kind in arguments.body.removeprefix("then ").split() if _follows(arguments) else ():
            call.dispatch(kind, {"letter": arguments.letter_id})
        return Sent(letter_id=arguments.letter_id)

    async def release(call: Call, arguments: Letter, why: Declined) -> None:
        outbox.emit(call.tx, VOIDED, action=call.action_id, code=why.code)

    async def deliver(order: Order, outside: Outside) -> Any:
        assert not in_transaction()
        if hasattr(office, "read"):
            office.read.append(order.payload)
        return await office.take(order, outside)

    return replace(
        letters,
        prepare=prepare,
        payload=payload,
        deliver=deliver,
        execute=execute,
        release=release,
    )


def _follows(arguments: Letter) -> bool:
    return arguments.body.startswith("then ")


@dataclass
class ReadingOffice(PostOffice):
    """A post office that remembers the bytes it was given, and says something back."""

    read: list[bytes] = field(default_factory=list)
    in_it: int = 0
    most_in_it: int = 0
    crowd: int = 0  # how many have to be in it before anybody is served
    is_full: anyio.Event = field(default_factory=anyio.Event)

    async def take(self, order: Order, outside: Outside) -> Any:
        self.in_it += 1
        self.most_in_it = max(self.most_in_it, self.in_it)
        if self.in_it >= self.crowd:
            self.is_full.set()
        try:
            with anyio.fail_after(20):
                await self.is_full.wait()
            answer = await super().take(order, outside)
        finally:
            self.in_it -= 1
        if isinstance(answer, Delivered):
            return replace(answer, reply=b"Thank you")
        return answer


class WithStamps(WithLetters):
    """The shipped tools and this one."""

    def __init__(self, office: Any) -> None:
        super().__init__(office)
        self.letters = stamped_tool(office)


async def told(world: World, action_id: str) -> list[tuple[str, Mapping[str, Any]]]:
    """What the tool wrote down of an action, in its order."""
    async with world.looking() as tx:
        messages = await tx.all(select(OutboxMessage).order_by(OutboxMessage.seq))
    return [(one.topic, one.payload) for one in messages if one.payload.get("action") == action_id]


async def topics(world: World, action_id: str) -> list[str]:
    """The same without what it says."""
    return [topic for topic, _ in await told(world, action_id)]


async def _told(tx: Tx, topic: str, action_id: str) -> list[Mapping[str, Any]]:
    messages = await tx.all(select(OutboxMessage).where(OutboxMessage.topic == topic))
    return [one.payload for one in messages if one.payload["action"] == action_id]


# --- what follows ---


@dataclass
class Depot:
    """The outside world of dispatches: `kept` counts what arrived there, by kind and dispatch."""

    kept: Counter[str] = field(default_factory=Counter)
    tries: list[str] = field(default_factory=list)
    behaviours: dict[str, str] = field(default_factory=dict)
    meanwhile: Callable[[], Awaitable[object]] | None = None

    async def take_after(self, kind: str, order: DispatchOrder) -> Delivered | Declined:
        """Something that follows arrives, or not."""
        assert not in_transaction()
        self.tries.append(f"{kind} {order.id}")
        if self.meanwhile is not None:
            await self.meanwhile()
        match self.behaviours.get(kind, "take"):
            case "decline":
                return Declined("DEPOT_DECLINED")
            case "refuse":
                raise Fault("DEPOT_REFUSED", Kind.UNAVAILABLE, "The depot refused it.")
            case "not_sent":
                raise Fault("DEPOT_NOT_SENT", Kind.UNAVAILABLE, "The depot is closed.")
            case "lose_before":
                raise LostAnswer
            case "lose_after":
                self.kept[f"{kind} {order.id}"] += 1
                raise LostAnswer
            case _:
                self.kept[f"{kind} {order.id}"] += 1
                return Delivered(f"{kind}-{order.attempt}")


def handlers(depot: Any) -> Mapping[str, DispatchHandler]:
    """`archive` may be done twice, `mail` is sent once, and `stuck` cannot be read."""

    async def load(tx: Tx, order: DispatchOrder) -> DispatchOrder:
        if order.kind == "stuck":
            raise Fault("LETTER_UNREADABLE", Kind.CONFLICT, "The ink has run.")
        if depot.behaviours.get(order.kind) == "unreadable":
            raise LostAnswer
        return order

    async def settle(tx: Tx, order: DispatchOrder, delivered: Delivered) -> None:
        if depot.behaviours.get(order.kind) == "unsettled":
            raise Fault("CABINET_FULL", Kind.CONFLICT, "The cabinet is full.")
        outbox.emit(tx, FILED, action=order.action_id, kind=order.kind)

    async def carry(loaded: DispatchOrder, outside: Outside) -> Delivered | Declined:
        return await depot.take_after(loaded.kind, loaded)

    archive = DispatchHandler(load, carry, settle)
    return {"archive": archive, "stuck": archive, "mail": replace(archive, once=True)}


def dispatching(world: World, depot: Any, owner: str = "test") -> Dispatching:
    """A worker that knows these kinds."""
    return Dispatching(
        world.executor_side,
        world.clock,
        world.approval_context,
        owner=owner,
        ports=world.ports,
        handlers=lambda tool_id: handlers(depot),
    )
