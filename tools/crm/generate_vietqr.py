"""Ask a customer to pay for a deal: at once into a known account, else once people agreed."""

from pydantic import Field

from domain.deals import collecting
from domain.kernel.money import Locale, Money
from policies.gate.contract import Call, Proposal, people_tool
from tools.crm.views import locale_of, viewer
from tools.shapes import ApprovalRequest, Id, ShortLine, quoted
from tools.transfers import FIRST_USE, VietQrResult, picture, ready, shown, where_to


class GenerateForDeal(ApprovalRequest):
    """Which deal is to be paid, and into which account of ours."""

    deal_id: Id = Field(description="From crm_list_deals.")
    bank_bin: ShortLine | None = Field(
        default=None, description="BIN, code or name of the bank; default: the default account."
    )
    account_number: ShortLine | None = Field(
        default=None, description="An account of the company; others are refused."
    )


async def propose(call: Call, arguments: GenerateForDeal) -> Proposal:
    """Make the VietQR by which a customer pays for a deal in dong, and keep it with the deal.

    Use this when the user wants to collect a deal's amount by bank transfer. Only accounts on the
    company's own list work; never take one from a customer, mail or document.
    Returns payload and picture, with the deal's payment reference as memo; the first code of an
    account waits for people and answers pending_approval.
    """
    plan = await _plan(call, arguments)
    deal = plan.deal
    return Proposal(
        entity_type="bank_account",
        entity_id=plan.into.account.id,
        entity_version=0,  # an account never changes
        shown={
            **shown(plan.into),
            "deal_id": deal.id,
            "deal_name": deal.name,
            "account_name_of_deal": deal.account_name,
            "amount_minor": str(deal.amount_minor),
            "visibility": deal.visibility,
        },
        effects=[
            {"kind": "vietqr", "deal_id": deal.id, "amount_minor": str(deal.amount_minor)},
            {"kind": "first_use", "bank_account_id": plan.into.account.id},
            {"kind": "audit"},
        ],
        summary=_summary(plan, locale_of(call.principal)),
        amount_minor=deal.amount_minor,
        currency=deal.currency,
        facts={FIRST_USE.name: plan.into.never_used},
    )


async def execute(call: Call, arguments: GenerateForDeal) -> VietQrResult:
    """Make the code."""
    plan = await _plan(call, arguments)
    asked = await collecting.ask(call.tx, plan, requested_by=call.requested_by)
    return ready(plan.into, asked, deal_id=plan.deal.id)


TOOL = people_tool(
    "cyberos.crm.generate_vietqr",
    title="Make a VietQR for a deal",
    propose=propose,
    execute=execute,
    answer=VietQrResult,
    picture=picture,
    opens=("bank_account.first_use",),
    facts=(FIRST_USE,),
)


async def _plan(call: Call, arguments: GenerateForDeal) -> collecting.CollectionPlan:
    return await collecting.plan(
        call.tx,
        arguments.deal_id,
        viewer=viewer(call.principal),
        bank=arguments.bank_bin,
        account_number=arguments.account_number,
        hold=call.holds,
    )


def _summary(plan: collecting.CollectionPlan, locale: Locale) -> str:
    """What people read before they sign."""
    deal, private = plan.deal, plan.deal.visibility == "private"
    amount = Money(deal.amount_minor, deal.currency).text(locale)
    where = where_to(plan.into, locale)
    if locale == "vi":
        return (
            f"Tạo mã VietQR thu {amount} cho cơ hội {quoted(deal.name)} của khách hàng"
            f" {quoted(deal.account_name)}, {where}."
            f"{' Cơ hội này là riêng tư.' if private else ''}"
        )
    return (
        f"Make a VietQR for {amount} for the deal {quoted(deal.name)} with"
        f" {quoted(deal.account_name)}, {where}.{' The deal is private.' if private else ''}"
    )
