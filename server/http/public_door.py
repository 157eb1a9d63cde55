"""Public door: what may anybody call? Bank feeds tell of money here, and nothing else is answered.

    place -> method -> secrets of the endpoint -> turn -> body -> strict parse -> stored -> 200

It has guards, limits and a database role of its own, and knows nothing of
agents (docs/operating.md).
An address is a secret, so no path and no header is ever logged.
"""

import json
import re
import time
from collections.abc import Mapping
from http import HTTPStatus

from starlette.responses import Response
from starlette.types import Message, Receive, Scope, Send

from domain.kernel.faults import Fault
from domain.kernel.ids import new_id
from server.http import bodies, guards, health, logs
from server.http.guards import Headers, Names
from server.http.health import WhyNotReady
from server.http.limits import Limits
from server.http.metrics import Metrics
from server.http.refusals import status_of
from server.http.watching import SCOPE_KEY, Visit
from server.http.webhooks import Webhooks

WEBHOOK = b"/webhook/"
METHOD = "POST /webhook"
_ADDRESS = re.compile(rb"/webhook/([a-z0-9]{1,32})/([A-Za-z0-9_-]{1,200})")
_NOWHERE = ("", "")
_HEADERS = {"Cache-Control": "no-store", "X-Content-Type-Options": "nosniff"}


class PublicDoor:
    """The ASGI application."""

    def __init__(
        self,
        names: Names,
        webhooks: Webhooks,
        metrics: Metrics,
        why_not_ready: WhyNotReady,
        limits: Limits,
    ) -> None:
        self._names = names
        self._webhooks = webhooks
        self._metrics = metrics
        self._why_not_ready = why_not_ready
        self._limits = limits

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one request, whatever happens, and write one line about it."""
        assert scope["type"] == "http", "uvicorn runs without lifespan and web sockets"
        visit = scope[SCOPE_KEY] = Visit(new_id())
        reply, begun = _Reply(send), time.monotonic()
        try:
            with self._metrics.in_flight.track_inprogress():
                answer = await self._answer(scope, guards.headers_of(scope), receive)
            await answer(scope, receive, reply)
        except Fault as fault:
            visit.outcome = fault.code
            self._metrics.refused(fault.code)
            answer = refused(fault)
            if not visit.body_is_read:
                answer.headers["Connection"] = "close"
            await answer(scope, receive, reply)
        except bodies.Gone:
            visit.outcome = "GONE"
            self._metrics.refused(visit.outcome)
        finally:
            took = time.monotonic() - begun
            if visit.method == METHOD and reply.status == HTTPStatus.OK:
                self._metrics.called(visit.method, visit.tool, visit.outcome, took)
            logs.request(
                request=visit.request_id, status=reply.status, method=visit.method,
                rail=visit.tool, outcome=visit.outcome, ms=round(took * 1_000, 1),
                bytes=reply.bytes, client=guards.client_of(scope),
            )  # fmt: skip

    async def _answer(self, scope: Scope, headers: Headers, receive: Receive) -> Response:
        guards.check_server(scope, headers, self._names)
        if scope["raw_path"] in guards.WATCHED:
            guards.check_watcher(scope, headers, self._names)
            return await health.answer(scope, self._metrics, self._why_not_ready)
        if not scope["raw_path"].startswith(WEBHOOK):
            raise guards.nothing_here()
        guards.check_method(scope)
        return await self._told(scope, headers, receive)

    async def _told(self, scope: Scope, headers: Headers, receive: Receive) -> Response:
        visit: Visit = scope[SCOPE_KEY]
        visit.method = METHOD
        found = _ADDRESS.fullmatch(scope["raw_path"])
        # An address that cannot be one of ours is looked up all the same, and opens nothing.
        rail, key = (found[1].decode(), found[2].decode()) if found else _NOWHERE
        if scope["query_string"]:
            rail = ""
        address = guards.client_of(scope)
        shown = guards.shown(headers, b"apikey")
        told = await self._webhooks.authenticated(rail, key, shown, address)
        guards.introduce(scope)
        visit.tool = told.rail

        async def read() -> bytes:
            body = await bodies.read(receive, headers, self._limits)
            visit.body_is_read = True
            return body

        visit.outcome = str(await self._webhooks.answering(told, read))
        return _answer(HTTPStatus.OK, {"success": True})


class _Reply:
    """What is sent, counted."""

    def __init__(self, send: Send) -> None:
        self._send = send
        self.status = 0
        self.bytes = 0

    async def __call__(self, message: Message) -> None:
        if message["type"] == "http.response.start":
            self.status = message["status"]
        self.bytes += len(message.get("body", b""))
        await self._send(message)


def refused(fault: Fault) -> Response:
    """A refusal: its code and nothing else, so that equal reasons are equal bytes."""
    status = status_of(fault)
    headers: dict[str, str] = {}
    if status == HTTPStatus.UNAUTHORIZED:
        headers["WWW-Authenticate"] = "Apikey"
    elif status == HTTPStatus.METHOD_NOT_ALLOWED:
        headers["Allow"] = str(fault.facts["allowed"])
    elif status in (HTTPStatus.TOO_MANY_REQUESTS, HTTPStatus.SERVICE_UNAVAILABLE):
        headers["Retry-After"] = str(fault.facts.get("retry_after_seconds", 1))
    return _answer(status, {"success": False, "code": fault.code}, headers)


def _answer(
    status: int, said: Mapping[str, object], headers: Mapping[str, str] | None = None
) -> Response:
    return Response(json.dumps(said), status, {**_HEADERS, **(headers or {})}, "application/json")
