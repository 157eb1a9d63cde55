"""Queries of engagements: which engagement came out of a deal?"""

from sqlalchemy import select

from domain.engagements.tables import Engagement
from domain.store.tx import Tx


async def of_deal(tx: Tx, deal_id: str) -> Engagement | None:
    """The engagement that a won deal became."""
    return await tx.first(select(Engagement).where(Engagement.deal_id == deal_id))
