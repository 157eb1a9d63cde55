"""Queries of suggestions: which were made, which dismissed, and which acted on?"""

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import Select, select

from domain.insight.tables import DismissedAction, SuggestedAction
from domain.store.tx import Tx


async def dismissed(tx: Tx) -> Sequence[Any]:
    """The proposals that somebody does not want to see now: `deal_id`, `proposal_id`."""
    of_deal = select(DismissedAction.deal_id, DismissedAction.proposal_id)
    return await tx.rows(of_deal.where(DismissedAction.until > tx.at).distinct())


async def dismissal(tx: Tx, proposal_id: str, deal_ids: "Select[str]") -> DismissedAction | None:
    """The dismissal that keeps a proposal about one of these deals away now."""
    return await tx.first(
        select(DismissedAction)
        .where(
            DismissedAction.proposal_id == proposal_id,
            DismissedAction.until > tx.at,
            DismissedAction.deal_id.in_(deal_ids),
        )
        .order_by(DismissedAction.id)
    )


async def dismissals(
    tx: Tx, deal_ids: "Select[str]", *, since: datetime
) -> Sequence[DismissedAction]:
    """Every dismissal about these deals from an instant on."""
    return await tx.all(
        select(DismissedAction).where(
            DismissedAction.deal_id.in_(deal_ids), DismissedAction.dismissed_at >= since
        )
    )


async def known(tx: Tx, deal_ids: "Select[str]") -> set[str]:
    """Everything that was ever suggested about these deals, by its id."""
    found = await tx.all(select(SuggestedAction.id).where(SuggestedAction.deal_id.in_(deal_ids)))
    return set(found)


async def suggested(
    tx: Tx, deal_ids: "Select[str]", *, since: datetime
) -> Sequence[SuggestedAction]:
    """What was suggested about these deals from an instant on, oldest first."""
    return await tx.all(
        select(SuggestedAction)
        .where(SuggestedAction.deal_id.in_(deal_ids), SuggestedAction.suggested_at >= since)
        .order_by(SuggestedAction.suggested_at, SuggestedAction.id)
    )
