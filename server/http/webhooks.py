"""Webhooks: what does a bank feed tell us, and is it the one it should be? Known first, then read.

Nothing of a caller's body is read before both secrets of the endpoint are right, and nothing is
answered with success before the event is stored durably (ruling C2).
"""

import time
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import Any

from sqlalchemy.exc import IntegrityError

from domain.kernel.clock import Clock
from domain.kernel.faults import Fault, Kind
from domain.receipts import endpoints, sepay, service
from domain.receipts.endpoints import EndpointKey
from domain.receipts.service import Kept
from domain.store.engine import Database
from domain.store.tx import reading, writing
from server import strict_json
from server.http.limits import Buckets, InFlightLimit, Limits, Remembered, neighbourhood
from server.http.refusals import rate_limited, too_many_at_once

# Told of the tenant of an event that was stored.
Stored = Callable[[str], None]
_RACES = 3


@dataclass(frozen=True, slots=True)
class Told:
    """An endpoint whose secrets were right."""

    key: EndpointKey
    rail: str


class Webhooks:
    """The endpoints of one database, and how often each may be called."""

    def __init__(
        self,
        database: Database,
        clock: Clock,
        limits: Limits,
        stored: Stored = lambda _tenant_id: None,
        *,
        now: Callable[[], float] = time.monotonic,
    ) -> None:
        self._database = database
        self._clock = clock
        self._stored = stored
        self._neighbours = Buckets(limits.webhooks_per_second, limits.webhooks_at_once, now=now)
        self._endpoints = Buckets(limits.webhooks_per_second, limits.webhooks_at_once, now=now)
        self._failures = Buckets(limits.bad_keys_per_second, limits.bad_keys_at_once, now=now)
        self._in_flight = InFlightLimit(limits.webhooks_in_flight)
        self._right = Remembered()

    async def authenticated(self, rail: str, endpoint_key: str, shown: str, address: str) -> Told:
        """The endpoint that is called; KEY_INVALID, or RATE_LIMITED for who asks too often.

        An address that names nobody takes as long as a wrong secret, and is answered alike. Who
        showed many wrong ones is refused before the database is asked, except with secrets that
        were right: another caller behind the same proxy locks no feed out.
        """
        origin, key = neighbourhood(address), endpoints.parse(endpoint_key)
        both = f"{key.sha256}:{endpoints.digest(shown)}"
        failed = 0.0 if both in self._right else self._failures.wait(origin)
        if wait := max(self._neighbours.wait(origin), failed):
            raise rate_limited(wait)
        self._neighbours.take(origin)
        async with reading(self._database, key.tenant_id, self._clock) as tx:
            is_right = await service.authenticate(tx, rail, key, shown)
        if not is_right:
            self._right.forget(both)
            self._failures.take(origin)
            raise key_invalid()
        self._right.add(both)
        if wait := self._endpoints.wait(key.endpoint_id):
            raise rate_limited(wait)
        self._endpoints.take(key.endpoint_id)
        return Told(key, rail)

    async def answering(self, told: Told, read: Callable[[], Awaitable[bytes]]) -> Kept:
        """Read what the endpoint is told and keep it; TOO_MANY_AT_ONCE, JSON_INVALID,
        EVENT_INVALID, EVENT_CONFLICT.
        """
        if self._in_flight.is_full(told.key.endpoint_id):
            raise too_many_at_once()
        self._in_flight.begin(told.key.endpoint_id)
        try:
            kept = await self._keep(told, await read())
        finally:
            self._in_flight.end(told.key.endpoint_id)
        if kept is not Kept.AGAIN:
            self._stored(told.key.tenant_id)
        if kept is Kept.CONFLICT:
            raise Fault(
                "EVENT_CONFLICT",
                Kind.CONFLICT,
                "Another event has this id already.",
                "compare it with the one that was sent before.",
            )
        return kept

    async def _keep(self, told: Told, body: bytes) -> Kept:
        event = _named(body)
        for _ in range(_RACES):
            try:
                async with writing(self._database, told.key.tenant_id, self._clock) as tx:
                    return await service.keep(tx, told.key.endpoint_id, told.rail, event, body)
            except IntegrityError:
                continue  # somebody else was quicker with the same: now it is there
        raise Fault("DATABASE_BUSY", Kind.UNAVAILABLE, "The event could not be stored now.")


def key_invalid() -> Fault:
    """The one answer to every address and every secret that opens nothing, whatever the reason."""
    return Fault("KEY_INVALID", Kind.FORBIDDEN, "The address or the key is not one of ours.")


def _named(body: bytes) -> sepay.Named:
    try:
        content: Any = strict_json.loads(body)
    except ValueError:
        raise Fault(
            "JSON_INVALID",
            Kind.INVALID,
            "The body is not strict JSON text, or a name stands twice in one object.",
        ) from None
    try:
        return sepay.named(content)
    except ValueError:
        raise Fault("EVENT_INVALID", Kind.INVALID, "The body is no event with an id.") from None
