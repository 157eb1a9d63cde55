"""Closing a deal: how does it end? What follows from that stands above, in domain/closing.

Planning reads and refuses; closing does exactly what was planned. The database lets a deal be
closed only while an approved action for it is being carried out.
"""

from dataclasses import dataclass
from datetime import date
from typing import Any

from domain.deals import service
from domain.deals.cards import DealCard, card
from domain.deals.rules import Closing, check_close, check_open, stage_for
from domain.deals.tables import Deal
from domain.pipelines import service as pipelines
from domain.store import outbox
from domain.store.tx import Tx
from domain.store.visibility import Viewer


@dataclass(frozen=True, slots=True)
class End:
    """How a deal ends: status and reason, and the stage it will then stand in."""

    closing: Closing
    stage_id: str
    stage: str
    probability_pct: int


@dataclass(frozen=True, slots=True)
class ClosingPlan:
    """A deal as it is, and how it will end."""

    deal: DealCard
    end: End


def shown(deal: Any, *, stage: str, status: str) -> dict[str, Any]:
    """What the signatures on a closing cover beside the summary and the effects, which name the
    customer: the deal as it stood, of its card or, for whoever audits it, of its row.
    """
    kept = ("name", "account_id", "currency", "pipeline", "visibility", "owner_id")
    told = {name: getattr(deal, name) for name in kept}
    return {**told, "amount_minor": str(deal.amount_minor), "stage": stage, "status": status}


async def plan(
    tx: Tx,
    deal_id: str,
    *,
    viewer: Viewer,
    outcome: str,
    lost_reason: str | None,
    expected: service.Expected,
    hold: bool = False,
) -> ClosingPlan:
    """What closing a deal like this would do; nothing is changed, and `hold` keeps it so.

    Raises NOT_FOUND, DEAL_CLOSED, VERSION_CONFLICT, STAGE_CHANGED, OUTCOME_INVALID, STAGE_UNKNOWN,
    LOST_REASON_REQUIRED, LOST_REASON_UNEXPECTED and LOST_REASON_UNKNOWN.
    """
    deal = await service.load(tx, deal_id, viewer, lock=hold)
    end = await _end(tx, deal, outcome, lost_reason, expected)
    return ClosingPlan(await card(tx, deal.id), end)


async def close(
    tx: Tx,
    deal_id: str,
    *,
    viewer: Viewer,
    outcome: str,
    lost_reason: str | None,
    expected: service.Expected,
    on: date,
    closed_by: str,
) -> Deal:
    """Close a deal on a day. Raises what `plan` raises."""
    deal = await service.load(tx, deal_id, viewer, lock=True)
    end = await _end(tx, deal, outcome, lost_reason, expected)
    closing = end.closing

    start_id = deal.stage_id
    deal.status = closing.status.value
    deal.closed_date = on
    deal.lost_reason = closing.lost_reason
    deal.stage_id = end.stage_id
    deal.stage_entered_at = tx.at
    deal.probability_pct, deal.probability_manual = end.probability_pct, False
    deal.updated_at = tx.at
    await service.record_step(
        tx, deal.id, start_id, deal.stage_id, moved_by=closed_by, reason=closing.lost_reason
    )
    await tx.flush()
    outbox.emit(
        tx,
        f"deal.{deal.status}",
        deal_id=deal.id,
        account_id=deal.account_id,
        closed_date=on.isoformat(),
        visibility=deal.visibility,
        version=deal.version,
    )
    return deal


async def _end(
    tx: Tx, deal: Deal, outcome: str, lost_reason: str | None, expected: service.Expected
) -> End:
    check_open(deal.status)
    await service.check_expected(tx, deal, expected)
    pipeline = await pipelines.shape(tx, deal.pipeline_id)
    closing = check_close(outcome, lost_reason, pipeline.lost_reasons)
    stage = stage_for(closing.status, pipeline.stages)
    return End(closing, stage.id, stage.code, stage.probability_pct)
