"""JSON-RPC reader: what is answered to a line that is no message?
An error, so nobody waits for ever.

The SDK drops what it cannot read: half an emoji in an argument, a number of thousands of digits,
brackets within brackets, bytes that are no UTF-8, a batch. Whoever sent it would wait until its
backoff ends.
"""

import contextvars
import json
from typing import Any, Self

import anyio
import mcp_types as types
from mcp.shared.message import SessionMessage
from pydantic import ValidationError

from server.in_flight import InFlight
from server.streams import StreamEnd

_NO_JSON = "The line is not JSON text: a lone surrogate, too deep, too long a number, or cut off."
_NO_UTF8 = "The line is not UTF-8, and nothing of it was carried out."
_NO_MESSAGE = "The line is no single JSON-RPC 2.0 message; batches are not part of MCP."
_LONGEST_ID = 200
_MOST_DIGITS = 15


class JsonRpcReader(StreamEnd):
    """What a client sends, as the server reads it, without the lines that are no messages."""

    def __init__(self, incoming: Any, outgoing: Any, in_flight: InFlight | None = None) -> None:
        super().__init__(incoming)
        self._outgoing = outgoing
        self._in_flight = in_flight or InFlight()

    @property
    def last_context(self) -> contextvars.Context | None:
        """The context of the sender, as the SDK's own streams keep it."""
        context: contextvars.Context | None = self._inner.last_context
        return context

    async def receive(self) -> SessionMessage:
        """The next message; lines that are none have been answered by then.

        The end comes when what was asked before it has been answered.
        """
        while True:
            try:
                item = await self._inner.receive()
            except anyio.EndOfStream:
                await self._in_flight.all_answered()
                raise
            if isinstance(item, SessionMessage) and not _lost_its_id(item):
                self._in_flight.heard(item)
                return item
            if (answer := _answer(item)) is not None:
                await self._outgoing.send(SessionMessage(answer))

    def __aiter__(self) -> Self:
        return self

    async def __anext__(self) -> SessionMessage:
        try:
            return await self.receive()
        except anyio.EndOfStream:
            raise StopAsyncIteration from None


def _lost_its_id(item: SessionMessage) -> bool:
    """Whether it is a request whose id is none, which the SDK reads as a notification."""
    inner = item.message
    if not isinstance(inner, types.JSONRPCNotification):
        return False
    return not inner.method.startswith("notifications/")


def _answer(error: SessionMessage | Exception) -> types.JSONRPCError | None:
    """The error for a line, to the id it carries if there is one; nothing of it is repeated."""
    detail: Any = error.errors(include_url=False)[0] if isinstance(error, ValidationError) else {}
    line, problem = detail.get("input"), detail.get("type")
    if isinstance(line, str) and not line.strip():
        return None  # an empty line asks nothing
    return types.JSONRPCError(
        jsonrpc="2.0",
        id=_id_in(line),
        error=_error(problem),
    )


def _error(problem: str | None) -> types.ErrorData:
    match problem:
        case "json_invalid":
            return types.ErrorData(code=types.PARSE_ERROR, message=_NO_JSON)
        case "string_unicode":
            return types.ErrorData(code=types.PARSE_ERROR, message=_NO_UTF8)
    return types.ErrorData(code=types.INVALID_REQUEST, message=_NO_MESSAGE)


def _id_in(line: Any) -> str | int | None:
    """The id of a request that only the SDK's reader could not read; None when in doubt."""
    try:
        message = json.loads(line, parse_int=_small) if isinstance(line, str) else line
    except (ValueError, RecursionError):
        return None
    found = message.get("id") if isinstance(message, dict) else None
    plain = isinstance(found, str) and found.isascii() and len(found) <= _LONGEST_ID
    return found if plain or type(found) is int else None


def _small(digits: str) -> int | None:
    return int(digits) if len(digits) <= _MOST_DIGITS else None
