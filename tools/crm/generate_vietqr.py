"""Ask a customer to pay for a deal: at once into a known account, else once people agreed."""

from pydantic import Field

from domain.deals import collecting
from policies.gate.contract import Call, Proposal, people_tool
from policies.gate.display import Display, DisplayField
from tools.crm.display_words import CUSTOMER, DEAL, PRIVATE
from tools.crm.views import viewer
from tools.shapes import ApprovalRequest, Id, ShortLine
from tools.transfers import FIRST_USE, VietQrResult, display, picture, ready, shown


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
        display=_display(plan),
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


def _display(plan: collecting.CollectionPlan) -> Display:
    """What people read before they sign."""
    deal = plan.deal
    return display(
        plan.into,
        counterparty=DisplayField(CUSTOMER, theirs=(deal.account_name,)),
        about=[DisplayField(DEAL, theirs=(deal.name,))],
        notes=[PRIVATE] if deal.visibility == "private" else [],
    )
