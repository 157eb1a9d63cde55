"""Nightly runs: which jobs were done for a day? A job and its mark are written together."""

from collections.abc import Awaitable, Callable
from datetime import date

from sqlalchemy import select

from domain.insight.events import NightDone
from domain.insight.tables import NightlyRun
from domain.store.tx import Tx


async def done(tx: Tx, day: date) -> set[str]:
    """The jobs that were done for a day."""
    return set(await tx.all(select(NightlyRun.job).where(NightlyRun.day == day)))


async def carry_out(tx: Tx, job: str, day: date, work: Callable[[], Awaitable[int]]) -> int:
    """Do the work of a day and mark it as done; how many rows were written.

    Two workers may begin the same night: the mark is unique, so one of them is rolled back with
    an IntegrityError and has done nothing.
    """
    written = await work()
    tx.add(NightlyRun(job=job, day=day, done_at=tx.at, written=written))
    await tx.flush()
    NightDone(job, day, written).record(tx)
    return written
