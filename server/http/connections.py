"""HTTP connection limits: who talks too slowly, and how does the server end?"""

import contextlib
import signal
from asyncio import TimerHandle, Transport
from collections.abc import Callable, Iterator
from types import FrameType
from typing import Any

import uvicorn
from starlette.types import ASGIApp, Receive, Scope, Send
from uvicorn.protocols.http.flow_control import service_unavailable
from uvicorn.protocols.http.h11_impl import H11Protocol

from server.http.guards import SELF, WATCHED
from server.http.limits import InFlightLimit, Limits, neighbourhood
from server.http.metrics import Metrics

_LARGEST_HEAD = 16 * 1024
_ENDING = (signal.SIGINT, signal.SIGTERM)


def serving(
    app: ASGIApp, limits: Limits, metrics: Metrics, proxies: tuple[str, ...] = ()
) -> "Serving":
    """A server for this application; it listens on the sockets it is given."""

    neighbours = InFlightLimit(limits.connections_of_address)

    class Connection(TimedConnection):
        def __init__(self, *args: Any, **more: Any) -> None:
            super().__init__(*args, **more)
            self.limits, self.refused = limits, metrics.refused
            self.neighbours, self.uncounted = neighbours, SELF.union(proxies)

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


class Serving(uvicorn.Server):
    """Ends well when it is told to end: what was begun is answered, and the exit code is 0."""

    @contextlib.contextmanager
    def capture_signals(self) -> Iterator[None]:
        """Unlike uvicorn, do not raise the signal again afterwards; a second one hurries."""
        before = {number: signal.signal(number, self.stop) for number in _ENDING}
        try:
            yield
        finally:
            for number, handler in before.items():
                signal.signal(number, handler)

    def stop(self, _signal: int = 0, _frame: FrameType | None = None) -> None:
        """Take no more requests; told twice, wait for nobody."""
        self.force_exit = self.should_exit
        self.should_exit = True


class TimedConnection(H11Protocol):
    """A connection whose client has to finish its headers, and to read its answers, in time."""

    limits: Limits
    refused: Callable[[str], None]
    neighbours: InFlightLimit
    uncounted: frozenset[str]  # this machine, and proxies that ask for many
    _neighbour: str | None = None
    _head: TimerHandle | None = None
    _deaf: TimerHandle | None = None

    # A server of TCP is only ever given what can also write; the type it overrides says less.
    def connection_made(self, transport: Transport) -> None:  # type: ignore[override]
        super().connection_made(transport)
        self._count()
        self._watch_head()

    def data_received(self, data: bytes) -> None:
        super().data_received(data)
        self._watch_head()

    def on_response_complete(self) -> None:
        super().on_response_complete()
        self._watch_head()

    def connection_lost(self, exc: Exception | None) -> None:
        super().connection_lost(exc)
        if self._neighbour is not None:
            self.neighbours.end(self._neighbour)
        self._stop_head()
        self._stop_deaf()

    def pause_writing(self) -> None:
        super().pause_writing()
        self._deaf = self.loop.call_later(self.limits.write_seconds, self._hang_up, "CLIENT_DEAF")

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
            self._hang_up("CONNECTIONS_OF_ADDRESS")
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
                self.limits.head_seconds, self._hang_up, "HEADERS_SLOW"
            )

    def _hang_up(self, reason: str) -> None:
        self.refused(reason)
        self.transport.abort()

    def _stop_head(self) -> None:
        if self._head is not None:
            self._head.cancel()
            self._head = None

    def _stop_deaf(self) -> None:
        if self._deaf is not None:
            self._deaf.cancel()
            self._deaf = None
