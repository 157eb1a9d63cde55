"""End a deal as won, lost or cancelled: proposed by anybody, decided by people."""

from collections.abc import Mapping
from typing import Any

from pydantic import Field

from domain.closing import service as closing
from domain.deals.rules import DealStatus
from domain.deals.service import Expected
from domain.fx import service as fx
from domain.kernel.money import Money
from policies.approvals import rates
from policies.gate.contract import WORTH, About, Call, Fact, Proposal, people_tool
from policies.gate.display import Both, Display, DisplayField
from tools.crm.display_words import CUSTOMER, DEAL, PRIVATE, REASON, STAGE
from tools.crm.shapes import OutcomeName
from tools.crm.views import DEAL_WORDS, DealView, deal_view, viewer
from tools.shapes import (
    ApprovalRequest,
    Id,
    LongLine,
    NamedReference,
    View,
    untrusted_in,
)


class Close(ApprovalRequest):
    """Which deal, and how it ends."""

    deal_id: Id = Field(description="From crm_list_deals.")
    outcome: OutcomeName = Field(description="How it ended.")
    lost_reason: LongLine | None = Field(
        default=None, description="Code from crm_list_pipelines; needed when lost."
    )
    expected_version: int | None = Field(default=None, ge=1, description="Refuse if changed since.")
    expected_stage: NamedReference | None = Field(
        default=None, description="Refuse if it stands elsewhere."
    )


class SideEffectView(View):
    """One consequence: done, pending (its message is kept for whoever takes it) or skipped."""

    kind: str
    state: str
    detail: str


class CloseDealResult(View):
    """A closed deal, and what came of it in the order it was done."""

    deal: DealView
    side_effects: list[SideEffectView]
    engagement_id: str | None = None
    untrusted_fields: list[str] = Field(default_factory=list)

    def text(self) -> str:
        """A line for the deal, one for each consequence."""
        said = [f"[{one.kind}] {one.state}: {one.detail}" for one in self.side_effects]
        if self.engagement_id is not None:
            said.append(f"engagement {self.engagement_id}")
        return "\n".join([self.deal.text(), *said])

    def about(self) -> About:
        """The deal."""
        return About("deal", self.deal.id)


async def propose(call: Call, arguments: Close) -> Proposal:
    """Ask people to close a deal as won, lost or cancelled. It cannot be reopened.

    Use this when the user says a deal was won, lost or is off; stages before that are
    crm_move_stage's. A lost deal needs a lost_reason.
    An account manager approves, and a CRO too above 100,000 USD for one customer in 24 hours.
    Winning creates the engagement and drafts its invoice, which is sent separately.
    Returns pending_approval with an action id; follow it with approvals_get.
    """
    plan = await closing.plan(
        call.tx,
        arguments.deal_id,
        viewer=viewer(call.principal),
        outcome=arguments.outcome,
        lost_reason=arguments.lost_reason,
        expected=_expected(arguments),
        hold=call.holds,
    )
    deal = plan.deal
    amount, oldest = Money(deal.amount_minor, deal.currency), await rates.longest_age(call.tx)
    worth = await fx.in_usd(call.tx, amount, call.day, oldest=oldest)
    return Proposal(
        entity_type="deal",
        entity_id=deal.id,
        entity_version=deal.version,
        shown=closing.shown(deal),
        effects=_effects(plan),
        display=_display(plan),
        amount_minor=deal.amount_minor,
        currency=deal.currency,
        fx_rate_id=worth.rate_id,
        facts={WORTH: worth.usd_minor},
    )


async def execute(call: Call, arguments: Close) -> CloseDealResult:
    """Close the deal as it was approved."""
    closed = await closing.close(
        call.tx,
        arguments.deal_id,
        viewer=viewer(call.principal),
        outcome=arguments.outcome,
        lost_reason=arguments.lost_reason,
        expected=_expected(arguments),
        on=call.day,
        closed_by=call.requested_by,
    )
    deal = DealView(**deal_view(closed.deal, call.principal))
    return CloseDealResult(
        deal=deal,
        side_effects=[
            SideEffectView(kind=one.kind, state=one.state.value, detail=one.detail)
            for one in closed.side_effects
        ],
        engagement_id=closed.engagement_id,
        untrusted_fields=untrusted_in(deal, DEAL_WORDS, "/deal"),
    )


TOOL = people_tool(
    "cyberos.crm.close_deal",
    title="Close a deal",
    propose=propose,
    execute=execute,
    opens=("deal.close",),
    facts=(Fact(WORTH, "what the deal is worth in US cents, by the rate of the day"),),
)


def _expected(arguments: Close) -> Expected:
    return Expected(version=arguments.expected_version, stage=arguments.expected_stage)


def _effects(plan: closing.EndingPlan) -> list[dict[str, Any]]:
    """What will happen, in order. Days are left out: it may be carried out tomorrow."""
    deal, end = plan.deal, plan.end.closing
    effects: list[dict[str, Any]] = [
        {
            "kind": "close",
            "deal_id": deal.id,
            "status": end.status.value,
            "stage": plan.end.stage,
            "lost_reason": end.lost_reason,
        }
    ]
    effects += [dict(one.effect) for one in plan.foreseen if one.effect is not None]
    effects.append({"kind": "audit"})
    return effects


_OUTCOMES: Mapping[DealStatus, Both] = {
    DealStatus.WON: {
        "vi": "THẮNG: chốt cơ hội, sau đó không mở lại được",
        "en": "WON: the deal is closed and cannot be reopened",
    },
    DealStatus.LOST: {
        "vi": "THUA: chốt cơ hội, sau đó không mở lại được",
        "en": "LOST: the deal is closed and cannot be reopened",
    },
    DealStatus.CANCELLED: {
        "vi": "HUỶ: chốt cơ hội, sau đó không mở lại được",
        "en": "CANCELLED: the deal is closed and cannot be reopened",
    },
}


def _display(plan: closing.EndingPlan) -> Display:
    """What people read before they sign."""
    deal, end = plan.deal, plan.end.closing
    stage: Both = {"vi": deal.stage_vi, "en": deal.stage_en}
    fields = [
        DisplayField(DEAL, theirs=(deal.name,)),
        DisplayField(STAGE, theirs=(stage,)),
        *([DisplayField(REASON, theirs=(end.lost_reason,))] if end.lost_reason else []),
    ]
    return Display(
        outcome=_OUTCOMES[end.status],
        counterparty=DisplayField(CUSTOMER, theirs=(deal.account_name,)),
        fields=fields,
        notes=[
            *(one.says for one in plan.foreseen if one.says),
            *([PRIVATE] if deal.visibility == "private" else []),
        ],
    )
