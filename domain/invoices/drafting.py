"""Drafting: the hours of a month, or the worth of a won deal, become an invoice that may be sent.

An engagement has one draft for a month. Asking again takes in the time that came since and taxes
the draft as on the day; it never makes a second one. Work that is paused or closed is billed like
any other: its hours were worked. The hours behind a fixed fee are nobody's to bill.
"""

from dataclasses import dataclass
from datetime import date

from domain.engagements import billing_queries, time_entries
from domain.engagements import queries as engagements
from domain.engagements.setting import unknown
from domain.invoices import composing, queries
from domain.invoices.composing import Content, Terms
from domain.invoices.labels import Label, days_of, period_of, series_of
from domain.invoices.rules import FLAT, TIME, is_open
from domain.invoices.tables import Invoice
from domain.kernel.faults import Fault, Kind
from domain.kernel.ids import new_id
from domain.kernel.money import Money
from domain.payments import references
from domain.store import numbering, outbox
from domain.store.tx import Tx
from domain.store.visibility import Viewer
from domain.vat.totals import rounding_of


@dataclass(frozen=True, slots=True)
class Drafted:
    """The one draft of an engagement and a month, and what this asking did to it."""

    invoice: Invoice
    is_new: bool
    changed: bool


async def draft(
    tx: Tx, viewer: Viewer, engagement_reference: str, period: str, *, on: date, by: str
) -> Drafted:
    """Draft the invoice of an engagement (id or code) for a month, taxed as on a day.

    A draft that is signed at this moment is answered as it is. Raises PERIOD_INVALID, NOT_FOUND
    (no such engagement), NOTHING_TO_BILL and AMOUNT_INVALID.
    """
    first, last = days_of(period)
    with tx.looking_as(viewer):
        engagement = await engagements.by_reference(tx, engagement_reference)
    if engagement is None:
        raise unknown()
    await time_entries.hold(tx)
    terms = Terms(engagement.title, engagement.vat_category, on)
    there = await queries.draft_of(tx, engagement.id, period)
    if there is not None and not is_open(there):
        return Drafted(there, is_new=False, changed=False)
    if there is None and not engagement.bills_time:
        raise _nothing(period)
    content = await composing.content_of(tx, there) if there is not None else Content()
    if there is not None and there.kind == FLAT:
        return _told(
            tx, there, is_new=False, changed=await composing.priced_again(tx, there, terms, content)
        )

    elsewhere = queries.billed_elsewhere(there.id if there is not None else None)
    entries = await billing_queries.worked(tx, engagement.id, first, last, but=elsewhere)
    if there is None and not entries:
        raise _nothing(period)
    invoice = there or await _begun(
        tx,
        kind=TIME,
        account_id=engagement.account_id,
        engagement_id=engagement.id,
        deal_id=engagement.deal_id,
        period=period,
        currency=engagement.currency,
        payment_reference=await references.of_its_own(tx),
        by=by,
    )
    changed = await composing.composed_of_time(tx, invoice, terms, entries, content)
    return _told(tx, invoice, is_new=there is None, changed=changed)


async def draft_of_deal(
    tx: Tx, deal_id: str, *, account_id: str, title: str, worth: Money, on: date, by: str
) -> Invoice:
    """Draft what a won deal is worth: one line before tax, for the month in which it was won.

    It has no VAT category yet, so nobody can send it. It takes over the deal's reference.
    """
    engagement = await engagements.of_deal(tx, deal_id)
    invoice = await _begun(
        tx,
        kind=FLAT,
        account_id=account_id,
        engagement_id=engagement.id if engagement is not None else None,
        deal_id=deal_id,
        period=period_of(on),
        currency=worth.currency,
        payment_reference=await references.of_deal(tx, deal_id),
        by=by,
    )
    await composing.flat(tx, invoice, Terms(title, None, on), worth.minor)
    return _told(tx, invoice, is_new=True, changed=True).invoice


async def _begun(
    tx: Tx,
    *,
    kind: str,
    account_id: str,
    engagement_id: str | None,
    deal_id: str | None,
    period: str,
    currency: str,
    payment_reference: str,
    by: str,
) -> Invoice:
    """An invoice with a label and without content, which is not put in yet."""
    first, _ = days_of(period)
    label = Label(first.year, first.month, await numbering.take(tx, series_of(period)))
    return Invoice(
        id=new_id(),
        kind=kind,
        account_id=account_id,
        engagement_id=engagement_id,
        deal_id=deal_id,
        label_year=label.year,
        label_month=label.month,
        label_no=label.no,
        period=period,
        currency=currency,
        rounding=rounding_of(currency).value,
        payment_reference=payment_reference,
        created_by=by,
        created_at=tx.at,
        updated_at=tx.at,
    )


def _told(tx: Tx, invoice: Invoice, *, is_new: bool, changed: bool) -> Drafted:
    if is_new:
        outbox.emit(tx, "invoice.drafted", invoice_id=invoice.id, account_id=invoice.account_id)
    elif changed:
        outbox.emit(tx, "invoice.updated", invoice_id=invoice.id, version=invoice.version)
    return Drafted(invoice, is_new=is_new, changed=changed)


def _nothing(period: str) -> Fault:
    return Fault(
        "NOTHING_TO_BILL",
        Kind.CONFLICT,
        f"There is no time of {period} that is not billed yet.",
        "Log the time first, or look at what is billed with {invoices}.",
        {"period": period},
    )
