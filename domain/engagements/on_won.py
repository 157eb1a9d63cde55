"""Engagements of won deals: a won deal becomes work, and people are told so before they sign."""

from domain.engagements import service
from domain.engagements.rules import FIXED_FEE
from domain.store.declarations import Done, Foreseen, SideEffect, WonDeal
from domain.store.tx import Tx

KIND = "proj"


async def foresee(_tx: Tx, deal: WonDeal) -> Foreseen:
    """An engagement of the deal's worth; a deal has one, however often it is asked for."""
    return Foreseen(
        {
            "kind": KIND,
            "title": deal.name,
            "billing_mode": FIXED_FEE,
            "amount_minor": str(deal.worth.minor),
            "currency": deal.worth.currency,
        },
        {
            "vi": "Một hợp đồng công việc (Engagement) trọn gói cùng trị giá sẽ được tạo.",
            "en": "An engagement with a fixed fee of the same amount will be created.",
        },
    )


async def create(tx: Tx, deal: WonDeal, _by: str) -> SideEffect:
    """Make it."""
    engagement, _ = await service.create_for(
        tx, deal.id, account_id=deal.account_id, title=deal.name, worth=deal.worth
    )
    return SideEffect(KIND, Done.DONE, f"engagement={engagement.id}", engagement.id)
