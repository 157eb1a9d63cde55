"""Audit laws of deals: has every deal ended as people allowed, and stayed so?"""

from sqlalchemy import select

from domain.deals.tables import Deal
from domain.store.audit_laws import Approved, CarriedOut, Written, last_written, pages
from domain.store.audit_report import Report
from domain.store.tx import Tx

CLOSE = "deal.close"


async def ended_as_allowed(tx: Tx, report: Report, approved: Approved) -> None:
    """What people closed is as they signed it, and nothing was written to it since."""
    async for page in approved.carried_out(CLOSE):
        rows = await tx.rows(
            select(Deal.id, Deal.status, Deal.amount_minor, Deal.currency).where(
                Deal.id.in_([action.entity_id for action in page])
            )
        )
        deals = {row.id: row for row in rows}
        written = await last_written(tx, Deal, deals)
        for action in page:
            _check(report, action, deals.get(action.entity_id), written.get(action.entity_id))


def _check(report: Report, action: CarriedOut, deal: object, last: Written | None) -> None:
    place, wanted = f"deal {action.entity_id}", action.arguments.get("outcome")
    status = getattr(deal, "status", "gone")
    if status != wanted:
        what = f"is {status}, and action {action.action_id} closed it as {wanted}"
        report.found(place, what)
    if deal is None:
        return
    worth = getattr(deal, "amount_minor", None), getattr(deal, "currency", None)
    if worth != (action.amount_minor, action.currency):
        what = "was signed for another amount than it was carried out for"
        report.found(f"action {action.action_id}", what)
    if last is not None and not last.is_effect_of(action):
        what = f"was written by entry {last.seq} after action {action.action_id} closed it"
        report.found(place, what)


async def ended_by_people(tx: Tx, report: Report, approved: Approved) -> None:
    """Every deal that ended has the action that people approved for it."""
    ended = select(Deal.id, Deal.status).where(Deal.status != "open")
    async for page in pages(tx, ended, Deal.id):
        closed = await approved.about(CLOSE, [row.id for row in page])
        for row in page:
            if row.id not in closed:
                what = f"is {row.status} without an approval that was carried out"
                report.found(f"deal {row.id}", what)
