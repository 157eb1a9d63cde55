"""HTTP connection limits: who talks too slowly, and how does the server end?"""

import contextlib
import re
import signal
import socket
from asyncio import TimerHandle, Transport
from collections.abc import Callable, Iterator, Sequence
from types import FrameType
from typing import Any

import anyio
import h11
import uvicorn
from starlette.types import ASGIApp, Receive, Scope, Send
from uvicorn.protocols.http.flow_control import service_unavailable
from uvicorn.protocols.http.h11_impl import H11Protocol

from server.http.guards import KNOWN_KEY, SELF, WATCHED
from server.http.limits import InFlightLimit, Limits, neighbourhood
from server.http.metrics import Metrics

_LARGEST_HEAD = 16 * 1024
_INTRODUCTION_SECONDS = 1.0  # many may come at once, and show their tokens a moment later
_END_OF_HEAD = re.compile(rb"\n\r?\n")
_FOLDED_LINE = re.compile(rb"\n[ \t]")
_ENDING = (signal.SIGINT, signal.SIGTERM)


def serving(
    app: ASGIApp, limits: Limits, metrics: Metrics, proxies: tuple[str, ...] = ()
) -> "Serving":
    """A server for this application; it listens on the sockets it is given."""

    neighbours = InFlightLimit(limits.connections_of_address)
    unknown: dict[TimedConnection, float] = {}

    class Connection(TimedConnection):
        def __init__(self, *args: Any, **more: Any) -> None:
            super().__init__(*args, **more)
            self.limits, self.refused = limits, metrics.refused
            self.neighbours, self.uncounted = neighbours, SELF.union(proxies)
            self.unknown, self.app = unknown, self.introduced(self.app)

    async def unless_full(scope: Scope, receive: Receive, send: Send) -> None:
        """Not uvicorn's own limit: who watches has to be told that the others are refused."""
        state = server.server_state
        is_full = max(len(state.connections), len(state.tasks)) > limits.connections
        if is_full and scope["raw_path"] not in WATCHED:
            metrics.refused("CONNECTIONS_FULL")
            # Uvicorn types the three of ASGI its own way, and so does Starlette.
            await service_unavailable(scope, receive, send)  # type: ignore[arg-type]
        else:
            await app(scope, receive, send)

    server = Serving(
        uvicorn.Config(
            unless_full,
            http=Connection,
            ws="none",
            lifespan="off",
            log_config=None,
            access_log=False,
            server_header=False,
            proxy_headers=bool(proxies),
            forwarded_allow_ips=list(proxies),
            timeout_keep_alive=limits.idle_seconds,
            timeout_graceful_shutdown=limits.stop_seconds,
            h11_max_incomplete_event_size=_LARGEST_HEAD,
        )
    )
    return server


async def serve_together(servers: "Sequence[tuple[Serving, socket.socket]]") -> None:
    """Serve until a signal ends all of them, or one ends; a second signal hurries.

    Unlike uvicorn, the signal is not raised again afterwards.
    """

    def stop(_signal: int = 0, _frame: FrameType | None = None) -> None:
        for server, _ in servers:
            server.stop()

    async def serve(server: Serving, listening: socket.socket) -> None:
        await server.serve(sockets=[listening])
        if not server.should_exit:
            stop()

    before = {number: signal.signal(number, stop) for number in _ENDING}
    try:
        async with anyio.create_task_group() as tasks:
            for server, listening in servers:
                tasks.start_soon(serve, server, listening)
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)


class Serving(uvicorn.Server):
    """Ends well when it is told to end: what was begun is answered, and the exit code is 0."""

    @contextlib.contextmanager
    def capture_signals(self) -> Iterator[None]:
        """Leave them alone: one process may have several doors, which end together."""
        yield

    def stop(self) -> None:
        """Take no more requests; told twice, wait for nobody."""
        self.force_exit = self.should_exit
        self.should_exit = True


