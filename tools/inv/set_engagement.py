"""Set what is worked for an account and at which rates: proposed by anybody, decided by an AM."""

from collections.abc import Mapping
from typing import Annotated, Any

from pydantic import Field

from domain.engagements import setting
from domain.engagements.rules import MOST_RATES, Rate, Status
from domain.engagements.setting import Plan, State, Terms
from domain.kernel.money import Money
from domain.vat.rates import VatCategory
from policies.gate.contract import Call, Fact, Proposal, people_tool
from policies.gate.display import NOTHING, Both, Display, DisplayField, in_both
from tools.crm.display_words import CUSTOMER
from tools.inv import display_words as words
from tools.inv.shapes import EngagementStatus, RateLine, VatCategoryName
from tools.inv.work_views import EngagementView, engagement_view
from tools.shapes import ApprovalRequest, Currency, Id, LongLine, Reference, ShortLine

CHANGES_BILLING = Fact("changes_billing", "1, because it changes what a customer is billed")


class SetEngagement(ApprovalRequest):
    """Which engagement, and what is different."""

    code: ShortLine | None = Field(
        default=None, description="Its name, such as acme-q2-2026; a new code is a new engagement."
    )
    engagement_id: Reference | None = Field(
        default=None, description="Instead of the code, for one of a won deal."
    )
    account_id: Id | None = Field(default=None, description="Needed for a new one.")
    currency: Currency | None = Field(default=None, description="Needed for a new one.")
    rates: Annotated[list[RateLine], Field(max_length=MOST_RATES)] | None = Field(
        default=None, description="The whole new rate card; needed for a new one."
    )
    vat_category: VatCategoryName | None = Field(
        default=None, description="As the user decided; nothing is sent before there is one."
    )
    evidence: LongLine | None = Field(
        default=None, description="Contract and proof of payment: zero needs it."
    )
    status: EngagementStatus | None = Field(
        default=None, description="Time is logged for active ones; default: active."
    )


async def propose(call: Call, arguments: SetEngagement) -> Proposal:
    """Ask people to set an engagement: for whom we work, at which hourly rates, with which VAT.

    Use this when the user names new work, rates that change, the VAT category, or that work is
    paused or over; a code that is there is changed, what is left out stays.
    An account manager approves. Time that is logged keeps its rate. The VAT category is the
    user's decision: never choose one yourself.
    Returns pending_approval with an action id; follow it with approvals_get.
    """
    plan = await setting.plan(call.tx, _terms(arguments), hold=call.holds)
    before = _fields(plan.before) if plan.before else None
    shown = {"account_name": plan.account_name, "before": before, "after": _fields(plan.after)}
    return Proposal(
        entity_type="engagement",
        entity_id=plan.id,
        entity_version=plan.version,
        shown=shown,
        effects=[
            {"kind": "engagement", "id": plan.id, "before": before, "after": shown["after"]},
            {"kind": "audit"},
        ],
        display=_display(plan),
        facts={CHANGES_BILLING.name: 1},
    )


async def execute(call: Call, arguments: SetEngagement) -> EngagementView:
    """Set the engagement as it was approved."""
    row = await setting.carry_out(call.tx, _terms(arguments), set_by=call.requested_by)
    state = await setting.state_of(call.tx, row)
    return EngagementView(**engagement_view(row, state.rates))


TOOL = people_tool(
    "cyberos.inv.set_engagement",
    title="Set an engagement and its rates",
    propose=propose,
    execute=execute,
    opens=("engagement.set",),
    facts=(CHANGES_BILLING,),
)


def _terms(arguments: SetEngagement) -> Terms:
    rates = arguments.rates
    category, status = arguments.vat_category, arguments.status
    return Terms(
        code=arguments.code,
        engagement_id=arguments.engagement_id,
        account_id=arguments.account_id,
        currency=arguments.currency,
        rates=[Rate(one.role, one.rate_minor, one.phase) for one in rates] if rates else None,
        vat_category=VatCategory(category) if category else None,
        evidence=arguments.evidence,
        status=Status(status) if status else None,
    )


def _fields(state: State) -> dict[str, Any]:
    """A state as people and their signature are shown it; amounts as text, whatever their size."""
    return {
        "code": state.code,
        "account_id": state.account_id,
        "currency": state.currency,
        "billing_mode": state.billing_mode,
        "status": state.status.value,
        "vat_category": state.vat_category.value if state.vat_category else None,
        "evidence": state.evidence,
        "rates": [
            {"role": one.role, "phase": one.phase, "rate_minor": str(one.rate_minor)}
            for one in state.rates
        ],
    }


_BEGIN: Both = {"vi": "LẬP hợp đồng công việc", "en": "BEGIN an engagement"}
_CHANGE: Both = {"vi": "SỬA hợp đồng công việc", "en": "CHANGE an engagement"}
_STATUS: Mapping[Status, Both] = {
    Status.ACTIVE: {"vi": "đang thực hiện", "en": "active"},
    Status.PAUSED: {"vi": "tạm dừng", "en": "paused"},
    Status.CLOSED: {"vi": "đã kết thúc", "en": "closed"},
}
_UNDECIDED: Both = {"vi": "chưa có", "en": "none yet"}
_KEEPS_ITS_RATE: Both = {
    "vi": "Giờ đã ghi giữ đơn giá cũ.",
    "en": "Time that is logged keeps its rate.",
}


def _display(plan: Plan) -> Display:
    """What people read before they sign: rates before names, what was before what will be."""
    before, after = plan.before, plan.after
    repriced = before is not None and before.rates != after.rates
    old = _card(words.RATE_BEFORE, before) if before is not None and repriced else []
    category = after.vat_category.value if after.vat_category else _UNDECIDED
    return Display(
        outcome=_CHANGE if before else _BEGIN,
        counterparty=DisplayField(CUSTOMER, theirs=(plan.account_name,)),
        fields=[
            DisplayField(words.ENGAGEMENT, theirs=(after.code or plan.id,)),
            *old,
            *_card(words.RATE, after),
            DisplayField(words.VAT_CATEGORY, category),
            *([DisplayField(words.EVIDENCE, theirs=(after.evidence,))] if after.evidence else []),
            DisplayField(words.STATUS, _STATUS[after.status]),
        ],
        notes=[_KEEPS_ITS_RATE] if repriced else [],
    )


def _card(label: Both, state: State) -> list[DisplayField]:
    """A line for each rate, the amount before role and phase."""
    return [
        DisplayField(
            label,
            in_both(Money(one.rate_minor, state.currency).text),
            (one.role, one.phase) if one.phase else (one.role,),
        )
        for one in state.rates
    ] or [DisplayField(label, NOTHING)]
