"""Nightly jobs: what is done once a night for every company? What modules declare, by the days.

A night begins at midnight where the company works. A worker that was down does the work of the
day when it comes back; a night that nobody worked is not made up for.
"""

import logging
from datetime import date, datetime, time, timedelta
from zoneinfo import ZoneInfo

from sqlalchemy.exc import IntegrityError

from domain.identity import queries as identity
from domain.insight import nightly_runs
from domain.kernel.clock import Clock
from domain.store.declarations import Job
from domain.store.descriptor import modules
from domain.store.engine import Database
from domain.store.tx import reading, writing
from domain.store.visibility import SYSTEM

log = logging.getLogger("cyberos.nightly")

AGAIN_AFTER = timedelta(hours=1)  # when a job broke


def jobs() -> tuple[Job, ...]:
    """What the modules want done at night, module by module."""
    return tuple(job for module in modules() for job in module.jobs)


class NightlyJobs:
    """Which company's night is to be worked? It remembers, so that most rounds ask nothing."""

    def __init__(
        self, database: Database, clock: Clock, wanted: tuple[Job, ...] | None = None
    ) -> None:
        self._database = database
        self._clock = clock
        self._jobs = jobs() if wanted is None else wanted
        self._next: dict[str, datetime] = {}

    async def work(self, tenant_id: str) -> dict[str, int]:
        """Do what is due for a company; the rows each job wrote. A job that breaks is logged."""
        now = self._clock.now()
        if now < self._next.get(tenant_id, now):
            return {}
        async with reading(self._database, tenant_id, self._clock, viewer=SYSTEM) as tx:
            zone = ZoneInfo((await identity.tenant(tx)).time_zone)
            day = tx.at.astimezone(zone).date()
            there = await nightly_runs.done(tx, day)
        written: dict[str, int] = {}
        self._next[tenant_id] = datetime.combine(day + timedelta(days=1), time.min, zone)
        for job in self._jobs:
            if job.name in there:
                continue
            try:
                written[job.name] = await self._do(tenant_id, job, day, zone)
            except IntegrityError:
                log.info("%s was done by another worker", job.name)
            except Exception:
                log.exception("nightly work %s broke", job.name)
                self._next[tenant_id] = now + AGAIN_AFTER
        return written

    async def _do(self, tenant_id: str, job: Job, day: date, zone: ZoneInfo) -> int:
        async with writing(self._database, tenant_id, self._clock, viewer=SYSTEM) as tx:
            return await nightly_runs.carry_out(tx, job.name, day, lambda: job.work(tx, day, zone))
