"""Audit laws of invoices: is every amount rate x hours, every sum that of its lines, and every
number there? And did nothing go out that people did not allow?
"""

from collections import defaultdict
from collections.abc import Mapping, Sequence
from typing import Any

from sqlalchemy import func, select

from domain.engagements import billing_queries
from domain.engagements.billing_queries import BilledTime
from domain.invoices.labels import Label, series_of
from domain.invoices.rules import FLAT, SENT, TIME, amount_of
from domain.invoices.tables import Invoice, InvoiceLine, InvoiceTime
from domain.kernel.rounding import Rounding
from domain.payments import queries as payments
from domain.store import numbering
from domain.store.audit_laws import Approved, Written, last_written, pages
from domain.store.audit_report import FOREIGN, Report
from domain.store.tx import Tx

_PAGE = 500
_SEND, _CLOSE = "invoice.send", "deal.close"
_HEADER = (
    *(Invoice.id, Invoice.kind, Invoice.deal_id, Invoice.currency, Invoice.rounding),
    *(Invoice.subtotal_minor, Invoice.vat_minor, Invoice.total_minor, Invoice.status),
    *(Invoice.engagement_id, Invoice.period),
)
_LINE = (
    *(InvoiceLine.id, InvoiceLine.invoice_id, InvoiceLine.kind, InvoiceLine.rate_minor),
    *(InvoiceLine.hours_hundredths, InvoiceLine.amount_minor, InvoiceLine.vat_minor),
    *(InvoiceLine.role, InvoiceLine.phase),
)


async def amounts_add_up(tx: Tx, report: Report, _: Approved) -> None:
    """Every line of time is rate x the hours of its entries, and every header the sum of its lines.

    The entries of one that is signed or sent are as they were; those of a draft may be corrected
    until it is asked for again.
    """
    async for page in pages(tx, select(*_HEADER, Invoice.locked_at), Invoice.id):
        ids = [row.id for row in page]
        of_page = select(*_LINE).where(InvoiceLine.invoice_id.in_(ids)).order_by(InvoiceLine.id)
        lines: dict[str, list[Any]] = {id: [] for id in ids}
        for line in await tx.rows(of_page):
            lines[line.invoice_id].append(line)
        fixed = [row.id for row in page if row.locked_at is not None]
        worked = await _worked(tx, fixed)
        for row in page:
            place = f"invoice {row.id}"
            if not _is_whole(row, lines[row.id]):
                report.found(place, FOREIGN)
                continue
            _check_sums(report, place, row, lines[row.id])
            for line in lines[row.id] if row.locked_at is not None else ():
                if line.kind == TIME:
                    _check_worked(report, place, row, line, worked.get(line.id, ()))


def _is_whole(row: Any, lines: Sequence[Any]) -> bool:
    numbers = [row.subtotal_minor, row.vat_minor, row.total_minor]
    numbers += [number for line in lines for number in (line.amount_minor, line.vat_minor)]
    numbers += [
        number
        for line in lines
        if line.kind == TIME
        for number in (line.rate_minor, line.hours_hundredths)
    ]
    modes = {mode.value for mode in Rounding}
    return all(type(number) is int for number in numbers) and row.rounding in modes


def _check_sums(report: Report, place: str, row: Any, lines: Sequence[Any]) -> None:
    for line in lines:
        if line.kind != TIME:
            continue
        amount = amount_of(line.rate_minor, line.hours_hundredths, Rounding(row.rounding))
        if amount != line.amount_minor:
            report.found(place, f"line {line.id} is not its rate times its hours")
    sums = sum(line.amount_minor for line in lines), sum(line.vat_minor for line in lines)
    if sums != (row.subtotal_minor, row.vat_minor) or sum(sums) != row.total_minor:
        report.found(place, "its sums are not those of its lines")


def _check_worked(
    report: Report, place: str, row: Any, line: Any, worked: Sequence[BilledTime]
) -> None:
    if sum(one.hours_hundredths for one in worked) != line.hours_hundredths:
        report.found(place, f"line {line.id} has other hours than its time entries")
    expected = (row.engagement_id, row.period, line.role, line.phase, line.rate_minor)
    if any(one[:-1] != expected for one in worked):
        what = "of another engagement, month, role, phase or rate"
        report.found(place, f"line {line.id} bills a time entry {what}")


async def _worked(tx: Tx, invoice_ids: Sequence[str]) -> Mapping[str, Sequence[BilledTime]]:
    """The time entries by line, as they are now."""
    bound = await tx.rows(
        select(InvoiceTime.entry_id, InvoiceTime.line_id).where(
            InvoiceTime.invoice_id.in_(invoice_ids), InvoiceTime.line_id.is_not(None)
        )
    )
    entries = await billing_queries.billed(tx, [row.entry_id for row in bound])
    found: dict[str, list[BilledTime]] = defaultdict(list)
    for row in bound:
        if (entry := entries.get(row.entry_id)) is not None:
            found[row.line_id].append(entry)
    return found


