"""Guards of the door: may this request come in? Decided before a byte of the body is read."""

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from starlette.types import Scope

from domain.kernel.faults import Fault, Kind

MCP = b"/mcp"
REST = b"/v1/"
TOOLS = b"/v1/tools"
OPENAPI = b"/v1/openapi.json"
# Names on the wire and canonical ids. Nothing else has an address: no dots that lead elsewhere, no
# percent signs that a proxy reads in another way than we do.
_TOOL = re.compile(
    rb"/v1/tools/([A-Za-z][A-Za-z0-9_-]{0,63}|cyberos(?:\.[a-z][a-z0-9_]{0,63}){1,2})"
)
WATCHED = {b"/healthz", b"/readyz", b"/metrics"}
_FORWARDED = {b"forwarded", b"x-forwarded-for", b"x-forwarded-host", b"x-real-ip", b"via"}
SELF = frozenset({"127.0.0.1", "::1"})
_JSON = {b"application/json", b"application/json;charset=utf-8"}

# Under which a connection is told that the token it showed is one of ours.
KNOWN_KEY = "cyberos.known"

Headers = Mapping[bytes, list[bytes]]


def introduce(scope: Scope) -> None:
    """The connection of this request has shown a token, or the key of an endpoint."""
    scope.get(KNOWN_KEY, lambda: None)()


@dataclass(frozen=True, slots=True)
class Names:
    """What this server is called, exactly: no patterns, so that no name matches by accident."""

    hosts: frozenset[bytes]
    origins: frozenset[bytes]
    local: frozenset[bytes]
    watchers: frozenset[bytes]


def names(
    port: int,
    *,
    hosts: Iterable[str] = (),
    origins: Iterable[str] = (),
    watchers: Iterable[str] = (),
) -> Names:
    """The names of a server on this port: those given, and those the machine has for itself."""
    local = {f"{name}:{port}".encode() for name in ("127.0.0.1", "localhost", "[::1]")}
    watching = {name.lower().encode() for name in watchers}
    given = {name.lower().encode() for name in hosts} | watching
    return Names(
        frozenset(given | local),
        frozenset(origin.lower().encode() for origin in origins),
        frozenset(local),
        frozenset(watching),
    )


def headers_of(scope: Scope) -> Headers:
    """Every value of every header; names are in lower case."""
    found: dict[bytes, list[bytes]] = {}
    for name, value in scope["headers"]:
        found.setdefault(name, []).append(value)
    return found


def check_server(scope: Scope, headers: Headers, known: Names) -> None:
    """Version, length and host; raises a Fault for the first that is not as it must be."""
    if scope["http_version"] != "1.1":
        raise Fault("HTTP_VERSION", Kind.INVALID, "Only HTTP/1.1 is spoken here.")
    if b"content-length" in headers and b"transfer-encoding" in headers:
        # A proxy that believes the other one would see another end of this message.
        raise Fault("LENGTH_TWICE", Kind.INVALID, "The body has a length or chunks, never both.")
    if _only(headers, b"host").lower() not in known.hosts:
        raise Fault(
            "HOST_UNKNOWN",
            Kind.NOT_FOUND,
            "This server has another name.",
            "an operator adds names with --allow-host.",
        )


def check_place(scope: Scope, headers: Headers, known: Names) -> None:
    """The same, and path and query of the agents' door."""
    check_server(scope, headers, known)
    path: bytes = scope["raw_path"]
    known_path = path in {MCP, TOOLS, OPENAPI} or path in WATCHED or _TOOL.fullmatch(path)
    if not known_path:
        raise nothing_here()
    if scope["query_string"]:
        raise Fault(
            "ADDRESS_REFUSED",
            Kind.INVALID,
            "The address takes no query; addresses are written into logs.",
            "send the token in the header `Authorization: Bearer ...`.",
        )


def check_watcher(scope: Scope, headers: Headers, known: Names) -> None:
    """Health and metrics are for this machine, or for those who use a name given for it."""
    host = _only(headers, b"host").lower()
    peer = client_of(scope).removeprefix("::ffff:")
    at_home = peer in SELF and host in known.local and not _FORWARDED & headers.keys()
    if not at_home and host not in known.watchers:
        raise nothing_here()
    check_method(scope)


