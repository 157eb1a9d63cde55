"""How does a deal end, and what follows from it?

Planning reads and refuses; closing does exactly what was planned. The database lets a deal be
closed only while an approved action for it is being carried out.
"""

from dataclasses import dataclass
from datetime import date
from enum import StrEnum

from domain.deals import service
from domain.deals.cards import DealCard, card
from domain.deals.queries import Reader
from domain.deals.rules import Closing, DealStatus, check_close, check_open, stage_for
from domain.deals.tables import Deal
from domain.engagements import service as engagements
from domain.kernel.money import Money
from domain.payments import beneficiaries, requests
from domain.payments.beneficiaries import VND, Beneficiary
from domain.pipelines import service as pipelines
from domain.store import outbox
from domain.store.tx import Tx
from domain.vn.vietqr import LARGEST_AMOUNT


class Done(StrEnum):
    """How far a side effect got; PENDING will be done by itself."""

    DONE = "done"
    PENDING = "pending"
    SKIPPED = "skipped"


@dataclass(frozen=True, slots=True)
class SideEffect:
    """One thing that closing a deal may entail; `detail` is a code, or what was made."""

    kind: str
    state: Done
    detail: str


@dataclass(frozen=True, slots=True)
class End:
    """How a deal ends: status and reason, and the stage it will then stand in."""

    closing: Closing
    stage_id: str
    stage: str
    probability_pct: int


@dataclass(frozen=True, slots=True)
class Plan:
    """A deal as it is, how it will end, and into which account it is then to be paid."""

    deal: DealCard
    end: End
    into: Beneficiary | None


@dataclass(frozen=True, slots=True)
class Closed:
    """A deal that has ended, and what came of it, in the order it is done."""

    deal: DealCard
    engagement_id: str | None
    side_effects: tuple[SideEffect, ...]


async def plan(
    tx: Tx,
    deal_id: str,
    *,
    reader: Reader,
    outcome: str,
    lost_reason: str | None,
    expected: service.Expected,
    hold: bool = False,
) -> Plan:
    """What closing a deal like this would do; nothing is changed, and `hold` keeps it so.

    Raises NOT_FOUND, DEAL_CLOSED, VERSION_CONFLICT, STAGE_CHANGED, OUTCOME_INVALID, STAGE_UNKNOWN,
    LOST_REASON_REQUIRED, LOST_REASON_UNEXPECTED and LOST_REASON_UNKNOWN.
    """
    deal = await service.load(tx, deal_id, reader, lock=hold)
    end = await _end(tx, deal, outcome, lost_reason, expected)
    won = end.closing.status is DealStatus.WON
    return Plan(await card(tx, deal.id), end, await _into(tx, deal) if won else None)


async def close(
    tx: Tx,
    deal_id: str,
    *,
    reader: Reader,
    outcome: str,
    lost_reason: str | None,
    expected: service.Expected,
    on: date,
    closed_by: str,
) -> Closed:
    """Close a deal on a day and start what follows from it. Raises what `plan` raises."""
    deal = await service.load(tx, deal_id, reader, lock=True)
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
    engagement_id = await _engage(tx, deal) if closing.status is DealStatus.WON else None
    effects = await _side_effects(tx, deal, on, engagement_id, closed_by)
    return Closed(await card(tx, deal.id), engagement_id, effects)


async def _end(
    tx: Tx, deal: Deal, outcome: str, lost_reason: str | None, expected: service.Expected
) -> End:
    check_open(deal.status)
    await service.check_expected(tx, deal, expected)
    pipeline = await pipelines.shape(tx, deal.pipeline_id)
    closing = check_close(outcome, lost_reason, pipeline.lost_reasons)
    stage = stage_for(closing.status, pipeline.stages)
    return End(closing, stage.id, stage.code, stage.probability_pct)


async def _engage(tx: Tx, deal: Deal) -> str:
    engagement, _ = await engagements.create_for(
        tx,
        deal.id,
        account_id=deal.account_id,
        title=deal.name,
        worth=Money(deal.amount_minor, deal.currency),
    )
    return engagement.id


async def _into(tx: Tx, deal: Deal) -> Beneficiary | None:
    """The account a VietQR of this deal would name: there is one for dong alone."""
    payable = deal.currency == VND and 0 < deal.amount_minor <= LARGEST_AMOUNT
    return await beneficiaries.default(tx) if payable else None


async def _collect(tx: Tx, deal: Deal, asked_by: str) -> SideEffect:
    """The code the customer pays by. Closing confirms no account: that is a question of its own."""
    if deal.currency != VND or deal.amount_minor == 0:
        return _skipped("vietqr", "not_an_amount_in_vnd")
    if deal.amount_minor > LARGEST_AMOUNT:
        return _skipped("vietqr", "amount_too_large_for_a_code")
    into = await _into(tx, deal)
    if into is None:
        return _skipped("vietqr", "no_default_account")
    if into.never_used:
        return _skipped("vietqr", "first_use_needs_people")
    amount = Money(deal.amount_minor, deal.currency)
    asked = await requests.ask_for_deal(tx, deal.id, into.account, amount, requested_by=asked_by)
    where = f"bank={into.bank.short_name} account={into.account.account_number}"
    return SideEffect(
        "vietqr", Done.DONE, f"{where} amount={amount.minor:,} VND reference={asked.reference}"
    )


async def _side_effects(
    tx: Tx, deal: Deal, on: date, engagement_id: str | None, closed_by: str
) -> tuple[SideEffect, ...]:
    """What was done and what was not, each with the reason; nothing is said that is not so."""
    close = SideEffect("close", Done.DONE, f"status={deal.status} closed_date={on.isoformat()}")
    audit = SideEffect("audit", Done.DONE, "chained_with_this_change")
    if engagement_id is None:
        money = [_skipped(kind, "not_won") for kind in ("vietqr", "hoadon", "inv", "proj")]
        return close, *money, _brain(deal), audit
    return (
        close,
        await _collect(tx, deal, closed_by),
        _skipped("hoadon", "issued_when_the_invoice_is_sent"),
        _skipped("inv", "drafted_by_people"),
        SideEffect("proj", Done.DONE, f"engagement={engagement_id}"),
        _brain(deal),
        audit,
    )


def _brain(deal: Deal) -> SideEffect:
    """Only what ended as won or lost is remembered, and nothing private ever is."""
    if deal.status == DealStatus.CANCELLED:
        return _skipped("brain", "cancelled_deal")
    if deal.visibility == "private":
        return _skipped("brain", "private_deal")
    return SideEffect("brain", Done.PENDING, f"event=deal.{deal.status}")


def _skipped(kind: str, why: str) -> SideEffect:
    return SideEffect(kind, Done.SKIPPED, why)