async def entries_are_billed_once(tx: Tx, report: Report, _: Approved) -> None:
    """No time entry stands on two lines, and none on a line of another invoice."""
    twice = await tx.rows(
        select(InvoiceTime.entry_id)
        .where(InvoiceTime.line_id.is_not(None))
        .group_by(InvoiceTime.entry_id)
        .having(func.count() > 1)
        .order_by(InvoiceTime.entry_id)
    )
    for row in twice:
        report.found(f"time entry {row.entry_id}", "is billed on two lines")
    astray = await tx.rows(
        select(InvoiceTime.entry_id)
        .join(InvoiceLine, InvoiceLine.id == InvoiceTime.line_id)
        .where(InvoiceLine.invoice_id != InvoiceTime.invoice_id)
        .order_by(InvoiceTime.entry_id)
    )
    for row in astray:
        report.found(f"time entry {row.entry_id}", "is billed on a line of another invoice")


async def numbers_have_no_gap(tx: Tx, report: Report, _: Approved) -> None:
    """The invoices of a month are numbered 1, 2, 3 ..., and as many were taken."""
    months = await tx.rows(
        select(
            Invoice.label_year,
            Invoice.label_month,
            func.count().label("invoices"),
            func.min(Invoice.label_no).label("first"),
            func.max(Invoice.label_no).label("last"),
        )
        .group_by(Invoice.label_year, Invoice.label_month)
        .order_by(Invoice.label_year, Invoice.label_month)
    )
    for row in months:
        if not all(type(number) is int for number in row):
            report.found("an invoice", FOREIGN)
            continue
        month = Label(row.label_year, row.label_month, row.last)
        place = f"invoices of {month.year:04}-{month.month:02}"
        if (row.first, row.last) != (1, row.invoices):
            report.found(place, "their numbers have a gap")
        taken = await numbering.last(tx, series_of(f"{month.year:04}-{month.month:02}"))
        if taken != row.last:
            report.found(place, f"{taken} numbers were taken, and the last is {row.last}")


async def sent_by_people(tx: Tx, report: Report, approved: Approved) -> None:
    """Every invoice that was sent has the action that people approved, for what it asks, and no
    other is sent.
    """
    sent = select(Invoice.id, Invoice.total_minor, Invoice.currency).where(Invoice.status == SENT)
    async for page in pages(tx, sent, Invoice.id):
        ids = [row.id for row in page]
        allowed, written = await approved.about(_SEND, ids), await last_written(tx, Invoice, ids)
        await _check_lines(tx, report, written)
        for row in page:
            action = allowed.get(row.id)
            if action is None:
                report.found(f"invoice {row.id}", "was sent and nobody allowed it")
            elif (action.amount_minor, action.currency) != (row.total_minor, row.currency):
                what = f"asks for another amount than action {action.action_id} was signed for"
                report.found(f"invoice {row.id}", what)
            elif row.id in written and not written[row.id].is_effect_of(action):
                what = f"was written by entry {written[row.id].seq} after it was sent"
                report.found(f"invoice {row.id}", what)
    async for actions in approved.carried_out(_SEND):
        ids = [action.entity_id for action in actions]
        there = await tx.all(select(Invoice.id).where(Invoice.id.in_(ids), Invoice.status == SENT))
        for action in actions:
            if action.entity_id not in there:
                what = f"was sent by action {action.action_id}, and is not sent"
                report.found(f"invoice {action.entity_id}", what)


async def _check_lines(tx: Tx, report: Report, sent: Mapping[str, Written]) -> None:
    """Nothing was written to a line of an invoice after the invoice itself was sent."""
    of_these = select(InvoiceLine.id, InvoiceLine.invoice_id).where(
        InvoiceLine.invoice_id.in_(list(sent))
    )
    lines = {row.id: row.invoice_id for row in await tx.rows(of_these)}
    for line_id, written in (await last_written(tx, InvoiceLine, lines)).items():
        if written.seq > sent[lines[line_id]].seq:
            what = f"line {line_id} was written by entry {written.seq} after it was sent"
            report.found(f"invoice {lines[line_id]}", what)


async def flat_ones_are_of_won_deals(tx: Tx, report: Report, approved: Approved) -> None:
    """What was drafted of a deal is what people signed that the deal was won for."""
    drafted = select(*_HEADER).where(Invoice.kind == FLAT, Invoice.deal_id.is_not(None))
    async for page in pages(tx, drafted, Invoice.id):
        closings = await approved.about(_CLOSE, [row.deal_id for row in page])
        for row in page:
            closing = closings.get(row.deal_id)
            worth = (closing.amount_minor, closing.currency) if closing is not None else None
            if worth != (row.subtotal_minor, row.currency):
                what = "is not what people signed that its deal was won for"
                report.found(f"invoice {row.id}", what)


async def references_are_used(tx: Tx, report: Report, _: Approved) -> None:
    """A payment reference of no deal is that of an invoice."""
    page = await payments.without_deal(tx, after="", limit=_PAGE)
    while page:
        asked = select(Invoice.payment_reference).where(Invoice.payment_reference.in_(page))
        named = set(await tx.all(asked))
        for reference in page:
            if reference not in named:
                what = "belongs to no deal and no invoice"
                report.found(f"payment reference {reference}", what)
        page = await payments.without_deal(tx, after=page[-1], limit=_PAGE)
