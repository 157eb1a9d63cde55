"""Deal rules: what may a deal be worth, who owns it, how likely is it, and how may it end?"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Protocol, TypeVar

from domain.kernel.clock import stamp
from domain.kernel.faults import Fault, Kind
from domain.kernel.folding import fold
from domain.kernel.money import MAX_JSON_MINOR, Money, currency_code
from domain.pipelines.templates import LostReason


class DealStatus(StrEnum):
    """Open, or one of three ends; CANCELLED counts neither as a win nor as a loss."""

    OPEN = "open"
    WON = "won"
    LOST = "lost"
    CANCELLED = "cancelled"


class Visibility(StrEnum):
    """Who may see a deal: everybody in the workspace, or its owner and the people listed."""

    WORKSPACE = "workspace"
    PRIVATE = "private"


# --- worth and chance ---


@dataclass(frozen=True, slots=True)
class Probability:
    """The chance of winning, 0 to 100 percent; a manual one stands until the next move."""

    pct: int
    manual: bool


def check_amount(minor: int, currency: str) -> Money:
    """What a deal is worth: 0 (not known yet) to 2^53-1 minor units.

    Raises Fault AMOUNT_INVALID or CURRENCY_UNKNOWN.
    """
    if type(minor) is not int or not 0 <= minor <= MAX_JSON_MINOR:
        raise Fault(
            "AMOUNT_INVALID",
            Kind.INVALID,
            "The amount of a deal is a whole number of minor units, not below 0.",
            "Give dong as they are and dollars in cents; 0 means not known yet.",
            {"min_minor": 0, "max_minor": MAX_JSON_MINOR},
        )
    return Money(minor, currency_code(currency))


def probability_on_move(stage_pct: int) -> Probability:
    """After a move the default of the new stage holds, whatever was set by hand before."""
    return Probability(stage_pct, manual=False)


def probability_by_hand(pct: int) -> Probability:
    """A chance somebody set. Raises Fault PROBABILITY_INVALID outside 0 to 100."""
    if type(pct) is not int or not 0 <= pct <= 100:
        raise Fault(
            "PROBABILITY_INVALID",
            Kind.INVALID,
            "A probability is a whole number of percent from 0 to 100.",
            "Leave it out to keep the default of the stage.",
            {"min_pct": 0, "max_pct": 100},
        )
    return Probability(pct, manual=True)


# --- who may see it ---


def check_owner(owner_id: str, person_id: str) -> None:
    """Raises Fault NOT_OWNER unless the person owns the deal: who sees it is for its owner."""
    if person_id != owner_id:
        raise Fault(
            "NOT_OWNER",
            Kind.FORBIDDEN,
            "Only the owner of a deal decides who sees it.",
            "Ask the owner, whom {deal} names.",
        )


# --- how it was moved ---

UNDO_WITHIN = timedelta(hours=24)


class HistoryStep(Protocol):
    """What taking a step back needs to know of it, row or value; `n` counts from 1."""

    @property
    def n(self) -> int: ...

    @property
    def undoes(self) -> int | None: ...

    @property
    def at(self) -> datetime: ...


StepT = TypeVar("StepT", bound=HistoryStep)


def undoable(steps: Sequence[StepT], now: datetime) -> tuple[StepT, StepT]:
    """The last step of a deal, which may be taken back now, and the one that then counts again.

    `steps` are all of them in their order, the first of which opened the deal. Only the last one
    can be undone, within a day, and an undo not again: one call brings back one step.

    Raises Fault NO_MOVE_TO_UNDO or UNDO_TOO_LATE.
    """
    last = steps[-1]
    undone = {step.undoes for step in steps} - {None}
    counting = [step for step in steps if step.undoes is None and step.n not in undone]
    if last.undoes is not None or len(counting) < 2:
        raise Fault(
            "NO_MOVE_TO_UNDO",
            Kind.CONFLICT,
            "The last thing that happened to the deal's stage was no move.",
            "Bring it to another stage with {move_stage}.",
        )
    if now - last.at > UNDO_WITHIN:
        raise Fault(
            "UNDO_TOO_LATE",
            Kind.CONFLICT,
            "The last move is more than 24 hours old and others may rely on it.",
            "Bring the deal to another stage with {move_stage}.",
            {"moved_at": stamp(last.at), "hours": UNDO_WITHIN // timedelta(hours=1)},
        )
    return last, counting[-2]


# --- how it ends ---


@dataclass(frozen=True, slots=True)
class Closing:
    """How a deal ends; `lost_reason` is a code of the pipeline, or words where it has none."""

    status: DealStatus
    lost_reason: str | None


class TerminalStage(Protocol):
    """What choosing an end needs to know of a stage, row or value."""

    @property
    def outcome(self) -> str | None: ...


StageT = TypeVar("StageT", bound=TerminalStage)


def check_open(status: str) -> None:
    """Raises Fault DEAL_CLOSED for a deal that has ended."""
    if status != DealStatus.OPEN:
        raise Fault(
            "DEAL_CLOSED",
            Kind.CONFLICT,
            f"The deal is already {DealStatus(status).value}.",
            "A closed deal does not change; open a new deal if the work goes on.",
            {"status": DealStatus(status).value},
        )


def check_close(outcome: str, lost_reason: str | None, allowed: Sequence[LostReason]) -> Closing:
    """How a deal may end: won, lost (with a reason) or cancelled (a reason is optional).

    The reason is a code of the pipeline's list or one of its two names, in any letter case and
    with or without marks; a pipeline without a list takes any words.

    Raises Fault OUTCOME_INVALID, LOST_REASON_REQUIRED, LOST_REASON_UNEXPECTED or
    LOST_REASON_UNKNOWN; the last ones name the reasons in `facts["allowed"]`.
    """
    status = _outcome(outcome)
    reason = (lost_reason or "").strip()
    if status == DealStatus.WON and reason:
        raise Fault(
            "LOST_REASON_UNEXPECTED",
            Kind.INVALID,
            "A deal that is won has no reason for being lost.",
            "Leave lost_reason out, or close the deal as lost.",
        )
    if status == DealStatus.LOST and not reason:
        raise _reason_fault("LOST_REASON_REQUIRED", "A lost deal needs a reason.", allowed)
    return Closing(status, _reason_code(reason, allowed) if reason else None)


def stage_for(outcome: DealStatus, stages: Iterable[StageT]) -> StageT:
    """The stage in which a deal with this outcome comes to stand.

    A pipeline without a stage for cancelled deals keeps them in its lost stage; their status
    still says cancelled. Raises Fault STAGE_UNKNOWN when the pipeline has no such end.
    """
    ends = {stage.outcome: stage for stage in stages if stage.outcome is not None}
    if outcome == DealStatus.CANCELLED and outcome not in ends:
        outcome = DealStatus.LOST
    if outcome not in ends:
        raise Fault(
            "STAGE_UNKNOWN",
            Kind.CONFLICT,
            f"The pipeline has no stage for deals that are {outcome.value}.",
            "An administrator has to add one to the pipeline first.",
        )
    return ends[outcome]


def _outcome(typed: str) -> DealStatus:
    outcomes = [status for status in DealStatus if status != DealStatus.OPEN]
    for status in outcomes:
        if status.value == typed.strip().lower():
            return status
    raise Fault(
        "OUTCOME_INVALID",
        Kind.INVALID,
        "A deal ends as won, lost or cancelled.",
        "To change the stage of an open deal use {move_stage}.",
        {"allowed": [status.value for status in outcomes]},
    )


def _reason_code(reason: str, allowed: Sequence[LostReason]) -> str:
    if not allowed:
        return reason
    wanted = fold(reason)
    for known in allowed:
        names = {fold(known.code), fold(known.name_vi), fold(known.name_en)}
        if wanted and wanted in names:
            return known.code
    raise _reason_fault("LOST_REASON_UNKNOWN", "This pipeline has no such reason.", allowed)


def _reason_fault(code: str, message: str, allowed: Sequence[LostReason]) -> Fault:
    codes = [known.code for known in allowed]
    return Fault(
        code,
        Kind.INVALID,
        message,
        f"Give lost_reason as one of {', '.join(codes)}." if codes else "Give lost_reason.",
        {"allowed": codes},
    )
