"""What does a deal look like, with the names of what it refers to?"""

from collections.abc import Mapping, Sequence
from datetime import date, datetime
from typing import Any, NamedTuple

from domain.accounts import queries as accounts
from domain.identity import queries as identity
from domain.pipelines import queries as pipelines
from domain.store.tx import Tx


class DealCard(NamedTuple):
    """A deal as it is shown; amounts in minor units, `owner` is an e-mail address.

    A tuple, because a page holds hundreds and a frozen dataclass sets each field by a call.
    """

    id: str
    name: str
    account_id: str
    account_name: str
    workspace_id: str
    primary_contact_id: str | None
    amount_minor: int
    currency: str
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
    owner: str | None
    created_at: datetime
    version: int


async def card(tx: Tx, deal: Any) -> DealCard:
    """One deal, a row or an entity, as it is shown."""
    return (await cards(tx, [deal]))[0]


async def cards(tx: Tx, deals: Sequence[Any]) -> list[DealCard]:
    """Deals as they are shown, in four statements whatever their number."""
    if not deals:
        return []
    names = await accounts.names(tx, {deal.account_id for deal in deals})
    labels = await pipelines.labels(tx, {deal.stage_id for deal in deals})
    emails = await identity.emails(tx, {deal.owner_id for deal in deals})
    return [_card(deal, names, labels, emails) for deal in deals]


def _card(
    deal: Any, names: Mapping[str, str], labels: Mapping[str, Any], emails: Mapping[str, str]
) -> DealCard:
    label = labels[deal.stage_id]
    return DealCard(
        deal.id,
        deal.name,
        deal.account_id,
        names[deal.account_id],
        deal.workspace_id,
        deal.primary_contact_id,
        deal.amount_minor,
        deal.currency,
        deal.pipeline_id,
        label.pipeline,
        deal.stage_id,
        label.stage,
        label.stage_vi,
        label.stage_en,
        deal.probability_pct,
        deal.probability_manual,
        deal.expected_close_date,
        deal.status,
        deal.closed_date,
        deal.lost_reason,
        deal.visibility,
        deal.owner_id,
        emails.get(deal.owner_id),
        deal.created_at,
        deal.version,
    )
