"""Health: what is whoever watches a door told? Alive, ready and figures, of a process alone."""

import json
from collections.abc import Awaitable, Callable
from http import HTTPStatus

from starlette.responses import Response
from starlette.types import Scope

from server.http.metrics import CONTENT_TYPE, Metrics
from server.http.watching import SCOPE_KEY, Visit
from server.version import VERSION

WhyNotReady = Callable[[], Awaitable[str]]


async def answer(scope: Scope, metrics: Metrics, why_not_ready: WhyNotReady) -> Response:
    """What /healthz, /readyz and /metrics say."""
    visit: Visit = scope[SCOPE_KEY]
    visit.outcome = "ok"
    if scope["raw_path"] == b"/metrics":
        await metrics.look()
        return Response(metrics.text(), media_type=CONTENT_TYPE)
    if scope["raw_path"] == b"/readyz":
        if code := await why_not_ready():
            visit.outcome = code
            return _state(HTTPStatus.SERVICE_UNAVAILABLE, ready=False, code=code)
        return _state(HTTPStatus.OK, ready=True)
    return _state(HTTPStatus.OK, alive=True, version=VERSION)


def _state(status: HTTPStatus, **facts: object) -> Response:
    return Response(json.dumps(facts), status, media_type="application/json")
