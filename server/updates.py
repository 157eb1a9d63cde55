"""Resource updates: who is told that something has changed? Clients that subscribed to an address.

Many processes change the same database: other agents, approvers, workers. So a subscriber's own
process looks once a second at one number, the end of the tenant's audit chain, which every change
moves. When it has moved, the subscribed addresses are read again through the gate, and the client
hears of those whose answer is another one now. What it may not see changes nothing for it.

Clients until 2025-11-25 subscribe address by address on their connection; since 2026-07-28 they
open a stream (`subscriptions/listen`) and hear of changes there, and of nothing else.
"""

import hashlib
import logging
from collections import OrderedDict
from collections.abc import AsyncIterator, Awaitable, Callable, Coroutine, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Any

import anyio
import mcp_types as types
from anyio.abc import TaskGroup
from mcp.server.subscriptions import InMemorySubscriptionBus, ListenHandler, ResourceUpdated
from mcp.shared.exceptions import MCPError

from domain.kernel.faults import Fault, Kind
from server.mcp_resources import ResourceServer, not_found, refused

log = logging.getLogger("cyberos")

LOOK_EVERY_SECONDS = 1
_MOST_READINGS = 2_000
MOST_SUBSCRIPTIONS = 50  # of one connection or stream; each costs a read after every change

Tell = Callable[[str], Awaitable[None]]
Pause = Callable[[], Awaitable[None]]


async def a_second() -> None:
    """The pause between two looks."""
    await anyio.sleep(LOOK_EVERY_SECONDS)


@dataclass
class Subscription:
    """The addresses somebody follows, with a digest of what stood there last."""

    resource_server: ResourceServer
    tell: Tell
    readings: "Readings"
    seen: dict[str, str] = field(default_factory=dict)
    end_of_chain: int | None = None  # when everything was last read; None for not yet

    async def add(self, uri: str) -> bool:
        """Follow an address from now on; False if there is nothing at it for this agent."""
        found = await self.readings.digest(self.resource_server, uri)
        if found is not None:
            self.seen[uri] = found
        return found is not None

    async def look(self) -> None:
        """Tell of every address whose content is another one than last time."""
        end = await self.resource_server.gate.end_of_chain(self.resource_server.token)
        if end == self.end_of_chain:
            return
        for uri, before in list(self.seen.items()):
            found = await self.readings.digest(self.resource_server, uri, end)
            if found is None:
                self.seen.pop(uri, None)  # told once; whoever reads it again finds nothing
            elif found == before:
                continue
            elif uri in self.seen:
                self.seen[uri] = found
            await self.tell(uri)
        self.end_of_chain = end

    async def keep_looking(self, pause: Pause) -> None:
        """Look until nothing is followed any more, or the agent may not ask any more."""
        while self.seen:
            await pause()
            try:
                await self.look()
            except Fault as fault:
                if fault.kind is not Kind.UNAVAILABLE:
                    log.info("no more updates: %s", fault.code)
                    self.seen.clear()
            except Exception:
                log.exception("a look for updates broke")  # and must not end the whole server


class Readings:
    """What stood at an address for an agent, read once for all of its streams."""

    def __init__(self) -> None:
        self._read: OrderedDict[tuple[str, str], tuple[int, str | None]] = OrderedDict()
        self._under_way: dict[tuple[str, str], anyio.Lock] = {}

    async def digest(
        self, resource_server: ResourceServer, uri: str, end: int | None = None
    ) -> str | None:
        """A digest of the content as of this end of the chain or a later one; None for nothing.

        Without an end it is read in any case: somebody asks for it anew.
        """
        key = (resource_server.token.sha256, uri)
        async with self._under_way.setdefault(key, anyio.Lock()):
            try:
                known = self._read.get(key)
                if known is not None and end is not None and known[0] >= end:
                    return known[1]
                content = await resource_server.content(uri)
                found = _digest(content) if content is not None else None
                if end is not None:
                    self._read[key] = end, found
                    self._read.move_to_end(key)
                    if len(self._read) > _MOST_READINGS:
                        self._read.popitem(last=False)
                return found
            finally:
                if not self._under_way[key].statistics().tasks_waiting:
                    del self._under_way[key]