class TimedConnection(H11Protocol):
    """A connection whose client has to finish its headers, and to read its answers, in time."""

    limits: Limits
    refused: Callable[[str], None]
    neighbours: InFlightLimit
    uncounted: frozenset[str]  # this machine, and proxies that ask for many
    unknown: "dict[TimedConnection, float]"  # those that have shown no token, and since when
    _neighbour: str | None = None
    _head: TimerHandle | None = None
    _deaf: TimerHandle | None = None

    # A server of TCP is only ever given what can also write; the type it overrides says less.
    def connection_made(self, transport: Transport) -> None:  # type: ignore[override]
        super().connection_made(transport)
        self.unknown[self] = self.loop.time()
        self._end_silent_ones()
        self._count()
        self._watch_head()

    def _end_silent_ones(self) -> None:
        """Above the quota of those without a token, the oldest end that wait for no answer."""
        latest = self.loop.time() - _INTRODUCTION_SECONDS
        silent = [one for one, since in self.unknown.items() if since < latest and one.is_silent]
        for one in silent[: max(0, len(self.unknown) - self.limits.connections_without_token)]:
            one.hang_up("CONNECTIONS_WITHOUT_TOKEN")

    @property
    def is_silent(self) -> bool:
        """Whether nothing was asked that is not answered yet."""
        return not self.cycle or self.cycle.response_complete

    def introduced(self, app: Any) -> Any:
        """The application, which says when a token that was shown here is one of ours."""

        async def known(scope: Scope, receive: Receive, send: Send) -> None:
            scope[KNOWN_KEY] = lambda: self.unknown.pop(self, None)
            await app(scope, receive, send)

        return known

    def hang_up(self, reason: str) -> None:
        """End it at once, and count why."""
        self.refused(reason)
        self.unknown.pop(self, None)
        self.transport.abort()

    def data_received(self, data: bytes) -> None:
        super().data_received(data)
        self._watch_head()

    def handle_events(self) -> None:
        # h11 joins the lines of a folded header; a proxy may see two headers in them (RFC 9112).
        if self.conn.their_state is h11.IDLE and _folds(self.conn.trailing_data[0]):
            self.send_400_response("Folded headers are not read.")
        else:
            super().handle_events()

    def on_response_complete(self) -> None:
        super().on_response_complete()
        self._watch_head()

    def connection_lost(self, exc: Exception | None) -> None:
        super().connection_lost(exc)
        self.unknown.pop(self, None)
        if self._neighbour is not None:
            self.neighbours.end(self._neighbour)
        self._stop_head()
        self._stop_deaf()

    def pause_writing(self) -> None:
        super().pause_writing()
        self._deaf = self.loop.call_later(self.limits.write_seconds, self.hang_up, "CLIENT_DEAF")

    def resume_writing(self) -> None:
        super().resume_writing()
        self._stop_deaf()

    def send_400_response(self, msg: str) -> None:
        self.refused("HTTP_INVALID")
        super().send_400_response(msg)

    def _count(self) -> None:
        """Hang up if the same address has too many connections already."""
        address = self.client[0] if self.client else ""
        if address.removeprefix("::ffff:") in self.uncounted:
            return
        neighbour = neighbourhood(address)
        if self.neighbours.is_full(neighbour):
            self.hang_up("CONNECTIONS_OF_ADDRESS")
            return
        self.neighbours.begin(neighbour)
        self._neighbour = neighbour

    def _watch_head(self) -> None:
        """The clock runs while the headers of a request have begun and have not ended."""
        answering = self.cycle is not None and not self.cycle.response_complete
        idle = self.timeout_keep_alive_task is not None  # uvicorn has a clock for that
        if answering or idle or self.transport.is_closing():
            self._stop_head()
        elif self._head is None:
            self._head = self.loop.call_later(
                self.limits.head_seconds, self.hang_up, "HEADERS_SLOW"
            )

    def _stop_head(self) -> None:
        if self._head is not None:
            self._head.cancel()
            self._head = None

    def _stop_deaf(self) -> None:
        if self._deaf is not None:
            self._deaf.cancel()
            self._deaf = None


def _folds(begun: bytes) -> bool:
    """Whether a line of the head, as far as it is there, goes on with the line before."""
    end = _END_OF_HEAD.search(begun)
    return _FOLDED_LINE.search(begun, 0, end.start() if end else len(begun)) is not None
