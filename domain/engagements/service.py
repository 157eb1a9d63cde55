"""Engagements service: a won deal becomes work, without anybody typing it again."""

from domain.engagements import queries
from domain.engagements.rules import FIXED_FEE, Status
from domain.engagements.tables import Engagement
from domain.kernel.ids import new_id
from domain.kernel.money import Money
from domain.store import outbox
from domain.store.tx import Tx


async def create_for(
    tx: Tx, deal_id: str, *, account_id: str, title: str, worth: Money
) -> tuple[Engagement, bool]:
    """The engagement of a deal, and whether it is new: a deal has one, however often it is asked.

    It begins active and fixed-fee with the deal's name and amount, and without a rate card:
    nobody has said anything about rates yet.
    """
    there = await queries.of_deal(tx, deal_id)
    if there is not None:
        return there, False
    engagement = Engagement(
        id=new_id(),
        account_id=account_id,
        deal_id=deal_id,
        title=title,
        amount_minor=worth.minor,
        currency=worth.currency,
        billing_mode=FIXED_FEE,
        status=Status.ACTIVE.value,
        created_at=tx.at,
    )
    tx.add(engagement)
    await tx.flush()
    outbox.emit(tx, "engagement.created", engagement_id=engagement.id, deal_id=deal_id)
    return engagement, True
