"""Queries of engagements: which is this, at which rates, and what was worked and not yet billed?

What is billed is what other modules say of it (`billed_time` in their descriptor).
"""

from collections.abc import Collection, Iterable, Mapping, Sequence
from datetime import date
from typing import Any, TypeAlias

from sqlalchemy import ColumnElement, Select, and_, func, or_, select, true, tuple_

from domain.engagements.rules import Rate
from domain.engagements.tables import Engagement, EngagementRate, TimeEntry
from domain.store.descriptor import modules
from domain.store.tx import Tx

_Listing: TypeAlias = "Select[Any, *tuple[Any, ...]]"


async def get(tx: Tx, engagement_id: str, *, lock: bool = False) -> Engagement | None:
    """One engagement, if the viewer may see it; `lock` holds it until the end."""
    return await tx.get(Engagement, engagement_id, lock=lock)


async def of_deal(tx: Tx, deal_id: str) -> Engagement | None:
    """The engagement that a won deal became."""
    return await tx.first(select(Engagement).where(Engagement.deal_id == deal_id))


async def by_reference(tx: Tx, reference: str) -> Engagement | None:
    """The engagement with this id or code; an id has capital letters and a code has none."""
    return (await by_references(tx, [reference])).get(reference)


async def by_references(tx: Tx, references: Collection[str]) -> Mapping[str, Engagement]:
    """The same of several, by what each was called."""
    named = or_(Engagement.id.in_(references), Engagement.code.in_(references))
    rows = await tx.all(select(Engagement).where(named))
    found = {row.id: row for row in rows} | {row.code: row for row in rows if row.code}
    return {name: found[name] for name in references if name in found}


async def with_code(tx: Tx, code: str) -> str | None:
    """The id of the engagement that has this code."""
    return await tx.first(select(Engagement.id).where(Engagement.code == code))


async def codes(tx: Tx, engagement_ids: Iterable[str]) -> Mapping[str, str]:
    """The codes of those of these engagements that have one, by id."""
    statement: _Listing = select(Engagement.id, Engagement.code).where(
        Engagement.id.in_(sorted(set(engagement_ids))), Engagement.code.is_not(None)
    )
    return {row.id: row.code for row in await tx.rows(statement)}


async def listed(
    tx: Tx, *, account_id: str | None, status: str | None, after: str | None, limit: int
) -> Sequence[Engagement]:
    """Engagements, oldest first; `after` is the id of the one seen last."""
    statement = select(Engagement).order_by(Engagement.id).limit(limit)
    if account_id is not None:
        statement = statement.where(Engagement.account_id == account_id)
    if status is not None:
        statement = statement.where(Engagement.status == status)
    if after is not None:
        statement = statement.where(Engagement.id > after)
    return await tx.all(statement)


async def cards(tx: Tx, engagement_ids: Iterable[str]) -> Mapping[str, tuple[Rate, ...]]:
    """The rate card in force of each of these engagements, by its id; none where there is none."""
    statement: _Listing = (
        select(
            EngagementRate.engagement_id,
            EngagementRate.role,
            EngagementRate.phase,
            EngagementRate.rate_minor,
        )
        .join(
            Engagement,
            and_(
                Engagement.id == EngagementRate.engagement_id,
                Engagement.card == EngagementRate.card,
            ),
        )
        .where(EngagementRate.engagement_id.in_(sorted(set(engagement_ids))))
        .order_by(EngagementRate.engagement_id, EngagementRate.position)
    )
    found: dict[str, list[Rate]] = {}
    for row in await tx.rows(statement):
        rate = Rate(row.role, row.rate_minor, row.phase)
        found.setdefault(row.engagement_id, []).append(rate)
    return {engagement_id: tuple(rates) for engagement_id, rates in found.items()}


async def entries_by_id(tx: Tx, ids: Collection[str]) -> Mapping[str, TimeEntry]:
    """These time entries, as far as the viewer may see their engagements."""
    if not ids:
        return {}
    return {row.id: row for row in await tx.all(select(TimeEntry).where(TimeEntry.id.in_(ids)))}


async def from_sources(
    tx: Tx, sources: Collection[tuple[str, str]]
) -> Mapping[tuple[str, str], TimeEntry]:
    """The entries with these source ids, each by its engagement's id and the source id."""
    if not sources:
        return {}
    # By each column alone, because no index serves a list of pairs on both databases.
    rows = await tx.all(
        select(TimeEntry).where(
            TimeEntry.engagement_id.in_({engagement_id for engagement_id, _ in sources}),
            TimeEntry.source_id.in_({source_id for _, source_id in sources}),
        )
    )
    found = {(row.engagement_id, row.source_id or ""): row for row in rows}
    return {source: found[source] for source in sources if source in found}


async def hours_of_days(
    tx: Tx, days: Collection[tuple[str, date]], *, but: Collection[str]
) -> Mapping[tuple[str, date], int]:
    """Hundredths of hours by member and day over all engagements, without these entries.

    Asked as whoever looks; whoever judges a day looks as SYSTEM.
    """
    statement: _Listing = (
        select(
            TimeEntry.member,
            TimeEntry.worked_on,
            func.sum(TimeEntry.hours_hundredths).label("hours"),
        )
        .where(
            TimeEntry.member.in_({member for member, _ in days}),
            TimeEntry.worked_on.in_({day for _, day in days}),
            TimeEntry.id.not_in(but),
        )
        .group_by(TimeEntry.member, TimeEntry.worked_on)
    )
    return {(row.member, row.worked_on): int(row.hours) for row in await tx.rows(statement)}


async def entries(
    tx: Tx,
    *,
    engagement_id: str | None,
    member: str | None,
    first_day: date | None,
    last_day: date | None,
    after: tuple[date, str] | None,
    limit: int,
) -> Sequence[TimeEntry]:
    """Time entries by day; `after` is the day and the id of the one seen last."""
    statement = select(TimeEntry).order_by(TimeEntry.worked_on, TimeEntry.id).limit(limit)
    if engagement_id is not None:
        statement = statement.where(TimeEntry.engagement_id == engagement_id)
    if member is not None:
        statement = statement.where(TimeEntry.member == member)
    if first_day is not None:
        statement = statement.where(TimeEntry.worked_on >= first_day)
    if last_day is not None:
        statement = statement.where(TimeEntry.worked_on <= last_day)
    if after is not None:
        statement = statement.where(tuple_(TimeEntry.worked_on, TimeEntry.id) > after)
    return await tx.all(statement)


async def billed(tx: Tx, entry_ids: Collection[str]) -> frozenset[str]:
    """Those of these entries that an invoice has."""
    if not entry_ids or not _billed_time():
        return frozenset()
    among = select(TimeEntry.id).where(TimeEntry.id.in_(entry_ids), ~_is_unbilled())
    return frozenset(await tx.all(among))


async def unbilled_hours(tx: Tx, engagement_ids: Iterable[str]) -> Mapping[str, int]:
    """Hundredths of hours that no invoice has, by engagement; nothing where there are none."""
    statement: _Listing = (
        select(TimeEntry.engagement_id, func.sum(TimeEntry.hours_hundredths).label("hours"))
        .where(TimeEntry.engagement_id.in_(sorted(set(engagement_ids))), _is_unbilled())
        .group_by(TimeEntry.engagement_id)
    )
    return {row.engagement_id: int(row.hours) for row in await tx.rows(statement)}


def _is_unbilled() -> ColumnElement[bool]:
    return and_(true(), *(TimeEntry.id.not_in(of_module) for of_module in _billed_time()))


def _billed_time() -> list[Any]:
    return [module.billed_time() for module in modules() if module.billed_time is not None]