def tool_of(scope: Scope) -> str | None:
    """The name that the address of a tool ends with; None at the other addresses."""
    match = _TOOL.fullmatch(scope["raw_path"])
    return match[1].decode() if match else None


def client_of(scope: Scope) -> str:
    """The address that a request came from, as far as trusted proxies say so."""
    return str((scope.get("client") or ("", 0))[0])


def method_of(scope: Scope) -> str:
    """The one method that is answered at this address."""
    return "GET" if scope["raw_path"] in WATCHED | {TOOLS, OPENAPI} else "POST"


def check_message(scope: Scope, headers: Headers, known: Names) -> None:
    """Method, origin and type of what is to be a message."""
    check_page(headers, known)
    check_method(scope)
    kind = _only(headers, b"content-type").lower().replace(b" ", b"").replace(b'"', b"")
    if kind not in _JSON or b"content-encoding" in headers:
        raise Fault(
            "CONTENT_TYPE", Kind.INVALID, "Only plain `Content-Type: application/json` is read."
        )


def check_question(scope: Scope, headers: Headers, known: Names) -> None:
    """Method and origin of what is to be a question without a body."""
    check_page(headers, known)
    check_method(scope)


def check_page(headers: Headers, known: Names) -> None:
    """Where the page comes from that asks, if one does."""
    if b"origin" in headers and not known_origin(headers, known):
        raise Fault(
            "ORIGIN_REFUSED",
            Kind.FORBIDDEN,
            "Pages of this origin may not call.",
            "an operator adds origins with --allow-origin.",
        )


def check_method(scope: Scope) -> None:
    """The method, which each address has one of."""
    allowed = method_of(scope)
    if scope["method"] != allowed:
        raise Fault(
            "METHOD_REFUSED",
            Kind.INVALID,
            f"Only {allowed} is answered here; there are no sessions.",
            "",
            {"allowed": allowed},
        )


def is_preflight(scope: Scope, headers: Headers, known: Names) -> bool:
    """Whether a browser asks, for a page it may ask for, what that page may send."""
    asks = scope["method"] == "OPTIONS" and b"access-control-request-method" in headers
    return asks and known_origin(headers, known) != ""


def known_origin(headers: Headers, known: Names) -> str:
    """The origin of the page that asks, if it is one of those allowed; else empty."""
    origin = _only(headers, b"origin")
    return origin.decode("ascii") if origin.lower() in known.origins else ""


def idempotency_key(headers: Headers) -> str | None:
    """The one key that the request names, bare or in quotation marks; None without the header.

    IDEMPOTENCY_KEY_INVALID for several, an empty one, or one that is no visible ASCII.
    """
    if b"idempotency-key" not in headers:
        return None
    key = _only(headers, b"idempotency-key")
    if key[:1] == key[-1:] == b'"':
        key = key[1:-1]
    if not re.fullmatch(rb"[!-~]{1,128}", key) or b'"' in key:
        raise Fault(
            "IDEMPOTENCY_KEY_INVALID",
            Kind.INVALID,
            "The header Idempotency-Key holds one key of 1 to 128 visible ASCII characters.",
            "send it once, such as a UUID.",
        )
    return key.decode()


def bearer(headers: Headers) -> str:
    """The token that the request shows; empty if there is none, or more than one."""
    return shown(headers, b"bearer")


def shown(headers: Headers, scheme: bytes) -> str:
    """The secret that the request shows under a scheme; empty if there is none, or more than one.

    Schemes are read in any case (RFC 9110).
    """
    said, _, secret = _only(headers, b"authorization").partition(b" ")
    return secret.strip().decode("latin-1") if said.lower() == scheme else ""


def _only(headers: Headers, name: bytes) -> bytes:
    values = headers.get(name, [])
    return values[0] if len(values) == 1 else b""


def nothing_here() -> Fault:
    """Nobody is at this address."""
    return Fault(
        "PATH_UNKNOWN",
        Kind.NOT_FOUND,
        "There is nothing here; MCP is at /mcp, tools are at /v1/tools/NAME.",
    )
