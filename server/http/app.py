"""Requests over HTTP: guards, caller, body, protocol, in this order, each on its own.

    place -> method, origin, type -> token -> turn -> body -> the SDK, or rest.py -> the gate

Nothing is kept from one request to the next but counts, so any number of such processes behind a
balancer give the same answers.
"""

import time
from http import HTTPStatus

from mcp.server.streamable_http_manager import StreamableHTTPSessionManager
from starlette.datastructures import MutableHeaders
from starlette.responses import Response
from starlette.types import Message, Receive, Scope, Send

from domain.kernel.faults import Fault
from domain.kernel.ids import new_id
from server.http import bodies, guards, health, logs
from server.http.callers import Callers
from server.http.guards import Headers, Names
from server.http.health import WhyNotReady
from server.http.limits import Limits
from server.http.metrics import Metrics
from server.http.refusals import problem, refusal
from server.http.rest import Rest
from server.http.watching import SCOPE_KEY, Visit

CALLER_KEY = "cyberos.caller"
NO_LONGER_VALID = "TOKEN_INVALID"
# What a page of an allowed origin may send; the browser asks before it does.
PREFLIGHT = {
    "Access-Control-Allow-Headers": "Authorization, Content-Type, Accept, Idempotency-Key, "
    "MCP-Protocol-Version, Mcp-Method, Mcp-Name, Traceparent",
    "Access-Control-Max-Age": "600",
}


class Door:
    """The ASGI application."""

    def __init__(
        self,
        names: Names,
        callers: Callers,
        protocol: StreamableHTTPSessionManager,
        rest: Rest,
        metrics: Metrics,
        why_not_ready: WhyNotReady,
        limits: Limits,
    ) -> None:
        self._names = names
        self._callers = callers
        self._protocol = protocol
        self._rest = rest
        self._metrics = metrics
        self._why_not_ready = why_not_ready
        self._limits = limits

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one request, whatever happens, and write one line about it."""
        assert scope["type"] == "http", "uvicorn runs without lifespan and web sockets"
        visit = scope[SCOPE_KEY] = Visit(new_id())
        headers = guards.headers_of(scope)
        reply = _Reply(send, visit, guards.known_origin(headers, self._names))
        begun = time.monotonic()
        try:
            with self._metrics.in_flight.track_inprogress():
                await self._answer(scope, headers, receive, reply)
        except Fault as fault:
            visit.outcome, reply.is_refusal = fault.code, True
            reply.closes = not visit.body_is_read
            self._metrics.refused(fault.code)
            said = problem if scope["raw_path"].startswith(guards.REST) else refusal
            await said(fault)(scope, receive, reply)
        except bodies.Gone:
            visit.outcome = "GONE"
            self._metrics.refused(visit.outcome)
        finally:
            if not visit.outcome:  # the protocol answered without calling anything
                visit.outcome = "ACCEPTED" if reply.status == HTTPStatus.ACCEPTED else "PROTOCOL"
                self._metrics.refused(visit.outcome)
            took = round((time.monotonic() - begun) * 1_000, 1)
            # Who was let in is known by name; whom nobody knows, by where they come from.
            unknown = {} if visit.agent_id else {"client": guards.client_of(scope)}
            logs.request(
                request=visit.request_id, status=reply.status, agent=visit.agent_id,
                method=visit.method, tool=visit.tool, outcome=visit.outcome, ms=took,
                bytes=reply.bytes, **unknown,
            )  # fmt: skip

    async def _answer(self, scope: Scope, headers: Headers, receive: Receive, send: Send) -> None:
        guards.check_place(scope, headers, self._names)
        if scope["raw_path"] in guards.WATCHED:
            guards.check_watcher(scope, headers, self._names)
            answer = await health.answer(scope, self._metrics, self._why_not_ready)
            await answer(scope, receive, send)
            return
        if guards.is_preflight(scope, headers, self._names):
            scope[SCOPE_KEY].outcome = "ok"
            may = {**PREFLIGHT, "Access-Control-Allow-Methods": guards.method_of(scope)}
            await Response(None, HTTPStatus.NO_CONTENT, may)(scope, receive, send)
            return
        if guards.method_of(scope) == "POST":
            guards.check_message(scope, headers, self._names)
        else:
            guards.check_question(scope, headers, self._names)
        await self._call(scope, headers, receive, send)

    async def _call(self, scope: Scope, headers: Headers, receive: Receive, send: Send) -> None:
        caller = await self._callers.caller(guards.bearer(headers), guards.client_of(scope))
        guards.introduce(scope)
        visit: Visit = scope[SCOPE_KEY]
        visit.agent_id = caller.token.agent_id
        scope[CALLER_KEY] = caller
        with self._callers.answering(caller):
            body = await bodies.read(receive, headers, self._limits)
            visit.body_is_read = True
            if scope["raw_path"] != guards.MCP:
                if guards.tool_of(scope) is None:
                    await self._callers.confirm(caller)
                answer = await self._rest.answer(scope, headers, body, caller)
                await answer(scope, receive, send)
            else:
                async with caller.turn():  # a long body takes as long to read as a call
                    method = bodies.method_of(body)
                if method != "tools/call":
                    await self._callers.confirm(caller)
                await self._protocol.handle_request(scope, bodies.replayed(body, receive), send)
        if visit.outcome == NO_LONGER_VALID:
            raise self._callers.refused(caller)


class _Reply:
    """What is sent, counted, with the headers every answer has.

    What the protocol says to a token that the gate refused is not sent: it is a 401 instead.
    """

    def __init__(self, send: Send, visit: Visit, origin: str) -> None:
        self._send = send
        self._visit = visit
        self._origin = origin
        self.is_refusal = False
        self.closes = False  # what is left of a body must not be read as the next request
        self.status = 0
        self.bytes = 0

    async def __call__(self, message: Message) -> None:
        if self._visit.outcome == NO_LONGER_VALID and not self.is_refusal:
            return
        if message["type"] == "http.response.start":
            self.status = message["status"]
            headers = MutableHeaders(raw=list(message.get("headers", [])))
            headers["X-Request-Id"] = self._visit.request_id
            headers["X-Content-Type-Options"] = "nosniff"
            headers.setdefault("Cache-Control", "no-store")
            if self.closes:
                headers["Connection"] = "close"
            if self._origin:
                headers["Access-Control-Allow-Origin"] = self._origin
                headers["Access-Control-Expose-Headers"] = "X-Request-Id"
                headers["Vary"] = "Origin"
            message = {**message, "headers": headers.raw}
        self.bytes += len(message.get("body", b""))
        await self._send(message)
