"""Audit laws of deals: has every deal ended as people allowed, and stayed so?

What people were shown is made again from the row, and held against the digest that each of their
signatures covers: so name, customer and amount are theirs, whatever private value was erased.
"""

from collections.abc import Iterable, Mapping
from typing import Any

from sqlalchemy import select

from domain.deals import closing
from domain.deals.rules import DealStatus
from domain.deals.tables import Deal, StageMove
from domain.store.audit_laws import Approved, CarriedOut, Written, last_written, pages
from domain.store.audit_report import Report
from domain.store.references import referred
from domain.store.tx import Tx

CLOSE = "deal.close"
_PIPELINE = referred("pipeline", "code", by=Deal.pipeline_id)
_STAGE = referred("stage", "code", by=Deal.stage_id)
_BEFORE = referred("stage", "code", by=StageMove.from_stage_id)
_DEAL = (
    select(
        *(Deal.id, Deal.name, Deal.account_id, Deal.amount_minor, Deal.currency, Deal.status),
        *(Deal.lost_reason, Deal.visibility, Deal.owner_id),
        _PIPELINE.columns.code.label("pipeline"),
        _STAGE.columns.code.label("stage"),
    )
    .join(_PIPELINE.table, _PIPELINE.condition)
    .join(_STAGE.table, _STAGE.condition)
)
_MOVES = (
    select(StageMove.deal_id, _BEFORE.columns.code)
    .join(_BEFORE.table, _BEFORE.condition)
    .order_by(StageMove.deal_id, StageMove.n)
)


async def ended_as_allowed(tx: Tx, report: Report, approved: Approved) -> None:
    """What people closed is as they signed it, and nothing was written to it since."""
    async for page in approved.carried_out(CLOSE):
        ids = [action.entity_id for action in page]
        deals = {row.id: row for row in await tx.rows(_DEAL.where(Deal.id.in_(ids)))}
        before = await _stages_before(tx, ids)
        written = await last_written(tx, Deal, deals)
        for action in page:
            deal = deals.get(action.entity_id)
            _check(report, action, deal, before.get(action.entity_id, ""))
            _check_written(report, action, written.get(action.entity_id))


async def _stages_before(tx: Tx, deal_ids: Iterable[str]) -> Mapping[str, str]:
    """Where each of these deals stood before its last step."""
    moves = await tx.rows(_MOVES.where(StageMove.deal_id.in_(list(deal_ids))))
    return {row.deal_id: row.code for row in moves}


def _check(report: Report, action: CarriedOut, deal: Any, stage_before: str) -> None:
    place, end = f"deal {action.entity_id}", action.effect("close")
    status = "gone" if deal is None else deal.status
    if status != action.arguments.get("outcome"):
        wanted = action.arguments.get("outcome")
        report.found(place, f"is {status}, and action {action.action_id} closed it as {wanted}")
    if deal is None:
        return
    if (deal.amount_minor, deal.currency) != (action.amount_minor, action.currency):
        what = "was signed for another amount than it was carried out for"
        report.found(f"action {action.action_id}", what)
    shown = closing.shown(deal, stage=stage_before, status=DealStatus.OPEN.value)
    if not action.was_shown(shown):
        report.found(place, f"is not what people were shown who signed action {action.action_id}")
    if (deal.stage, deal.lost_reason) != (end.get("stage"), end.get("lost_reason")):
        report.found(place, f"did not end as action {action.action_id} was signed for")


def _check_written(report: Report, action: CarriedOut, last: Written | None) -> None:
    if last is not None and not last.is_effect_of(action):
        what = f"was written by entry {last.seq} after action {action.action_id} closed it"
        report.found(f"deal {action.entity_id}", what)


async def ended_by_people(tx: Tx, report: Report, approved: Approved) -> None:
    """Every deal that ended has the action that people approved for it."""
    ended = select(Deal.id, Deal.status).where(Deal.status != DealStatus.OPEN.value)
    async for page in pages(tx, ended, Deal.id):
        closed = await approved.about(CLOSE, [row.id for row in page])
        for row in page:
            if row.id not in closed:
                what = f"is {row.status} without an approval that was carried out"
                report.found(f"deal {row.id}", what)
