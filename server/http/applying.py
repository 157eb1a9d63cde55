"""Applying on the embedded profile: what a feed told is taken down as soon as it is stored.

A real installation has `cyberos work` for it, under another role. Here one account may do all of
it, a file has no roles, and nobody runs a worker beside the server.
"""

import logging

import anyio

from domain.kernel.clock import Clock
from domain.kernel.faults import Fault
from domain.store import backlogs, directory
from domain.store.engine import Database

log = logging.getLogger("cyberos.http")

_LOOK_AGAIN_SECONDS = 30  # at what failed, and at what came in while nobody was here


class Applying:
    """Works through what waits, whenever it is told that something does."""

    def __init__(self, database: Database, clock: Clock) -> None:
        self._database = database
        self._clock = clock
        self._backlogs = backlogs.backlogs()
        self._stored = anyio.Event()
        self._told: set[str] = set()

    def stored(self, tenant_id: str) -> None:
        """Something of a company was stored."""
        self._told.add(tenant_id)
        self._stored.set()

    async def run(self) -> None:
        """Until it is cancelled: at first and from time to time all companies."""
        everybody = True
        while True:
            if everybody:
                await self._look_everywhere()
            await self._work()
            self._stored = anyio.Event()
            with anyio.move_on_after(_LOOK_AGAIN_SECONDS) as waited:
                await self._stored.wait()
            everybody = waited.cancelled_caught

    async def _look_everywhere(self) -> None:
        try:
            self._told |= {tenant_id for tenant_id, _ in await directory.tenants(self._database)}
        except Fault as fault:
            log.warning("what was received is taken down later: %s", fault.code)

    async def _work(self) -> None:
        database, clock = self._database, self._clock
        while self._told:
            tenant_id = self._told.pop()
            try:
                await backlogs.work_through(database, tenant_id, clock, self._backlogs)
            except Fault as fault:
                log.warning("what was received is taken down later: %s", fault.code)
            except Exception:
                log.exception("what was received is taken down later")
