"""Calls in flight: which calls has nobody answered yet?
A client that hangs up still gets what was begun.

The SDK stops its handlers when the client says no more. What one of them has committed by then
would go in_flight, and a client that only closed its end would think that nothing happened.
"""

from typing import Any

import anyio
import mcp_types as types
from mcp.shared.message import SessionMessage

from server.streams import StreamEnd

FINISH_WITHIN_SECONDS = 10.0  # longer than a write waits for the one lock of an embedded database

_TAKEN_BACK = "notifications/cancelled"


class InFlight:
    """The ids of requests that were read and not yet answered or taken back."""

    def __init__(self) -> None:
        self._ids: set[str | int] = set()
        self._changed = anyio.Event()

    def heard(self, message: SessionMessage) -> None:
        """A request waits from now on; a cancelled one waits no more."""
        inner = message.message
        if isinstance(inner, types.JSONRPCRequest):
            self._ids.add(inner.id)
        elif isinstance(inner, types.JSONRPCNotification) and inner.method == _TAKEN_BACK:
            self._forget((inner.params or {}).get("requestId"))

    def said(self, message: SessionMessage) -> None:
        """An answer went out."""
        inner = message.message
        if isinstance(inner, (types.JSONRPCResponse, types.JSONRPCError)):
            self._forget(inner.id)

    async def all_answered(self) -> None:
        """Wait until nobody waits, but not for ever."""
        with anyio.move_on_after(FINISH_WITHIN_SECONDS):
            while self._ids:
                self._changed = anyio.Event()
                await self._changed.wait()

    def _forget(self, id: Any) -> None:
        if isinstance(id, (str, int)):
            self._ids.discard(id)
            self._changed.set()


class Answers(StreamEnd):
    """What the server says, counted against what it was asked."""

    def __init__(self, outgoing: Any, in_flight: InFlight) -> None:
        super().__init__(outgoing)
        self._in_flight = in_flight

    async def send(self, message: SessionMessage) -> None:
        """Say it; only then is the request behind it answered."""
        await self._inner.send(message)
        self._in_flight.said(message)
