"""Queries of e-invoices: which hóa đơn has an invoice, and which day a series reached?"""

from collections.abc import Iterable, Mapping
from datetime import date

from sqlalchemy import select

from domain.einvoices.tables import EInvoice
from domain.store.tx import Tx


async def of_invoice(tx: Tx, invoice_id: str, *, lock: bool = False) -> EInvoice | None:
    """The hóa đơn of an invoice, as far as the viewer may see it; `lock` holds it to the end."""
    mine = select(EInvoice).where(EInvoice.invoice_id == invoice_id)
    if lock:
        # What was read before the lock was had may be old.
        mine = mine.with_for_update().execution_options(populate_existing=True)
    return await tx.first(mine)


async def states_of(tx: Tx, invoice_ids: Iterable[str]) -> Mapping[str, tuple[str, str]]:
    """State and number as people read it (`1C26TAA 41`), by the id of the invoice."""
    mine = EInvoice.invoice_id.in_(list(invoice_ids))
    rows = await tx.rows(
        select(
            EInvoice.invoice_id, EInvoice.state, EInvoice.form, EInvoice.symbol, EInvoice.number
        ).where(mine)
    )
    return {
        row.invoice_id: (row.state, shown_number(row.form, row.symbol, row.number)) for row in rows
    }


async def last_day(tx: Tx, form: int, symbol: str, year: int) -> date | None:
    """The latest date of a series; None while it has no number."""
    days = select(EInvoice.issued_on).where(
        EInvoice.form == form, EInvoice.symbol == symbol, EInvoice.year == year
    )
    return await tx.first(days.order_by(EInvoice.number.desc()))


def shown_number(form: int, symbol: str, number: int) -> str:
    """A number as people read it: `1C26TAA 41`."""
    return f"{form}{symbol} {number}"
