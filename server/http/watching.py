"""What was called, how did it end, how long did it take? One span and one record for each call.

Takes the place of the SDK's own middleware, which writes into its spans whatever name and id a
client sends, and the text of every exception.
"""

import time
from collections.abc import Container
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

from server.agents import ERROR_KEY
from server.http.metrics import Metrics

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


class Watch:
    """Middleware of the protocol server."""

    def __init__(self, metrics: Metrics, tools: Container[str], methods: Container[str]) -> None:
        self._metrics = metrics
        self._tools = tools
        self._methods = methods

    async def __call__(self, ctx: Any, call_next: CallNext) -> HandlerResult:
        """Let the call through, and write down how it went."""
        method = ctx.method if ctx.method in self._methods else "other"
        tool = self._tool(ctx) if method == "tools/call" else ""
        begun, outcome = time.monotonic(), "INTERNAL_ERROR"
        with trace.get_tracer("cyberos").start_as_current_span(
            f"{method} {tool}".rstrip(),
            context=_parent(ctx),
            kind=SpanKind.SERVER,
            attributes={"mcp.method.name": method, **({"gen_ai.tool.name": tool} if tool else {})},
            record_exception=False,
            set_status_on_exception=False,
        ) as span:
            try:
                result = await call_next(ctx)
                outcome = outcome_of(result)
            except MCPError as error:
                outcome = _RPC.get(error.error.code, "RPC_ERROR")
                raise
            except ValidationError:
                outcome = "INVALID_PARAMS"  # the SDK's answer, without what pydantic quotes
                raise
            finally:
                span.set_attribute("cyberos.outcome", outcome)
                if outcome != OK:
                    span.set_status(StatusCode.ERROR)
                self._metrics.called(method, tool, outcome, time.monotonic() - begun)
                visit = ctx.request.scope[SCOPE_KEY]
                visit.method, visit.tool, visit.outcome = method, tool, outcome
        return result

    def _tool(self, ctx: Any) -> str:
        name = (ctx.params or {}).get("name")
        return name if isinstance(name, str) and name in self._tools else "unknown"


def outcome_of(result: HandlerResult) -> str:
    """`ok`, or the code of the fault in the result of a tool."""
    shown = result if isinstance(result, dict) else {}
    if isinstance(result, types.CallToolResult):
        shown = {"isError": result.is_error, "_meta": result.meta}
    if not shown.get("isError"):
        return OK
    return str(((shown.get("_meta") or {}).get(ERROR_KEY) or {}).get("code", "INTERNAL_ERROR"))


def _parent(ctx: Any) -> Context:
    """The span of the client, if its request names one; nothing else of it is taken over."""
    named = ctx.request.headers.get("traceparent", "")
    return TraceContextTextMapPropagator().extract({"traceparent": named}, context=Context())
