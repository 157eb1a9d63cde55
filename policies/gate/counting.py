"""Call counts: how often was what called, and refused?
Reads are counted, refusals chained, floods summed up.
"""

import logging
from collections import Counter
from datetime import datetime, timedelta

from sqlalchemy.exc import IntegrityError

from domain.kernel.clock import Clock
from domain.kernel.faults import Fault, Kind
from domain.store import counters
from domain.store.chain import Actor
from domain.store.engine import Database
from domain.store.tx import writing
from policies.gate.events import CallsDenied

log = logging.getLogger(__name__)

FLUSH_EVERY = timedelta(minutes=1)
# What somebody tried and may not; a mistake in the arguments is no such thing.
REFUSALS = frozenset({Kind.FORBIDDEN})

_Key = tuple[str, str, str]


class Meter:
    """Counts the calls of this process and writes them down once a minute and at the end.

    The first refusal of a kind is chained at once; its repetitions become one entry a minute, so
    that a looping agent can neither hide its first attempt nor flood the chain.
    """

    def __init__(self, database: Database, clock: Clock) -> None:
        self._database = database
        self._clock = clock
        self._calls: dict[str, Counter[_Key]] = {}
        self._repeated: dict[str, Counter[tuple[Actor, str, str]]] = {}
        self._chained_at: dict[tuple[str, Actor, str, str], datetime] = {}
        self._flushed_at = clock.now()

    def count(self, tenant_id: str, principal: str, tool: str, outcome: str) -> None:
        """One more call."""
        self._calls.setdefault(tenant_id, Counter())[(principal, tool, outcome)] += 1

    async def refuse(self, tenant_id: str, actor: Actor, tool: str, fault: Fault) -> None:
        """Chain a refusal, or add it to those that will be summed up."""
        key = (tenant_id, actor, tool, fault.code)
        last = self._chained_at.get(key)
        if last is not None and not self._is_over(last):
            self._repeated.setdefault(tenant_id, Counter())[(actor, tool, fault.code)] += 1
            return
        self._chained_at[key] = self._clock.now()
        try:
            async with writing(self._database, tenant_id, self._clock) as tx:
                CallsDenied(tool, 1).record(tx, actor, fault.code)
        except BaseException:
            del self._chained_at[key]
            raise

    async def flush_if_due(self) -> None:
        """Write down what was counted, at most once a minute. What cannot be written now waits:
        the call that happened to come by has been answered already, and keeps its answer.
        """
        if self._clock.now() - self._flushed_at < FLUSH_EVERY:
            return
        try:
            await self.flush()
        except (Fault, IntegrityError):
            log.exception("the counts of the last minute wait for the next one")

    async def flush(self) -> None:
        """Write down everything counted so far."""
        self._flushed_at = self._clock.now()
        for tenant_id in {*self._calls, *self._repeated}:
            calls = self._calls.pop(tenant_id, Counter())
            repeated = self._repeated.pop(tenant_id, Counter())
            try:
                await self._write(tenant_id, calls, repeated)
            except BaseException:
                self._calls.setdefault(tenant_id, Counter()).update(calls)
                self._repeated.setdefault(tenant_id, Counter()).update(repeated)
                raise

    async def _write(
        self, tenant_id: str, calls: Counter[_Key], repeated: Counter[tuple[Actor, str, str]]
    ) -> None:
        async with writing(self._database, tenant_id, self._clock) as tx:
            for (principal, tool, outcome), number in calls.items():
                await counters.add(tx, principal, tool, outcome, number)
            for (actor, tool, code), number in repeated.items():
                CallsDenied(tool, number).record(tx, actor, code)

    def _is_over(self, minute: datetime) -> bool:
        """Whether this minute has passed; so it has if the clock went back behind it."""
        return abs(self._clock.now() - minute) >= FLUSH_EVERY
