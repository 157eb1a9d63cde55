"""Overview of engagements and time, page by page, with what other modules know of them."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date

from domain.accounts import queries as accounts
from domain.billing import service as billing
from domain.billing.service import Billing
from domain.engagements import queries
from domain.engagements.rules import Rate
from domain.engagements.setting import unknown
from domain.engagements.tables import Engagement, TimeEntry
from domain.store.tx import Tx


@dataclass(frozen=True, slots=True)
class Listed:
    """An engagement with its rates, its customer, how that is billed, and what is not billed."""

    engagement: Engagement
    account_name: str
    rates: tuple[Rate, ...]
    billing: Billing | None
    unbilled_hundredths: int


@dataclass(frozen=True, slots=True)
class ListedTime:
    """A time entry, the code of its engagement, and whether an invoice has it."""

    entry: TimeEntry
    code: str | None
    is_billed: bool


async def listed(
    tx: Tx, *, account_id: str | None, status: str | None, after: str | None, limit: int
) -> tuple[list[Listed], bool]:
    """A page of engagements from behind the id seen last, and whether there are more."""
    rows = await queries.listed(
        tx, account_id=account_id, status=status, after=after, limit=limit + 1
    )
    page = rows[:limit]
    if not page:
        return [], False
    ids, account_ids = [row.id for row in page], {row.account_id for row in page}
    shown = await accounts.shown(tx, account_ids)
    cards, hours = await queries.cards(tx, ids), await queries.unbilled_hours(tx, ids)
    billed = await billing.of_accounts(
        tx, {id: (shown[id].name, shown[id].vn_mst) for id in account_ids}
    )
    found = [
        Listed(
            row,
            shown[row.account_id].name,
            cards.get(row.id, ()),
            billed.get(row.account_id),
            hours.get(row.id, 0),
        )
        for row in page
    ]
    return found, len(rows) > limit


async def time(
    tx: Tx,
    *,
    engagement: str | None,
    member: str | None,
    first_day: date | None,
    last_day: date | None,
    after: tuple[int | str, ...] | None,
    limit: int,
) -> tuple[Sequence[ListedTime], bool]:
    """A page of time by day, from behind the day (ISO 8601) and id seen last; are there more?

    `engagement` is an id or a code. Raises NOT_FOUND.
    """
    row = await queries.by_reference(tx, engagement) if engagement is not None else None
    if engagement is not None and row is None:
        raise unknown()
    rows = await queries.entries(
        tx,
        engagement_id=row.id if row else None,
        member=member,
        first_day=first_day,
        last_day=last_day,
        after=(date.fromisoformat(str(after[0])), str(after[1])) if after else None,
        limit=limit + 1,
    )
    page = rows[:limit]
    billed = await queries.billed(tx, [entry.id for entry in page])
    codes = await queries.codes(tx, {entry.engagement_id for entry in page})
    found = [
        ListedTime(entry, codes.get(entry.engagement_id), entry.id in billed) for entry in page
    ]
    return found, len(rows) > limit
