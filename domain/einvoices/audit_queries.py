"""Audit queries of e-invoices: which hóa đơn did the tax authority accept for these invoices?"""

from collections.abc import Iterable, Mapping
from typing import Any

from sqlalchemy import select

from domain.einvoices.rules import ACCEPTED
from domain.einvoices.tables import EInvoice
from domain.store.tx import Tx

_FIGURES = (EInvoice.currency, EInvoice.subtotal_minor, EInvoice.vat_minor, EInvoice.total_minor)


async def accepted(tx: Tx, invoice_ids: Iterable[str]) -> Mapping[str, Any]:
    """Currency and sums of each as its row has them, by the id of the invoice."""
    of_these = EInvoice.invoice_id.in_(list(invoice_ids))
    asked = select(EInvoice.invoice_id, *_FIGURES).where(of_these, EInvoice.state == ACCEPTED)
    return {row.invoice_id: row for row in await tx.rows(asked)}
