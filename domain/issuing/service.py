"""Issuing service: an invoice is signed as a hóa đơn, and then accepted and booked, or refused.

Each verb is one step of a sending that people approved, in the transaction of whoever carries it
out; between them the signed bytes are with the provider, and nothing else can happen to either.
"""

from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal

from domain.einvoices import service as einvoices
from domain.einvoices.service import EInvoice
from domain.einvoices.signing import Signer
from domain.fx import queries as fx
from domain.invoices import queries as invoices
from domain.invoices import service as invoice_service
from domain.invoices.labels import days_of
from domain.invoices.service import Invoice
from domain.issuing import rules
from domain.issuing.planning import IssuingPlan
from domain.issuing.printing import document
from domain.kernel.money import Money
from domain.ledger import postings
from domain.ledger.postings import AcceptedInvoice, Sold
from domain.payments import beneficiaries, requests
from domain.payments import queries as payments
from domain.store.chain import Actor
from domain.store.tx import Tx

INVOICE = "invoice"  # how ledger, documents and actions name the row


@dataclass(frozen=True, slots=True)
class Issued:
    """What was accepted: the invoice, its hóa đơn, and the bank account people confirmed with it.

    `confirmed` is None when the account on the page was in use before, or when there is none.
    """

    invoice: Invoice
    einvoice: EInvoice
    confirmed: str | None


def check(plan: IssuingPlan) -> None:
    """Whether the hóa đơn of a plan could be issued, before anybody is asked to sign for it.

    Raises EINVOICE_MALFORMED, EINVOICE_FX_RATE, CURRENCY_WITHOUT_WORDS and AMOUNT_TOO_LARGE.
    """
    einvoices.check_document(document(plan))


async def sign(
    tx: Tx, plan: IssuingPlan, signer: Signer, *, action_id: str, actor: Actor
) -> EInvoice:
    """Fix the invoice, number and date its hóa đơn, sign it, and keep the bytes that will leave.

    Raises what `einvoices.service.prepare` raises.
    """
    row = await einvoices.prepare(
        tx, document(plan), signer,
        invoice_id=plan.invoice.id, action_id=action_id, at=tx.at, actor=actor,
    )  # fmt: skip
    await invoice_service.lock(
        tx,
        plan.invoice.id,
        issued_on=row.issued_on,
        terms_days=plan.buyer.terms_days,
        fx_rate_id=plan.rate.id if plan.rate is not None else None,
        bank_account_id=plan.into.account.id if plan.into is not None else None,
    )
    return row


async def accept(
    tx: Tx, invoice_id: str, *, reference: str, reply: bytes, at: datetime, by: str, actor: Actor
) -> Issued:
    """The authority has it: the invoice is sent, booked, and its bank account is in use.

    `by` is who asked, as `agent:<id>` or `human:<id>`.
    """
    einvoice = await einvoices.accepted(
        tx, invoice_id, reference=reference, reply=reply, at=at, actor=actor
    )
    invoice = await invoice_service.mark_sent(tx, invoice_id, at=at, by=by)
    await _book(tx, invoice, actor)
    return Issued(invoice, einvoice, await _ask_to_pay(tx, invoice, by))


async def refuse(
    tx: Tx, invoice_id: str, *, code: str, reply: bytes, at: datetime, actor: Actor
) -> None:
    """A definite no: the invoice is a draft again, and its hóa đơn keeps number and date."""
    await einvoices.rejected(tx, invoice_id, code=code, reply=reply, at=at, actor=actor)
    await invoice_service.unlock(tx, invoice_id)


async def _book(tx: Tx, invoice: Invoice, actor: Actor) -> None:
    """Receivable against revenue and output VAT, dated by the hóa đơn."""
    assert invoice.issued_on is not None, "it is sent"
    lines = await invoices.lines_of(tx, [invoice.id])
    first, last = days_of(invoice.period)
    facts = AcceptedInvoice(
        document_id=invoice.id,
        party_id=invoice.account_id,
        on=invoice.issued_on,
        currency=invoice.currency,
        lines=tuple(
            Sold(
                net_minor=line.amount_minor,
                vat_minor=line.vat_minor,
                project_id=invoice.engagement_id,
                # Hours were worked when they are billed, also before the month is over.
                service_from=first,
                service_to=min(last, invoice.issued_on),
            )
            for line in lines
        ),
        rate=await _rate(tx, invoice),
    )
    await postings.accepted(
        tx, facts, memo=invoice.label, fx_rate_id=invoice.fx_rate_id, actor=actor
    )


async def _ask_to_pay(tx: Tx, invoice: Invoice, by: str) -> str | None:
    """Keep the code on the page; the id of the account when this is its first use.

    None for an account that was retired while the authority had the hóa đơn: it is booked all the
    same, and nobody is asked to pay there.
    """
    if invoice.bank_account_id is None:
        return None
    account = await payments.bank_account(tx, invoice.bank_account_id)
    assert account is not None, "an invoice refers to its bank account"
    if account.retired_at is not None:
        return None
    is_first = account.first_used_at is None
    await beneficiaries.confirm_use(tx, account)
    amount = rules.in_dong(Money(invoice.total_minor, invoice.currency), await _rate(tx, invoice))
    await requests.ask_under(tx, invoice.payment_reference, account, amount, requested_by=by)
    return account.id if is_first else None


async def _rate(tx: Tx, invoice: Invoice) -> Decimal | None:
    if invoice.fx_rate_id is None:
        return None
    row = await fx.rate(tx, invoice.fx_rate_id)
    assert row is not None, "an invoice refers to its rate"
    return rules.rate_of(row)
