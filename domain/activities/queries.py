"""What happened with an account or a deal, as far as the reader may know?"""

from collections.abc import Sequence
from typing import Any, TypeAlias

from sqlalchemy import ColumnElement, Select, and_, func, or_, select

from domain.activities.tables import Activity
from domain.deals.queries import Reader, visible_ids
from domain.store.tx import Tx

_Listing: TypeAlias = "Select[Any, *tuple[Any, ...]]"

_LISTED = (
    Activity.id,
    Activity.kind,
    Activity.account_id,
    Activity.contact_id,
    Activity.deal_id,
    Activity.subject,
    Activity.body,
    Activity.occurred_at,
    Activity.source,
    Activity.source_event_id,
    Activity.logged_by,
    Activity.created_at,
)


def visible_to(reader: Reader) -> ColumnElement[bool]:
    """What happened around a hidden deal is hidden with it."""
    return or_(Activity.deal_id.is_(None), Activity.deal_id.in_(visible_ids(reader)))


async def with_event(tx: Tx, source: str, source_event_id: str) -> Activity | None:
    """The activity that is the record of this event, whoever may see it."""
    return await tx.first(
        select(Activity).where(
            Activity.source == source, Activity.source_event_id == source_event_id
        )
    )


async def recent(
    tx: Tx,
    reader: Reader,
    *,
    account_id: str | None = None,
    deal_id: str | None = None,
    after: tuple[Any, str] | None = None,
    limit: int,
) -> Sequence[Any]:
    """Activities of an account or a deal, latest first; `after` is (occurred_at, id) seen last."""
    statement: _Listing = select(*_LISTED).where(visible_to(reader), *_about(account_id, deal_id))
    if after is not None:
        occurred_at, last_id = after
        same_time = and_(Activity.occurred_at == occurred_at, Activity.id < last_id)
        statement = statement.where(or_(Activity.occurred_at < occurred_at, same_time))
    return await tx.rows(
        statement.order_by(Activity.occurred_at.desc(), Activity.id.desc()).limit(limit)
    )


async def count(
    tx: Tx, reader: Reader, *, account_id: str | None = None, deal_id: str | None = None
) -> int:
    """How many activities of an account or a deal the reader may see."""
    found = await tx.first(
        select(func.count())
        .select_from(Activity)
        .where(visible_to(reader), *_about(account_id, deal_id))
    )
    return found or 0


def _about(account_id: str | None, deal_id: str | None) -> list[ColumnElement[bool]]:
    conditions: list[ColumnElement[bool]] = []
    if account_id is not None:
        conditions.append(Activity.account_id == account_id)
    if deal_id is not None:
        conditions.append(Activity.deal_id == deal_id)
    return conditions
