"""Consequences of a deal that ends: each module that declares one foresees it and does its part.

Everything happens in the transaction that closes the deal, or nothing does.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any

from domain.deals import cards, closing
from domain.deals.cards import DealCard
from domain.deals.closing import End
from domain.deals.service import Expected
from domain.kernel.money import Money
from domain.store.declarations import (
    Consequence,
    Done,
    Foreseen,
    SideEffect,
    WonDeal,
    skipped,
)
from domain.store.descriptor import modules
from domain.store.tx import Tx
from domain.store.visibility import Viewer

WON, CANCELLED = "won", "cancelled"


@dataclass(frozen=True, slots=True)
class EndingPlan:
    """A deal as it is, how it will end, and what would follow, in the order it is done."""

    deal: DealCard
    end: End
    foreseen: tuple[Foreseen, ...]


@dataclass(frozen=True, slots=True)
class Closed:
    """A deal that has ended, and what came of it, in the order of the answer."""

    deal: DealCard
    engagement_id: str | None
    side_effects: tuple[SideEffect, ...]


async def plan(
    tx: Tx,
    deal_id: str,
    *,
    viewer: Viewer,
    outcome: str,
    lost_reason: str | None,
    expected: Expected,
    hold: bool = False,
) -> EndingPlan:
    """What closing a deal like this would do; nothing is changed, and `hold` keeps it so.

    Raises what `deals.closing.plan` raises.
    """
    planned = await closing.plan(
        tx, deal_id, viewer=viewer, outcome=outcome, lost_reason=lost_reason, expected=expected,
        hold=hold,
    )  # fmt: skip
    foreseen: list[Foreseen] = []
    if planned.end.closing.status == WON:
        won = _won(planned.deal)
        foreseen = [await one.foresee(tx, won) for one in _consequences()]
    return EndingPlan(planned.deal, planned.end, tuple(foreseen))


async def close(
    tx: Tx,
    deal_id: str,
    *,
    viewer: Viewer,
    outcome: str,
    lost_reason: str | None,
    expected: Expected,
    on: date,
    closed_by: str,
) -> Closed:
    """Close a deal on a day and do what follows from it. Raises what `plan` raises."""
    await closing.close(
        tx, deal_id, viewer=viewer, outcome=outcome, lost_reason=lost_reason, expected=expected,
        on=on, closed_by=closed_by,
    )  # fmt: skip
    deal = await cards.card(tx, deal_id)
    followed: dict[str, SideEffect] = {}
    for one in _consequences():
        if deal.status == WON:
            followed[one.kind] = await one.do(tx, _won(deal), closed_by)
        else:
            followed[one.kind] = skipped(one.kind, "not_won")
    lines = sorted(_consequences(), key=lambda one: one.line)
    proj = followed.get("proj")
    return Closed(
        deal,
        proj.made if proj else None,
        (
            SideEffect("close", Done.DONE, f"status={deal.status} closed_date={on.isoformat()}"),
            *(followed[one.kind] for one in lines),
            _brain(deal),
            SideEffect("audit", Done.DONE, "chained_with_this_change"),
        ),
    )


def shown(deal: DealCard) -> dict[str, Any]:
    """What the signatures on a closing cover of the deal, beside its summary and its effects."""
    return closing.shown(deal, stage=deal.stage, status=deal.status)


def _won(deal: DealCard) -> WonDeal:
    worth = Money(deal.amount_minor, deal.currency)
    return WonDeal(deal.id, deal.account_id, deal.name, worth, deal.closed_date)


def _consequences() -> Sequence[Consequence]:
    return in_order([one for module in modules() for one in module.on_won])


def in_order(declared: Sequence[Consequence]) -> Sequence[Consequence]:
    """What modules declare, in the order it is done, and what no module has declared yet."""
    kinds = {one.kind for one in declared}
    missing = [one for one in _LEFT_TO_PEOPLE if one.kind not in kinds]
    return sorted([*declared, *missing], key=lambda one: one.rank)


def _left_to_people(kind: str, why: str, *, rank: int, line: int, vi: str, en: str) -> Consequence:
    """What the answer says of an e-invoice until a module declares a consequence of this kind."""

    async def foresee(_tx: Tx, _deal: WonDeal) -> Foreseen:
        return Foreseen(says={"vi": vi, "en": en})

    async def do(_tx: Tx, _deal: WonDeal, _by: str) -> SideEffect:
        return skipped(kind, why)

    return Consequence(kind=kind, rank=rank, line=line, foresee=foresee, do=do)


_LEFT_TO_PEOPLE = (
    _left_to_people(
        "hoadon",
        "issued_when_the_invoice_is_sent",
        rank=30,
        line=20,
        vi="Hóa đơn chưa được phát hành ở bước này.",
        en="No invoice is issued in this step.",
    ),
)


def _brain(deal: DealCard) -> SideEffect:
    """Only what ended as won or lost is for a receiver, and nothing private ever is.

    The message is written with the closing and kept until somebody subscribes, 400 days long.
    """
    if deal.status == CANCELLED:
        return skipped("brain", "cancelled_deal")
    if deal.visibility == "private":
        return skipped("brain", "private_deal")
    return SideEffect("brain", Done.PENDING, f"event=deal.{deal.status}")
