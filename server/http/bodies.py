"""Bodies of requests: read within bounds, and what is no message goes no further."""

from typing import Any

import anyio
from mcp_types import jsonrpc_message_adapter
from pydantic import ValidationError
from pydantic_core import from_json
from starlette.types import Message, Receive

from domain.kernel.faults import Fault, Kind
from server import strict_json
from server.http.guards import Headers
from server.http.limits import Limits


class Gone(Exception):
    """The client hung up before it had said everything."""


async def read(receive: Receive, headers: Headers, limits: Limits) -> bytes:
    """The whole body; BODY_TOO_LARGE or BODY_SLOW when it is not there in time and in size."""
    declared = headers.get(b"content-length", [b"0"])[0]
    if len(declared) > 18 or int(declared) > limits.body_bytes:
        raise _too_large(limits)
    body = bytearray()
    with anyio.move_on_after(limits.body_seconds):
        while True:
            message = await receive()
            if message["type"] != "http.request":
                raise Gone
            body += message.get("body", b"")
            if len(body) > limits.body_bytes:
                raise _too_large(limits)
            if not message.get("more_body", False):
                return bytes(body)
    raise Fault("BODY_SLOW", Kind.INVALID, "The body took too long.", "send it again, quicker.")


def method_of(body: bytes) -> str:
    """Which method the one message of the body asks for; JSON_INVALID, MESSAGE_INVALID.

    The parser is the one that reads standard input: no lone surrogates, no deep nesting. Nothing
    that was sent is repeated in the fault.
    """
    try:
        decoded: Any = from_json(body, allow_inf_nan=False)
    except ValueError:
        raise Fault(
            "JSON_INVALID",
            Kind.INVALID,
            "The body is not JSON text: a lone surrogate, too deep, too long a number, or cut off.",
        ) from None
    try:
        message = jsonrpc_message_adapter.validate_python(decoded, by_name=False)
    except ValidationError:
        raise _no_message() from None
    if "id" in decoded and type(decoded["id"]) not in (int, str):
        raise _no_message()  # else it would pass for a notification, and its sender wait for ever
    return str(getattr(message, "method", ""))


def arguments_of(body: bytes) -> dict[str, Any]:
    """The arguments of a tool, which are the whole body; JSON_INVALID, MESSAGE_INVALID."""
    try:
        decoded = strict_json.loads(body)
    except ValueError:
        raise Fault(
            "JSON_INVALID",
            Kind.INVALID,
            "The body is not strict JSON text: a lone surrogate, a name that stands twice in one "
            "object, too deep, too long a number, or cut off.",
        ) from None
    if not isinstance(decoded, dict):
        raise Fault(
            "MESSAGE_INVALID",
            Kind.INVALID,
            "The body is no JSON object.",
            "send the arguments as an object; {} if there are none.",
        )
    return decoded


def replayed(body: bytes, receive: Receive) -> Receive:
    """The body once more for whoever reads next; after it, what the client does."""
    waiting: list[Message] = [{"type": "http.request", "body": body, "more_body": False}]

    async def again() -> Message:
        return waiting.pop() if waiting else await receive()

    return again


def _no_message() -> Fault:
    return Fault(
        "MESSAGE_INVALID",
        Kind.INVALID,
        "The body is no single JSON-RPC 2.0 message; batches are not part of MCP.",
        "an id is a text or a whole number, and a notification has none.",
    )


def _too_large(limits: Limits) -> Fault:
    return Fault(
        "BODY_TOO_LARGE",
        Kind.INVALID,
        f"A body has at most {limits.body_bytes} bytes.",
        "send less at once.",
    )
