"""Invoices service: an invoice is found, made up to date, signed over, and in the end sent."""

from dataclasses import replace
from datetime import date, datetime, timedelta

from domain.billing import service as billing
from domain.company import service as company
from domain.engagements import queries as engagements
from domain.engagements.setting import unknown
from domain.invoices import queries, rules
from domain.invoices.composing import Terms
from domain.invoices.queries import Filter
from domain.invoices.rules import SENT
from domain.invoices.rules import check_due as check_due
from domain.invoices.rules import check_open as check_open
from domain.invoices.tables import Invoice as Invoice
from domain.invoices.tables import InvoiceLine as InvoiceLine
from domain.kernel.faults import Fault, Kind
from domain.store import outbox
from domain.store.tx import Tx
from domain.store.visibility import SYSTEM, Viewer


async def load(tx: Tx, viewer: Viewer, reference: str, *, lock: bool = False) -> Invoice:
    """The invoice with this id or label; `lock` holds it. Raises NOT_FOUND, hidden ones too."""
    invoice = await queries.by_reference(tx, viewer, reference, lock=lock)
    if invoice is None:
        raise Fault(
            "NOT_FOUND",
            Kind.NOT_FOUND,
            "There is no such invoice.",
            "Look the id or the label up with {invoices}.",
        )
    return invoice


async def listed(
    tx: Tx,
    viewer: Viewer,
    wanted: Filter,
    *,
    engagement: str | None,
    before: str | None,
    limit: int,
) -> tuple[list[tuple[Invoice, str]], bool]:
    """A page of invoices with the names of their accounts, and whether there are more.

    Newest first, from behind the id `before`; of one `engagement` by its id or code. Raises
    NOT_FOUND for an engagement that is not there.
    """
    if engagement is not None:
        with tx.looking_as(viewer):
            row = await engagements.by_reference(tx, engagement)
        if row is None:
            raise unknown()
        wanted = replace(wanted, engagement_id=row.id)
    rows = await queries.listed(tx, viewer, wanted, before=before, limit=limit + 1)
    return list(rows[:limit]), len(rows) > limit


async def terms_of(tx: Tx, invoice: Invoice, on: date) -> Terms:
    """What the invoice is made by if it is made on a day: its engagement's category of today."""
    with tx.looking_as(SYSTEM):
        engagement = (
            await engagements.by_reference(tx, invoice.engagement_id)
            if invoice.engagement_id is not None
            else None
        )
    if engagement is None:
        return Terms(invoice.label, invoice.vat_category, on)
    return Terms(engagement.title, engagement.vat_category, on)


async def needs_of(tx: Tx, invoice: Invoice, *, lines: int, on: date) -> list[str]:
    """What a draft lacks before it can be sent; nothing once it is one no more."""
    if not rules.is_open(invoice):
        return []
    return rules.needs(
        vat_category=invoice.vat_category,
        lines=lines,
        has_billing_profile=await billing.of_account(tx, invoice.account_id) is not None,
        has_seller_profile=await company.profile_on(tx, on) is not None,
    )


async def lock(
    tx: Tx,
    invoice_id: str,
    *,
    issued_on: date,
    terms_days: int,
    fx_rate_id: str | None = None,
    bank_account_id: str | None = None,
) -> Invoice:
    """Fix the content: an e-invoice is signed over it now. Raises NOT_FOUND, INVOICE_LOCKED.

    With it are fixed the terms, the rate by which a foreign currency is booked and the account on
    the page. The version stays, because nothing that was approved is different.
    """
    invoice = await load(tx, SYSTEM, invoice_id, lock=True)
    check_open(invoice)
    invoice.locked_at, invoice.issued_on = tx.at, issued_on
    invoice.terms_days, invoice.fx_rate_id = terms_days, fx_rate_id
    invoice.bank_account_id = bank_account_id
    await tx.flush()
    return invoice


async def unlock(tx: Tx, invoice_id: str) -> Invoice:
    """Let it be changed again: the authority has refused the e-invoice for certain.

    What is no locked draft stays as it is. Raises NOT_FOUND.
    """
    invoice = await load(tx, SYSTEM, invoice_id, lock=True)
    if invoice.status != SENT:
        invoice.locked_at = invoice.issued_on = None
        invoice.terms_days = invoice.fx_rate_id = invoice.bank_account_id = None
        await tx.flush()
    return invoice


async def mark_sent(tx: Tx, invoice_id: str, *, at: datetime, by: str | None = None) -> Invoice:
    """Send a locked invoice, for good: the authority has accepted its e-invoice.

    The database lets only an action of people do so, over the version that they signed. It is due
    on the day somebody set, or the terms after its date. `by` is who asked, as `agent:<id>` or
    `human:<id>`. Raises NOT_FOUND, INVOICE_NOT_LOCKED.
    """
    invoice = await load(tx, SYSTEM, invoice_id, lock=True)
    if invoice.status == SENT or invoice.locked_at is None:
        raise Fault(
            "INVOICE_NOT_LOCKED",
            Kind.CONFLICT,
            "The invoice is not on its way.",
            "Look at it with {get_invoice}.",
            {"status": invoice.status},
        )
    invoice.status = SENT
    invoice.sent_at, invoice.sent_by = at, by
    assert invoice.issued_on is not None and invoice.terms_days is not None, "it is locked"
    invoice.due_at = invoice.due_at or invoice.issued_on + timedelta(days=invoice.terms_days)
    invoice.version += 1
    invoice.updated_at = tx.at
    await tx.flush()
    outbox.emit(tx, "invoice.sent", invoice_id=invoice.id, account_id=invoice.account_id)
    return invoice
