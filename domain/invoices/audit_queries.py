"""Audit queries of invoices: rows page by page, for laws of the module that sends them."""

from collections.abc import AsyncIterator, Iterable, Sequence
from typing import Any

from sqlalchemy import select

from domain.invoices.rules import SENT
from domain.invoices.tables import Invoice
from domain.store.audit_laws import pages
from domain.store.tx import Tx

FIGURES = ("currency", "subtotal_minor", "vat_minor", "total_minor")
_SENT = select(Invoice.id, *(getattr(Invoice, name) for name in FIGURES)).where(
    Invoice.status == SENT
)


def sent(tx: Tx) -> AsyncIterator[Sequence[Any]]:
    """Every invoice that was sent: id and FIGURES."""
    return pages(tx, _SENT, Invoice.id)


async def sent_among(tx: Tx, invoice_ids: Iterable[str]) -> frozenset[str]:
    """Which of these were sent."""
    among = Invoice.id.in_(list(invoice_ids))
    return frozenset(await tx.all(select(Invoice.id).where(among, Invoice.status == SENT)))
