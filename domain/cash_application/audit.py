"""Audit laws of cash application: has every application its money, its invoice and its posting?

Sums are made again from the rows one by one, by no statement that adds.
"""

from collections import defaultdict
from typing import Any

from domain.cash_application.rules import BY_REFERENCE
from domain.invoices import queries as invoices
from domain.ledger import audit_queries as ledger
from domain.ledger.entries import BOOK
from domain.receipts import audit_queries as receipts
from domain.store.audit_laws import Approved
from domain.store.audit_report import FOREIGN, Report
from domain.store.tx import Tx
from domain.vn.references import find_references


async def receipts_are_applied_once(tx: Tx, report: Report, _: Approved) -> None:
    """No receipt and no invoice is used beyond its amount; what is applied is told, and sent.

    A receipt that waits for nothing is applied whole, and one that waits not at all.
    """
    settled: dict[str, int] = defaultdict(int)
    used: dict[str, int] = defaultdict(int)
    told = await receipts.told_applications(tx)
    async for page in receipts.applications(tx):
        asked = await invoices.by_ids(tx, {one.invoice_id for one in page})
        for one in page:
            place = f"receipt application {one.id}"
            invoice = asked.get(one.invoice_id)
            if not _is_whole(one):
                report.found(place, FOREIGN)
                continue
            if told.get(one.id) != one.receipt_id:
                report.found(place, "no entry tells that it was applied")
            settled[one.invoice_id] += one.amount_minor
            used[one.receipt_id] += one.amount_minor - one.rounding_minor
            if invoice is None or invoice.sent_at is None:
                report.found(place, "settles no invoice that was sent")
            elif settled[one.invoice_id] > invoice.total_minor:
                report.found(place, "settles more than its invoice asks for")
    async for receipts_page in receipts.recorded(tx):
        for row in receipts_page:
            if not _is_used(row, used.pop(row.id, 0)):
                what = "is not applied whole, or waits and is applied"
                report.found(f"receipt {row.id}", what)
    for receipt_id in sorted(used):
        report.found(f"receipt {receipt_id}", "was applied, and is not there")


async def applied_to_what_was_named(tx: Tx, report: Report, _: Approved) -> None:
    """Money that was applied by its reference pays the invoice that its memo names."""
    async for page in receipts.applications(tx):
        asked = await invoices.by_ids(tx, {one.invoice_id for one in page})
        memos = await receipts.memos(tx, {one.receipt_id for one in page})
        for one in page:
            invoice = asked.get(one.invoice_id)
            named = find_references(memos.get(one.receipt_id, ""))
            if one.reason != BY_REFERENCE:
                report.found(f"receipt application {one.id}", "was made for no reason there is")
            elif invoice is not None and invoice.payment_reference not in named:
                what = "settles another invoice than its receipt names"
                report.found(f"receipt application {one.id}", what)
    async for receipts_page in receipts.recorded(tx):
        for row in receipts_page:
            if row.reference is not None and row.reference not in find_references(str(row.memo)):
                report.found(f"receipt {row.id}", "has a reference that its memo does not name")


async def applications_are_booked(tx: Tx, report: Report, _: Approved) -> None:
    """Every application is in the books once, with the amounts that it has."""
    async for page in receipts.applications(tx):
        booked = await ledger.booked(tx, "receipt_application", [one.id for one in page])
        for one in page:
            place = f"receipt application {one.id}"
            expected = {
                "bank": one.amount_minor - one.rounding_minor,
                "rounding": one.rounding_minor,
                "receivable": -one.amount_minor,
            }
            if one.id not in booked:
                report.found(place, "is not in the books")
            elif booked[one.id] != {(role, BOOK): part for role, part in expected.items() if part}:
                report.found(place, "is in the books with other amounts")


def _is_whole(one: Any) -> bool:
    numbers = one.amount_minor, one.rounding_minor
    return all(type(number) is int for number in numbers) and one.amount_minor > 0


def _is_used(row: Any, used_minor: int) -> bool:
    return used_minor == (row.amount_minor if row.waits_for is None else 0)
