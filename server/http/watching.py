"""Observation of calls: what was called, how did it end, how long did it take?

One span and one record for each call.

Takes the place of the SDK's own middleware, which writes into its spans whatever name and id a
client sends, and the text of every exception.
"""

import time
from collections.abc import Container, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

import mcp_types as types
from mcp.server.context import CallNext, HandlerResult
from mcp.shared.exceptions import MCPError
from opentelemetry import trace
from opentelemetry.context import Context
from opentelemetry.trace import SpanKind, StatusCode
from opentelemetry.trace.propagation.tracecontext import TraceContextTextMapPropagator
from pydantic import ValidationError

from server.http.metrics import Metrics
from server.mcp_server import ERROR_KEY

SCOPE_KEY = "cyberos.visit"
OK = "ok"
_RPC = {
    types.METHOD_NOT_FOUND: "METHOD_NOT_FOUND",
    types.INVALID_PARAMS: "INVALID_PARAMS",
    types.INVALID_REQUEST: "INVALID_REQUEST",
}


@dataclass(slots=True)
class Visit:
    """One request: what its line in the log says."""

    request_id: str
    agent_id: str = ""
    method: str = ""
    tool: str = ""
    outcome: str = ""
    body_is_read: bool = False


class RequestWatch:
    """Middleware of the protocol server."""

    def __init__(self, metrics: Metrics, tools: Container[str], methods: Container[str]) -> None:
        self._metrics = metrics
        self._tools = tools
        self._methods = methods

    async def __call__(self, ctx: Any, call_next: CallNext) -> HandlerResult:
        """Let the call through, and write down how it went."""
        visit: Visit = ctx.request.scope[SCOPE_KEY]
        visit.method = ctx.method if ctx.method in self._methods else "other"
        if visit.method == "tools/call":
            visit.tool = known((ctx.params or {}).get("name"), self._tools)
        parent = ctx.request.headers.get("traceparent", "")
        with observed(self._metrics, visit, {"mcp.method.name": visit.method}, parent) as call:
            try:
                result = await call_next(ctx)
                call.outcome = outcome_of(result)
            except MCPError as error:
                call.outcome = _RPC.get(error.error.code, "RPC_ERROR")
                raise
            except ValidationError:
                call.outcome = "INVALID_PARAMS"  # the SDK's answer, without what pydantic quotes
                raise
        return result


@dataclass(slots=True)
class Observed:
    """How a call ended; until somebody says so, badly."""

    outcome: str = "INTERNAL_ERROR"


@contextmanager
def observed(
    metrics: Metrics, visit: Visit, attributes: Mapping[str, str], parent: str
) -> Iterator[Observed]:
    """One call, as spans, metrics and the line in the log tell of it.

    `parent` is the `traceparent` of the client, if its request names one; nothing else of it is
    taken over. Attributes hold names of ours alone.
    """
    call, begun = Observed(), time.monotonic()
    named = {"gen_ai.tool.name": visit.tool} if visit.tool else {}
    with trace.get_tracer("cyberos").start_as_current_span(
        f"{visit.method} {visit.tool}".rstrip(),
        context=TraceContextTextMapPropagator().extract({"traceparent": parent}, context=Context()),
        kind=SpanKind.SERVER,
        attributes={**attributes, **named},
        record_exception=False,
        set_status_on_exception=False,
    ) as span:
        try:
            yield call
        finally:
            span.set_attribute("cyberos.outcome", call.outcome)
            if call.outcome != OK:
                span.set_status(StatusCode.ERROR)
            metrics.called(visit.method, visit.tool, call.outcome, time.monotonic() - begun)
            visit.outcome = call.outcome


def known(name: object, tools: Container[str]) -> str:
    """The name of a tool of ours; of any other name nothing is told."""
    return name if isinstance(name, str) and name in tools else "unknown"


def outcome_of(result: HandlerResult) -> str:
    """`ok`, or the code of the fault in the result of a tool."""
    shown = result if isinstance(result, dict) else {}
    if isinstance(result, types.CallToolResult):
        shown = {"isError": result.is_error, "_meta": result.meta}
    if not shown.get("isError"):
        return OK
    return str(((shown.get("_meta") or {}).get(ERROR_KEY) or {}).get("code", "INTERNAL_ERROR"))
