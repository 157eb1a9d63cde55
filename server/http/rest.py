"""Tools over plain HTTP: `POST /v1/tools/NAME`, `GET /v1/tools`, `GET /v1/openapi.json`.

The same door, callers and gate as MCP's; only the form differs. There is no code for any one tool.
"""

import json
import logging
from functools import lru_cache
from http import HTTPStatus
from typing import Any

from starlette.responses import Response
from starlette.types import Scope

from domain.kernel.faults import Fault, Kind
from policies.gate.catalogue import Catalogue
from policies.gate.gate import is_hidden
from server.http import bodies, guards, openapi
from server.http.callers import Caller
from server.http.guards import Headers
from server.http.metrics import Metrics
from server.http.refusals import problem
from server.http.watching import OK, SCOPE_KEY, Visit, known, observed
from server.listing import Toolsets, shown
from server.mcp_server import Contracts, broken

log = logging.getLogger("cyberos.http")

CALL = "POST /v1/tools"
_DOCUMENTS = 32  # kept of each kind; one is about 100 kB


class Rest:
    """What is answered below /v1."""

    def __init__(
        self, catalogue: Catalogue, toolsets: Toolsets, metrics: Metrics, contracts: Contracts
    ) -> None:
        self._catalogue = catalogue
        self._toolsets = toolsets
        self._metrics = metrics
        self._contracts = contracts
        self._tools = catalogue.by_name.keys() | catalogue.by_id.keys()
        # Agents with the same tools are told the same.
        self._listed = lru_cache(maxsize=_DOCUMENTS)(self._list)
        self._described = lru_cache(maxsize=_DOCUMENTS)(self._document)

    async def answer(self, scope: Scope, headers: Headers, body: bytes, caller: Caller) -> Response:
        """What is sent back to a caller who may come in; faults of a call are answers.

        Raises the Fault of a body that holds no arguments. A token that turned out not to be valid
        any more is left in the visit's outcome, for the door to answer.
        """
        visit: Visit = scope[SCOPE_KEY]
        name = guards.tool_of(scope)
        if name is not None:
            async with caller.turn():
                arguments = self._with_key(name, bodies.arguments_of(body), headers)
            return await self._call(visit, headers, caller, name, arguments)
        visit.method = f"GET {scope['path']}"
        with observed(self._metrics, visit, {"http.route": scope["path"]}, "") as call:
            principal = await caller.gate.principal(caller.token)
            tools = tuple(row.name for row in shown(caller.gate, principal, self._toolsets))
            made = self._described if scope["raw_path"] == guards.OPENAPI else self._listed
            content = made(tools)
            call.outcome = OK
        return Response(content, media_type="application/json")

    async def _call(
        self, visit: Visit, headers: Headers, caller: Caller, name: str, arguments: dict[str, Any]
    ) -> Response:
        visit.method, visit.tool = CALL, known(name, self._tools)
        parent = headers.get(b"traceparent", [b""])[0].decode("latin-1")
        with observed(self._metrics, visit, {"http.route": "/v1/tools/{name}"}, parent) as call:
            try:
                outcome = await caller.gate.call(
                    caller.token, name, arguments, request_id=visit.request_id
                )
            except Fault as fault:
                visible = _unknown() if is_hidden(fault) else fault
                call.outcome = visible.code
                return problem(visible)
            except Exception:
                log.exception("call of %s broke", visit.tool)
                return problem(broken())
            call.outcome = OK
        status = HTTPStatus.ACCEPTED if outcome.waits else HTTPStatus.OK
        return Response(_json(outcome.structured), status, media_type="application/json")

    def _with_key(self, name: str, arguments: dict[str, Any], headers: Headers) -> dict[str, Any]:
        """The header Idempotency-Key is the argument of that name.

        A tool that only reads can be asked again anyway, so there the header says nothing new. Any
        other tool without this argument refuses it: to ignore it would be a promise broken.
        """
        key = guards.idempotency_key(headers)
        if key is None:
            return arguments
        if arguments.get("idempotency_key", key) != key:
            raise Fault(
                "IDEMPOTENCY_KEY_DIFFERS",
                Kind.CONFLICT,
                "The header Idempotency-Key and the argument idempotency_key differ.",
                "send one of them, or the same key in both.",
            )
        row = self._catalogue.by_id.get(name) or self._catalogue.by_name.get(name)
        is_read = row is not None and row.is_read
        return arguments if is_read else {**arguments, "idempotency_key": key}

    def _list(self, tools: tuple[str, ...]) -> bytes:
        return _json({"tools": [self._contract(name) for name in tools]})

    def _document(self, tools: tuple[str, ...]) -> bytes:
        described = [(self._catalogue.by_name[name], self._contract(name)) for name in tools]
        return _json(openapi.document(described))

    def _contract(self, name: str) -> dict[str, Any]:
        return self._contracts(name).model_dump(mode="json", by_alias=True, exclude_none=True)


def _json(value: Any) -> bytes:
    return json.dumps(value, ensure_ascii=False, separators=(",", ":")).encode()


def _unknown() -> Fault:
    # Hidden and unknown look alike, also to a program that compares bytes.
    return Fault(
        "UNKNOWN_TOOL", Kind.NOT_FOUND, "There is no such tool.", "GET /v1/tools lists them."
    )
