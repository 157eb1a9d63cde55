"""Undo of the last move of an open deal: one more step in its history, never one less."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from domain.approvals import queries as approvals
from domain.deals import queries, service
from domain.deals.cards import DealCard, card
from domain.deals.rules import check_open, undoable
from domain.kernel.faults import Fault, Kind
from domain.pipelines import queries as pipelines
from domain.store import outbox
from domain.store.tx import Tx
from domain.store.visibility import Viewer


@dataclass(frozen=True, slots=True)
class Undone:
    """A deal back where it stood, and the stage it was taken back from."""

    deal: DealCard
    from_stage: str


async def undo(
    tx: Tx,
    deal_id: str,
    *,
    viewer: Viewer,
    reason: str | None,
    expected: service.Expected,
    undone_by: str,
) -> Undone:
    """Bring an open deal back to the stage before its last move, as if it had never left it.

    Chance and time in the stage are those from before. What became known with the move stays
    known. The pipeline is not asked whether it allows the way back: the deal was there.

    Raises NOT_FOUND, DEAL_CLOSED, VERSION_CONFLICT, STAGE_CHANGED, NO_MOVE_TO_UNDO,
    UNDO_TOO_LATE and ACTION_WAITING (people are asked about the deal as it stands now).
    """
    deal = await service.load(tx, deal_id, viewer, lock=True)
    check_open(deal.status)
    await service.check_expected(tx, deal, expected)
    steps: Sequence[Any] = await queries.moves(tx, deal.id)
    last, before = undoable(steps, tx.at)
    assert last.from_stage_id is not None, "only the first step comes from nowhere"
    if waiting := await approvals.waiting_about(tx, deal.id, tx.at):
        raise Fault(
            "ACTION_WAITING",
            Kind.CONFLICT,
            "People are being asked about the deal in the stage it stands in.",
            "Wait for their decision, or take your action back with {cancel_action}.",
            {"action_ids": list(waiting)},
        )
    labels = await pipelines.labels(tx, [last.from_stage_id, last.to_stage_id])
    home = labels[last.from_stage_id]

    deal.stage_id = last.from_stage_id
    deal.stage_entered_at = before.at
    if last.from_probability_pct is None:  # a move from before chances were kept
        deal.probability_pct, deal.probability_manual = home.probability_pct, False
    else:
        deal.probability_pct = last.from_probability_pct
        deal.probability_manual = bool(last.from_probability_manual)
    deal.updated_at = tx.at
    await service.record_step(
        tx, deal.id, last.to_stage_id, deal.stage_id,
        moved_by=undone_by, reason=reason, undoes=last.n,
    )  # fmt: skip
    await tx.flush()
    outbox.emit(
        tx,
        "deal.stage_moved",
        deal_id=deal.id,
        from_stage=labels[last.to_stage_id].stage,
        to_stage=home.stage,
        version=deal.version,
        visibility=deal.visibility,
    )
    return Undone(await card(tx, deal.id), labels[last.to_stage_id].stage)
