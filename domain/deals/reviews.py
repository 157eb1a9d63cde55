"""Deal reviews: what has to be known of many deals at once? One statement, however many."""

from datetime import date, datetime
from typing import Any, NamedTuple

from sqlalchemy import ColumnElement, Select, and_, or_, select, type_coerce

from domain.deals.tables import Deal
from domain.store.references import referred
from domain.store.schema import Instant
from domain.store.tx import Tx
from domain.taxpayers.service import status_today


class Reviewed(NamedTuple):
    """A deal with what matters of its account, pipeline and stage; amounts in minor units."""

    id: str
    workspace_id: str
    visibility: str
    account_id: str
    account_name: str
    account_type: str
    vn_mst: str | None
    vn_mst_status: str | None
    vn_mst_checked_at: datetime | None
    industry: str | None
    primary_contact_id: str | None
    name: str
    amount_minor: int
    currency: str
    pipeline_id: str
    pipeline: str
    stage_id: str
    stage: str
    stage_entered_at: datetime
    probability_pct: int
    expected_close_date: date | None
    status: str
    closed_date: date | None
    created_at: datetime


_ACCOUNT = referred(
    "account",
    "name",
    "account_type",
    "vn_mst",
    "vn_mst_status",
    "vn_mst_checked_at",
    "industry",
    by=Deal.account_id,
)
_PIPELINE = referred("pipeline", "code", by=Deal.pipeline_id)
_STAGE = referred("stage", "code", by=Deal.stage_id)


def open_or_won(*, won_since: date, deal_id: str | None = None) -> tuple[ColumnElement[bool], ...]:
    """Open deals, and those won on that day or later; of one deal only if it is named."""
    won = and_(Deal.status == "won", Deal.closed_date >= won_since)
    return (or_(Deal.status == "open", won), *_only(Deal.id, deal_id))


def still_open(
    *, pipeline_id: str | None = None, deal_id: str | None = None
) -> tuple[ColumnElement[bool], ...]:
    """Open deals, of one pipeline if it is named, or the one deal that is."""
    named = (*_only(Deal.pipeline_id, pipeline_id), *_only(Deal.id, deal_id))
    return (Deal.status == "open", *named)


def ended(
    *, since: date | None = None, until: date, pipeline_id: str | None = None
) -> tuple[ColumnElement[bool], ...]:
    """Deals won or lost from `since` to `until`, both included. Cancelled ones are neither."""
    begun = (Deal.closed_date >= since,) if since is not None else ()
    return (
        Deal.status.in_(("won", "lost")),
        Deal.closed_date <= until,
        *begun,
        *_only(Deal.pipeline_id, pipeline_id),
    )


async def reviewed(tx: Tx, *conditions: ColumnElement[bool]) -> list[Reviewed]:
    """The deals that meet conditions of this file, oldest first; `vn_mst_status` is today's."""
    statement: Select[Any, *tuple[Any, ...]] = (
        select(
            Deal.id,
            Deal.workspace_id,
            Deal.visibility,
            Deal.account_id,
            _ACCOUNT.columns.name.label("account_name"),
            _ACCOUNT.columns.account_type,
            _ACCOUNT.columns.vn_mst,
            _ACCOUNT.columns.vn_mst_status,
            type_coerce(_ACCOUNT.columns.vn_mst_checked_at, Instant()),
            _ACCOUNT.columns.industry,
            Deal.primary_contact_id,
            Deal.name,
            Deal.amount_minor,
            Deal.currency,
            Deal.pipeline_id,
            _PIPELINE.columns.code.label("pipeline"),
            Deal.stage_id,
            _STAGE.columns.code.label("stage"),
            Deal.stage_entered_at,
            Deal.probability_pct,
            Deal.expected_close_date,
            Deal.status,
            Deal.closed_date,
            Deal.created_at,
        )
        .join(_ACCOUNT.table, _ACCOUNT.condition)
        .join(_PIPELINE.table, _PIPELINE.condition)
        .join(_STAGE.table, _STAGE.condition)
        .where(*conditions)
        .order_by(Deal.id)
    )
    return [_as_of(tx.at, Reviewed._make(row)) for row in await tx.rows(statement)]


def ids_of(*conditions: ColumnElement[bool]) -> "Select[str]":
    """The ids of the same deals, to be part of another question."""
    return select(Deal.id).where(*conditions)


def _as_of(at: datetime, deal: Reviewed) -> Reviewed:
    status = status_today(deal.vn_mst_status, deal.vn_mst_checked_at, at)
    return deal if status == deal.vn_mst_status else deal._replace(vn_mst_status=status)


def _only(column: Any, value: str | None) -> tuple[ColumnElement[bool], ...]:
    return (column == value,) if value is not None else ()
