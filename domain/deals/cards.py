"""Deal cards: what does a deal look like, with the names of what it refers to?"""

from collections.abc import Mapping, Sequence
from datetime import date, datetime
from typing import Any, NamedTuple

from sqlalchemy import ColumnElement, Select, bindparam, case, select

from domain.deals.tables import Deal
from domain.store.prepared import prepared_query
from domain.store.references import referred
from domain.store.tx import Tx


class DealCard(NamedTuple):
    """A deal as it is shown; amounts in minor units, `owner` is an e-mail address."""

    id: str
    workspace_id: str
    account_id: str
    account_name: str
    primary_contact_id: str | None
    name: str
    amount_minor: int
    currency: str
    amount_minor_vnd: int | None
    pipeline_id: str
    pipeline: str
    stage_id: str
    stage: str
    stage_vi: str
    stage_en: str
    probability_pct: int
    probability_manual: bool
    expected_close_date: date | None
    status: str
    closed_date: date | None
    lost_reason: str | None
    visibility: str
    owner_id: str
    owner: str
    created_at: datetime
    version: int


_ACCOUNT = referred("account", "name", by=Deal.account_id)
_PIPELINE = referred("pipeline", "code", by=Deal.pipeline_id)
_STAGE = referred("stage", "code", "name_vi", "name_en", by=Deal.stage_id)
_PERSON = referred("person", "email", by=Deal.owner_id)


_SHOWN: Mapping[str, ColumnElement[Any]] = {
    "account_name": _ACCOUNT.columns.name,
    "amount_minor_vnd": case((Deal.currency == "VND", Deal.amount_minor)),
    "pipeline": _PIPELINE.columns.code,
    "stage": _STAGE.columns.code,
    "stage_vi": _STAGE.columns.name_vi,
    "stage_en": _STAGE.columns.name_en,
    "owner": _PERSON.columns.email,
}


def shown_deals(columns: Sequence[str] = DealCard._fields) -> "Select[Any, *tuple[Any, ...]]":
    """Select deals as rows with these columns of DealCard, in this order.

    One statement and no naming of values in between: a page holds hundreds of deals, and putting
    each together from four answers took longer than reading them.
    """
    chosen = (_SHOWN[one].label(one) if one in _SHOWN else getattr(Deal, one) for one in columns)
    return (
        select(*chosen)
        .join(_ACCOUNT.table, _ACCOUNT.condition)
        .join(_PIPELINE.table, _PIPELINE.condition)
        .join(_STAGE.table, _STAGE.condition)
        .join(_PERSON.table, _PERSON.condition)
    )


_ONE = prepared_query(shown_deals().where(Deal.id == bindparam("id")))


async def card(tx: Tx, deal_id: str) -> DealCard:
    """One deal as it is shown, with what was changed of it in this transaction."""
    await tx.flush()
    return DealCard._make((await tx.fetch(_ONE, id=deal_id))[0])