class Updates:
    """The subscriptions of one server process; made when it starts to serve."""

    def __init__(self, tasks: TaskGroup, pause: Pause) -> None:
        self._tasks = tasks
        self._pause = pause
        self._watch: Subscription | None = (
            None  # of the one connection that subscribes without a stream
        )
        self._looking = False
        self._one_at_a_time = anyio.Lock()
        self._readings = Readings()

    async def subscribe(
        self, resource_server: ResourceServer, ctx: Any, uri: str
    ) -> types.EmptyResult:
        """Until 2025-11-25: follow an address on this connection."""
        if ctx.request is not None:
            # Over HTTP every message of these clients stands alone: nobody could be told.
            raise MCPError(
                code=types.INVALID_REQUEST,
                message="Updates over HTTP need protocol 2026-07-28: subscriptions/listen.",
            )
        async with self._one_at_a_time:
            watch = self._watch = self._watch or Subscription(
                resource_server, _to(ctx.session), self._readings
            )
            if uri not in watch.seen and len(watch.seen) >= MOST_SUBSCRIPTIONS:
                raise _too_many()
            try:
                there = await watch.add(uri)
            except Fault as fault:
                raise refused(fault) from fault
            if not there:
                raise not_found(uri, ctx.protocol_version)
            if not self._looking:
                self._looking = True
                self._tasks.start_soon(self._look, watch)
        return types.EmptyResult()

    async def _look(self, watch: Subscription) -> None:
        await watch.keep_looking(self._pause)
        self._looking = False

    def unsubscribe(self, uri: str) -> types.EmptyResult:
        """Until 2025-11-25: follow it no more."""
        if self._watch is not None:
            self._watch.seen.pop(uri, None)
        return types.EmptyResult()

    async def listen(
        self,
        resource_server: ResourceServer,
        ctx: Any,
        params: types.SubscriptionsListenRequestParams,
    ) -> types.SubscriptionsListenResult:
        """Since 2026-07-28: a stream of what changes, until the client closes it.

        The acknowledgement names the addresses that are followed; one that is not there for the
        caller is left out, whatever the reason. Too many are refused before any of them is read.
        """
        uris = list(dict.fromkeys(params.notifications.resource_subscriptions or ()))
        if len(uris) > MOST_SUBSCRIPTIONS:
            raise _too_many()
        bus = InMemorySubscriptionBus()

        async def tell(uri: str) -> None:
            await bus.publish(ResourceUpdated(uri=uri))

        watch = Subscription(resource_server, tell, self._readings)
        try:
            await _follow(watch, uris)
        except Fault as fault:
            raise refused(fault) from fault
        wanted = types.SubscriptionFilter(resource_subscriptions=list(watch.seen) or None)
        handler = ListenHandler(bus)

        async def look() -> None:
            if watch.seen:  # a stream that follows nothing stays open: to close it invites another
                await watch.keep_looking(self._pause)
                handler.close()

        async with _beside(look):
            return await handler(ctx, params.model_copy(update={"notifications": wanted}))


def serving(pause: Pause = a_second) -> Callable[[Any], Any]:
    """The lifespan of a protocol server, which has the subscriptions of its clients."""

    @asynccontextmanager
    async def lifespan(_server: Any) -> AsyncIterator[Updates]:
        async with anyio.create_task_group() as tasks:
            yield Updates(tasks, pause)
            tasks.cancel_scope.cancel()

    return lifespan


@asynccontextmanager
async def _beside(work: Callable[[], Coroutine[Any, Any, None]]) -> AsyncIterator[None]:
    """Let something else go on for the length of a block."""
    async with anyio.create_task_group() as tasks:
        tasks.start_soon(work)
        yield
        tasks.cancel_scope.cancel()


async def _follow(watch: Subscription, uris: Sequence[str]) -> None:
    await watch.resource_server.gate.principal(watch.resource_server.token)
    for uri in uris:
        await watch.add(uri)


def _too_many() -> MCPError:
    return MCPError(code=types.INVALID_REQUEST, message="Too many subscriptions")


def _to(session: Any) -> Tell:
    async def tell(uri: str) -> None:
        await session.send_resource_updated(uri)

    return tell


def _digest(content: str) -> str:
    return hashlib.sha256(content.encode()).hexdigest()
