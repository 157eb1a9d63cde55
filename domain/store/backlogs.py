"""Backlogs: what modules declare that waits is worked through, a batch a transaction.

Killed at any moment a batch is done whole or not at all. What breaks is tried alone, so that it
holds up none of the others, and later again.
"""

import logging
from collections.abc import Sequence

from domain.kernel.clock import Clock
from domain.kernel.faults import Fault, Kind
from domain.store.declarations import Backlog
from domain.store.descriptor import modules
from domain.store.engine import Database
from domain.store.tx import reading, writing
from domain.store.visibility import SYSTEM

log = logging.getLogger("cyberos.backlogs")


def backlogs() -> tuple[Backlog, ...]:
    """What the modules declare, module by module."""
    return tuple(one for module in modules() for one in module.backlogs)


async def work_through(
    database: Database, tenant_id: str, clock: Clock, backlogs: Sequence[Backlog]
) -> dict[str, int]:
    """Everything that waits in a company; how much was taken in hand, by the name of its backlog.

    Raises only when the database is away.
    """
    done: dict[str, int] = {}
    for backlog in backlogs:
        before: Sequence[str] = ()
        # What comes up twice running is in the hands of another worker, or has just failed.
        while (ids := await _waits(database, tenant_id, clock, backlog)) and ids != before:
            await _batch(database, tenant_id, clock, backlog, ids)
            done[backlog.name] = done.get(backlog.name, 0) + len(ids)
            before = ids
    return done


async def _waits(
    database: Database, tenant_id: str, clock: Clock, backlog: Backlog
) -> Sequence[str]:
    """Look before asking for the one write lock of an embedded database."""
    async with reading(database, tenant_id, clock, viewer=SYSTEM) as tx:
        return await backlog.waits(tx)


async def _batch(
    database: Database, tenant_id: str, clock: Clock, backlog: Backlog, ids: Sequence[str]
) -> None:
    if await _done(database, tenant_id, clock, backlog, ids):
        return
    for one in ids:
        if len(ids) > 1 and await _done(database, tenant_id, clock, backlog, [one]):
            continue
        async with writing(database, tenant_id, clock, viewer=SYSTEM) as tx:
            await backlog.fail(tx, one)


async def _done(
    database: Database, tenant_id: str, clock: Clock, backlog: Backlog, ids: Sequence[str]
) -> bool:
    try:
        async with writing(database, tenant_id, clock, viewer=SYSTEM) as tx:
            await backlog.work(tx, ids)
    except Exception as error:
        if isinstance(error, Fault) and error.kind is Kind.UNAVAILABLE:
            raise
        code = error.code if isinstance(error, Fault) else "INTERNAL_ERROR"
        which = ids[0] if len(ids) == 1 else f"{len(ids)} together"
        # Never what it says, which may be about what came in.
        log.warning(
            "%s failed at %s: %s", backlog.name, which, code, exc_info=not isinstance(error, Fault)
        )
        return False
    return True
