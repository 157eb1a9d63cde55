"""Collecting for an invoice that was sent: what is outstanding as a VietQR, under its reference.

Planning reads and refuses; asking does what was planned, as for deals (domain/deals/collecting.py).
"""

from dataclasses import dataclass

from domain.accounts import queries as accounts
from domain.fx import queries as fx
from domain.invoices import service as invoices
from domain.invoices.service import Invoice
from domain.issuing import rules
from domain.kernel.faults import Fault, Kind
from domain.kernel.money import Money
from domain.payments import beneficiaries, requests
from domain.payments.beneficiaries import VND, Beneficiary
from domain.payments.requests import PaymentCode
from domain.receipts import queries as receipts
from domain.store.tx import Tx
from domain.store.visibility import Viewer

_SENT = "sent"


@dataclass(frozen=True, slots=True)
class InvoiceCollectionPlan:
    """An invoice, the account its customer would be asked to pay into, and how many dong."""

    invoice: Invoice
    account_name: str
    into: Beneficiary
    amount: Money


async def plan(
    tx: Tx,
    viewer: Viewer,
    reference: str,
    *,
    amount_minor: int | None,
    bank: str | None,
    account_number: str | None,
    hold: bool = False,
) -> InvoiceCollectionPlan:
    """Who would be asked to pay what into which account; nothing is changed, `hold` keeps it so.

    `amount_minor` are whole dong; None means what is outstanding, a foreign currency at the rate
    the invoice was booked by, as on its page.

    Raises NOT_FOUND, INVOICE_NOT_SENT, INVOICE_PAID, AMOUNT_TOO_LARGE, VIETQR_INVALID, and what
    `beneficiaries.chosen` raises.
    """
    invoice = await invoices.load(tx, viewer, reference, lock=hold)
    if invoice.status != _SENT:
        raise Fault(
            "INVOICE_NOT_SENT",
            Kind.CONFLICT,
            "Only an invoice that was sent is paid, and this one was not.",
            "Send it with {send_invoice}: the page that is mailed has the code.",
            {"status": invoice.status},
        )
    left = await _outstanding(tx, invoice)
    amount = left if amount_minor is None else Money(amount_minor, VND)
    if invoice.currency == VND and amount.minor > left.minor:
        raise Fault(
            "AMOUNT_TOO_LARGE",
            Kind.INVALID,
            "The customer would be asked for more than is outstanding.",
            "Leave amount out to ask for what is outstanding.",
            {"outstanding_minor": left.minor},
        )
    into = await beneficiaries.chosen(tx, bank, account_number)
    requests.transfer(into.account, amount, invoice.payment_reference)
    customer = await accounts.get(tx, invoice.account_id)
    assert customer is not None, "an invoice refers to its account"
    return InvoiceCollectionPlan(invoice, customer.name, into, amount)


async def ask(tx: Tx, plan: InvoiceCollectionPlan, *, requested_by: str) -> PaymentCode:
    """Make the code of a plan, which confirms the account when people approved its first use."""
    await beneficiaries.confirm_use(tx, plan.into.account)
    asked, _ = await requests.ask_under(
        tx,
        plan.invoice.payment_reference,
        plan.into.account,
        plan.amount,
        requested_by=requested_by,
    )
    return asked


async def _outstanding(tx: Tx, invoice: Invoice) -> Money:
    """What is still to be paid, in dong. Raises INVOICE_PAID."""
    applied = await receipts.applied(tx, [invoice.id])
    left = Money(invoice.total_minor - applied.get(invoice.id, 0), invoice.currency)
    if left.minor <= 0:
        raise Fault(
            "INVOICE_PAID",
            Kind.CONFLICT,
            "The invoice is paid: there is nothing to collect.",
            "Look at its payments with {get_invoice}.",
        )
    rate = await fx.rate(tx, invoice.fx_rate_id) if invoice.fx_rate_id is not None else None
    return rules.in_dong(left, rules.rate_of(rate))
