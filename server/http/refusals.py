"""Refusals over HTTP: what is a client told? One fault, one status, one body."""

import json
import math
from collections.abc import Mapping
from http import HTTPStatus

import mcp_types as types
from starlette.responses import Response

from domain.kernel.faults import Fault, Kind
from server.mcp_server import ERROR_KEY, as_object
from tools.steps import worded

STATUS = {
    "HTTP_VERSION": 505,
    "HOST_UNKNOWN": 421,
    "PATH_UNKNOWN": 404,
    "METHOD_REFUSED": 405,
    "ADDRESS_REFUSED": 400,
    "ORIGIN_REFUSED": 403,
    "CONTENT_TYPE": 415,
    "LENGTH_TWICE": 400,
    "TOKEN_INVALID": 401,
    "KEY_INVALID": 401,
    "RATE_LIMITED": 429,
    "TOO_MANY_AT_ONCE": 429,
    "BODY_SLOW": 408,
    "BODY_TOO_LARGE": 413,
    "JSON_INVALID": 400,
    "MESSAGE_INVALID": 400,
    "INTERNAL_ERROR": 500,
    "UNKNOWN_TOOL": 404,
}
BY_KIND = {Kind.UNAVAILABLE: 503, Kind.FORBIDDEN: 403, Kind.NOT_FOUND: 404, Kind.CONFLICT: 409}


def refusal(fault: Fault) -> Response:
    """The answer, as a JSON-RPC error, because that is what MCP clients read."""
    status = status_of(fault)
    code = types.PARSE_ERROR if fault.code == "JSON_INVALID" else types.INVALID_REQUEST
    error = {"code": code, "message": str(worded(fault)), "data": {ERROR_KEY: as_object(fault)}}
    return Response(
        json.dumps({"jsonrpc": "2.0", "id": None, "error": error}),
        status,
        _headers(fault, status),
        "application/json",
    )


def problem(fault: Fault) -> Response:
    """The answer as RFC 9457 has it, for who calls a tool without MCP."""
    status = status_of(fault)
    body = {
        "type": "about:blank",
        "title": HTTPStatus(status).phrase,
        "status": status,
        "detail": fault.message,
        **{name: value for name, value in as_object(fault).items() if name != "message"},
    }
    return Response(
        json.dumps(body, ensure_ascii=False),
        status,
        _headers(fault, status),
        "application/problem+json",
    )


def status_of(fault: Fault) -> int:
    """The status of HTTP that says it."""
    return STATUS.get(fault.code) or BY_KIND.get(fault.kind, 400)


def _headers(fault: Fault, status: int) -> Mapping[str, str]:
    match status:
        case 401:
            return {"WWW-Authenticate": "Bearer"}
        case 405:
            return {"Allow": fault.facts["allowed"]}
        case 429 | 503:
            return {"Retry-After": str(fault.facts.get("retry_after_seconds", 1))}
        case _:
            return {}


def too_many_at_once() -> Fault:
    """One agent has as many requests and streams open as it may."""
    return Fault(
        "TOO_MANY_AT_ONCE",
        Kind.UNAVAILABLE,
        "Too many requests of this agent are being answered.",
        "wait until one has ended, or close a stream.",
        {"retry_after_seconds": 1},
    )


def rate_limited(seconds: float) -> Fault:
    """Too much from one agent, or too many wrong tokens from one address."""
    wait = max(1, math.ceil(seconds))
    return Fault(
        "RATE_LIMITED",
        Kind.UNAVAILABLE,
        "Too many requests.",
        f"wait {wait} s, then go on more slowly.",
        {"retry_after_seconds": wait},
    )
