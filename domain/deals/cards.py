"""What does a deal look like, with the names of what it refers to?"""

from datetime import date, datetime
from typing import Any, NamedTuple

from sqlalchemy import Select, bindparam, case, select

from domain.deals.tables import Deal
from domain.store.questions import question
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


def shown_deals() -> "Select[Any, *tuple[Any, ...]]":
    """Select deals as rows in the shape of DealCard.

    One statement and no naming of values in between: a page holds hundreds of deals, and putting
    each together from four answers took longer than reading them.
    """
    return (
        select(
            Deal.id,
            Deal.workspace_id,
            Deal.account_id,
            _ACCOUNT.columns.name.label("account_name"),
            Deal.primary_contact_id,
            Deal.name,
            Deal.amount_minor,
            Deal.currency,
            case((Deal.currency == "VND", Deal.amount_minor)).label("amount_minor_vnd"),
            Deal.pipeline_id,
            _PIPELINE.columns.code.label("pipeline"),
            Deal.stage_id,
            _STAGE.columns.code.label("stage"),
            _STAGE.columns.name_vi.label("stage_vi"),
            _STAGE.columns.name_en.label("stage_en"),
            Deal.probability_pct,
            Deal.probability_manual,
            Deal.expected_close_date,
            Deal.status,
            Deal.closed_date,
            Deal.lost_reason,
            Deal.visibility,
            Deal.owner_id,
            _PERSON.columns.email.label("owner"),
            Deal.created_at,
            Deal.version,
        )
        .join(_ACCOUNT.table, _ACCOUNT.condition)
        .join(_PIPELINE.table, _PIPELINE.condition)
        .join(_STAGE.table, _STAGE.condition)
        .join(_PERSON.table, _PERSON.condition)
    )


_ONE = question(shown_deals().where(Deal.id == bindparam("id")))


async def card(tx: Tx, deal: Deal) -> DealCard:
    """One deal as it is shown, with what was changed of it in this transaction."""
    await tx.flush()
    return DealCard._make((await tx.ask(_ONE, id=deal.id))[0])
