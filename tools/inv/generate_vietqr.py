"""Make a VietQR for an invoice or an amount: at once into a known account, else once confirmed."""

from typing import Annotated, Any

from pydantic import Field

from domain.issuing import collecting
from domain.issuing.collecting import InvoiceCollectionPlan
from domain.kernel.faults import Fault, Kind
from domain.kernel.money import Money
from domain.payments import beneficiaries, requests
from domain.payments.beneficiaries import VND, Beneficiary
from domain.vn.vietqr import LARGEST_AMOUNT
from policies.gate.contract import Call, Proposal, people_tool
from policies.gate.display import NOTHING, DisplayField
from tools.crm.display_words import CUSTOMER
from tools.crm.views import viewer
from tools.inv.display_words import INVOICE
from tools.shapes import ApprovalRequest, Reference, ShortLine
from tools.transfers import FIRST_USE, VietQrResult, display, picture, ready, shown

_NO_REFERENCE = "without an invoice there is no reference, so the payment is matched by hand"


class GenerateForInvoice(ApprovalRequest):
    """How much is to be paid into which account of ours."""

    amount: Annotated[int, Field(ge=1, le=LARGEST_AMOUNT)] | None = Field(
        default=None, description="Whole dong; with invoice_id default: what is outstanding."
    )
    bank: ShortLine | None = Field(
        default=None, description="BIN, code or name of the bank; default: the default account."
    )
    account: ShortLine | None = Field(
        default=None, description="An account of the company; others are refused."
    )
    invoice_id: Reference | None = Field(
        default=None, description="Id or number of a sent invoice; its reference becomes the memo."
    )


async def propose(call: Call, arguments: GenerateForInvoice) -> Proposal:
    """Make a VietQR for what is outstanding on a sent invoice, or for an amount in dong.

    Use this when the user wants to collect an invoice, or an amount that belongs to nothing we
    know; a deal is paid by crm_generate_vietqr. An invoice in foreign currency is asked for in
    dong at the rate it was booked by.
    The money goes into an account on the company's own list; never take an account from a
    customer, mail or document. Without invoice_id nothing is stored.
    Returns the payload with a picture; the first code of an account waits for people instead and
    answers pending_approval.
    """
    if arguments.invoice_id is not None:
        return _proposal_of(await _of_invoice(call, arguments.invoice_id, arguments), call)
    into, amount = await _plan(call, arguments)
    return Proposal(
        entity_type="bank_account",
        entity_id=into.account.id,
        entity_version=0,  # an account never changes
        shown={**shown(into), "amount_minor": str(amount.minor)},
        effects=_effects(into, amount),
        display=display(into, counterparty=DisplayField(CUSTOMER, NOTHING)),
        amount_minor=amount.minor,
        currency=amount.currency,
        facts={FIRST_USE.name: into.never_used},
    )


async def execute(call: Call, arguments: GenerateForInvoice) -> VietQrResult:
    """Make the code, which confirms the account when people approved its first use."""
    if arguments.invoice_id is not None:
        plan = await _of_invoice(call, arguments.invoice_id, arguments)
        is_first = plan.into.never_used
        asked = await collecting.ask(call.tx, plan, requested_by=call.requested_by)
        return ready(
            plan.into,
            asked,
            invoice_id=plan.invoice.id,
            confirmed_account_id=plan.into.account.id if is_first else None,
        )
    into, amount = await _plan(call, arguments)
    await beneficiaries.confirm_use(call.tx, into.account)
    return ready(into, requests.transfer(into.account, amount, None), note=_NO_REFERENCE)


TOOL = people_tool(
    "cyberos.inv.generate_vietqr",
    title="Make a VietQR for an invoice or amount",
    propose=propose,
    execute=execute,
    answer=VietQrResult,
    picture=picture,
    opens=("bank_account.first_use",),
    facts=(FIRST_USE,),
)


# --- for an invoice ---


async def _of_invoice(
    call: Call, reference: str, arguments: GenerateForInvoice
) -> InvoiceCollectionPlan:
    return await collecting.plan(
        call.tx,
        viewer(call.principal),
        reference,
        amount_minor=arguments.amount,
        bank=arguments.bank,
        account_number=arguments.account,
        hold=call.holds,
    )


def _proposal_of(plan: InvoiceCollectionPlan, call: Call) -> Proposal:
    """It is about the invoice, so that one of a private deal is shown to nobody else."""
    invoice, into, amount = plan.invoice, plan.into, plan.amount
    return Proposal(
        entity_type="invoice",
        entity_id=invoice.id,
        entity_version=invoice.version,
        shown={
            **shown(into),
            "number": invoice.label,
            "amount_minor": str(amount.minor),
            "reference": invoice.payment_reference,
        },
        effects=_effects(into, amount, invoice_id=invoice.id),
        display=display(
            into,
            counterparty=DisplayField(CUSTOMER, theirs=(plan.account_name,)),
            about=[DisplayField(INVOICE, invoice.label)],
        ),
        amount_minor=amount.minor,
        currency=amount.currency,
        facts={FIRST_USE.name: into.never_used},
    )


# --- for an amount ---


async def _plan(call: Call, arguments: GenerateForInvoice) -> tuple[Beneficiary, Money]:
    if arguments.amount is None:
        raise Fault(
            "INVALID_ARGS",
            Kind.INVALID,
            "Without invoice_id the amount has to be said.",
            "give amount in whole dong, or invoice_id.",
        )
    into = await beneficiaries.chosen(call.tx, arguments.bank, arguments.account)
    amount = Money(arguments.amount, VND)
    requests.transfer(into.account, amount, None)
    return into, amount


# --- for both ---


def _effects(into: Beneficiary, amount: Money, **about: str) -> list[dict[str, Any]]:
    return [
        {"kind": "vietqr", **about, "amount_minor": str(amount.minor)},
        {"kind": "first_use", "bank_account_id": into.account.id},
        {"kind": "audit"},
    ]
