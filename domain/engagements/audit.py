"""Audit laws of engagements: does every won deal have the one that was made of it, and no other?"""

from sqlalchemy import select

from domain.engagements.tables import Engagement
from domain.store.audit_laws import Approved, last_written, pages
from domain.store.audit_report import Report
from domain.store.tx import Tx

_CLOSE = "deal.close"
_WON = "won"


async def made_of_won_deals(tx: Tx, report: Report, approved: Approved) -> None:
    """Every engagement was made by the action that won its deal."""
    all_of_them = select(Engagement.id, Engagement.deal_id)
    async for page in pages(tx, all_of_them, Engagement.id):
        closings = await approved.about(_CLOSE, [row.deal_id for row in page])
        written = await last_written(tx, Engagement, [row.id for row in page])
        for row in page:
            place, closing = f"engagement {row.id}", closings.get(row.deal_id)
            if closing is None or closing.arguments.get("outcome") != _WON:
                report.found(place, "is there, and nobody allowed that its deal was won")
            elif row.id in written and not written[row.id].is_effect_of(closing):
                what = f"was written by entry {written[row.id].seq}, and not by its deal's action"
                report.found(place, what)


async def won_deals_have_one(tx: Tx, report: Report, approved: Approved) -> None:
    """A deal that people won has an engagement."""
    async for page in approved.carried_out(_CLOSE):
        won = [each for each in page if each.arguments.get("outcome") == _WON]
        deal_ids = [each.entity_id for each in won]
        there = await tx.all(select(Engagement.deal_id).where(Engagement.deal_id.in_(deal_ids)))
        for each in won:
            if each.entity_id not in there:
                what = f"was won by action {each.action_id}, and has no engagement"
                report.found(f"deal {each.entity_id}", what)
