"""Audit laws of issuing: has every invoice that was sent its hóa đơn and its posting, and no other?

Receivables, revenue and output VAT are what people signed only if all three say the same.
"""

from collections import defaultdict
from collections.abc import Mapping
from typing import Any

from domain.einvoices import audit_queries as einvoices
from domain.invoices import audit_queries as invoices
from domain.ledger import audit_queries as ledger
from domain.store.audit_laws import Approved
from domain.store.audit_report import Report
from domain.store.tx import Tx

_KIND = "invoice"


async def sent_ones_are_accepted_and_booked(tx: Tx, report: Report, _: Approved) -> None:
    """An invoice that was sent has a hóa đơn that was accepted, and a posting, of its amounts."""
    async for page in invoices.sent(tx):
        ids = [row.id for row in page]
        accepted = await einvoices.accepted(tx, ids)
        booked = await ledger.booked(tx, _KIND, ids)
        for row in page:
            place, hoadon = f"invoice {row.id}", accepted.get(row.id)
            if hoadon is None:
                report.found(place, "was sent without a hóa đơn that was accepted")
            elif any(getattr(hoadon, name) != getattr(row, name) for name in invoices.FIGURES):
                report.found(place, "has other amounts than its hóa đơn")
            if row.id not in booked:
                report.found(place, "was sent and is not in the books")
            elif _sides(booked[row.id]) != _expected(row):
                report.found(place, "is in the books with other amounts")


async def only_sent_ones_are_booked(tx: Tx, report: Report, _: Approved) -> None:
    """What is in the books as an invoice was sent."""
    async for page in ledger.sources(tx, _KIND):
        sent = await invoices.sent_among(tx, [row.source_id for row in page])
        for row in page:
            if row.source_id not in sent:
                report.found(f"invoice {row.source_id}", "is in the books and was not sent")


def _sides(booked: Mapping[tuple[str, str], int]) -> Mapping[tuple[str, str], int]:
    """What is booked, whether or not the revenue was earned on that day."""
    sides: dict[tuple[str, str], int] = defaultdict(int)
    for (role, currency), minor in booked.items():
        sides["revenue" if role == "deferred_revenue" else role, currency] += minor
    return sides


def _expected(row: Any) -> Mapping[tuple[str, str], int]:
    sides = {
        "receivable": row.total_minor,
        "revenue": -row.subtotal_minor,
        "output_vat": -row.vat_minor,
    }
    return {(side, row.currency): minor for side, minor in sides.items() if minor}
