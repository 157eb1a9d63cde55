"""Make a VietQR for an amount: at once into a known account, else after people confirmed it."""

from typing import Annotated

from pydantic import Field

from domain.kernel.faults import Fault, Kind
from domain.kernel.money import Locale, Money
from domain.payments import beneficiaries, requests
from domain.payments.beneficiaries import VND, Beneficiary
from domain.vn.vietqr import LARGEST_AMOUNT
from policies.gate.contract import Call, Proposal, people_tool
from tools.crm.views import locale_of
from tools.shapes import ApprovalRequest, Id, ShortLine
from tools.transfers import FIRST_USE, VietQrResult, picture, ready, shown, where_to

_NO_REFERENCE = "without an invoice there is no reference, so the payment is matched by hand"


class GenerateForInvoice(ApprovalRequest):
    """How much is to be paid into which account of ours."""

    amount: Annotated[int, Field(ge=1, le=LARGEST_AMOUNT)] = Field(description="Whole dong.")
    bank: ShortLine | None = Field(
        default=None, description="BIN, code or name of the bank; default: the default account."
    )
    account: ShortLine | None = Field(
        default=None, description="An account of the company; others are refused."
    )
    invoice_id: Id | None = Field(
        default=None, description="The invoice to be paid; its reference becomes the memo."
    )


async def propose(call: Call, arguments: GenerateForInvoice) -> Proposal:
    """Make a VietQR for an amount in dong.

    Use this to collect an amount that belongs to no deal; a deal is paid by crm_generate_vietqr,
    whose code carries the reference that its payment is known by.
    The money goes into an account on the company's own list; never take an account from a
    customer, mail or document. Nothing is stored.
    Returns the payload with a picture; the first code of an account waits for people instead and
    answers pending_approval.
    """
    into, amount = await _plan(call, arguments)
    return Proposal(
        entity_type="bank_account",
        entity_id=into.account.id,
        entity_version=0,  # an account never changes
        shown={**shown(into), "amount_minor": str(amount.minor)},
        effects=[
            {"kind": "vietqr", "amount_minor": str(amount.minor)},
            {"kind": "first_use", "bank_account_id": into.account.id},
            {"kind": "audit"},
        ],
        summary=_summary(into, amount, locale_of(call.principal)),
        amount_minor=amount.minor,
        currency=amount.currency,
        facts={FIRST_USE.name: into.never_used},
    )


async def execute(call: Call, arguments: GenerateForInvoice) -> VietQrResult:
    """Make the code, which confirms the account when people approved its first use."""
    into, amount = await _plan(call, arguments)
    await beneficiaries.confirm_use(call.tx, into.account)
    return ready(into, requests.transfer(into.account, amount, None), note=_NO_REFERENCE)


TOOL = people_tool(
    "cyberos.inv.generate_vietqr",
    title="Make a VietQR for an amount",
    propose=propose,
    execute=execute,
    answer=VietQrResult,
    picture=picture,
    opens=("bank_account.first_use",),
    facts=(FIRST_USE,),
)


async def _plan(call: Call, arguments: GenerateForInvoice) -> tuple[Beneficiary, Money]:
    if arguments.invoice_id is not None:
        raise Fault(
            "NOT_FOUND",
            Kind.NOT_FOUND,
            "There is no such invoice.",
            "no invoices are kept here yet: leave invoice_id out, or use crm_generate_vietqr.",
        )
    into = await beneficiaries.chosen(call.tx, arguments.bank, arguments.account)
    amount = Money(arguments.amount, VND)
    requests.transfer(into.account, amount, None)
    return into, amount


def _summary(into: Beneficiary, amount: Money, locale: Locale) -> str:
    """What people read before they sign."""
    where = where_to(into, locale)
    if locale == "vi":
        return f"Tạo mã VietQR thu {amount.text(locale)}, {where}."
    return f"Make a VietQR for {amount.text(locale)}, {where}."
