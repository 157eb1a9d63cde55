"""Queries for invoices: which hours of an engagement may be billed for a month?"""

from collections.abc import Mapping, Sequence
from datetime import date
from typing import NamedTuple

from sqlalchemy import Select, select

from domain.engagements.tables import TimeEntry
from domain.store.tx import Tx


class WorkedTime(NamedTuple):
    """What an invoice needs of a time entry: hundredths of an hour at minor units an hour."""

    id: str
    role: str
    phase: str | None
    rate_minor: int
    hours_hundredths: int


async def worked(
    tx: Tx, engagement_id: str, first: date, last: date, *, but: "Select[str]"
) -> Sequence[WorkedTime]:
    """The time of an engagement from the first day to the last, both included, but for some ids.

    Whoever puts it on an invoice holds it first (time_entries.hold).
    """
    rows = await tx.rows(
        select(
            TimeEntry.id,
            TimeEntry.role,
            TimeEntry.phase,
            TimeEntry.rate_minor,
            TimeEntry.hours_hundredths,
        )
        .where(
            TimeEntry.engagement_id == engagement_id,
            TimeEntry.worked_on.between(first, last),
            TimeEntry.id.not_in(but),
        )
        .order_by(TimeEntry.worked_on, TimeEntry.id)
    )
    return [WorkedTime._make(row) for row in rows]


class BilledTime(NamedTuple):
    """A time entry as it is now, for whoever compares it with the line that bills it."""

    engagement_id: str
    period: str
    role: str
    phase: str | None
    rate_minor: int
    hours_hundredths: int


async def billed(tx: Tx, entry_ids: Sequence[str]) -> Mapping[str, BilledTime]:
    """These time entries by their ids; the period is the month of the day, `2026-04`."""
    asked = select(
        TimeEntry.id,
        TimeEntry.engagement_id,
        TimeEntry.worked_on,
        TimeEntry.role,
        TimeEntry.phase,
        TimeEntry.rate_minor,
        TimeEntry.hours_hundredths,
    ).where(TimeEntry.id.in_(entry_ids))
    return {
        row.id: BilledTime(
            row.engagement_id,
            f"{row.worked_on:%Y-%m}",
            row.role,
            row.phase,
            row.rate_minor,
            row.hours_hundredths,
        )
        for row in await tx.rows(asked)
    }
