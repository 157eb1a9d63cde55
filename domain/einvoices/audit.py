"""Audit laws of e-invoices: was each allowed by people, numbered without a hole, and left so?"""

import hashlib
from typing import Any

from sqlalchemy import String, and_, func, select, type_coerce
from sqlalchemy.orm import aliased

from domain.einvoices.check import check
from domain.einvoices.events import EInvoiceMoved
from domain.einvoices.reading import Unreadable, heading
from domain.einvoices.rules import ACCEPTED
from domain.einvoices.signing import verify
from domain.einvoices.tables import EInvoice
from domain.store.audit_claims import entries_of
from domain.store.audit_laws import Approved, last_written, pages
from domain.store.audit_report import FOREIGN, Report
from domain.store.tx import Tx

_SEND = "invoice.send"
_SERIES = (EInvoice.form, EInvoice.symbol, EInvoice.year)


async def accepted_by_people(tx: Tx, report: Report, approved: Approved) -> None:
    """Every accepted one was sent by the action that people allowed, with the bytes then told."""
    entries = [EInvoiceMoved.read(entry) for _, entry in await entries_of(tx, EInvoiceMoved.EVENT)]
    told = {(one.einvoice_id, one.state, one.xml_sha256) for one in entries}
    rows = select(
        EInvoice.id, EInvoice.invoice_id, EInvoice.action_id, EInvoice.state, EInvoice.xml_sha256
    )
    async for page in pages(tx, rows, EInvoice.id):
        allowed = await approved.about(_SEND, [row.invoice_id for row in page])
        written = await last_written(tx, EInvoice, [row.id for row in page])
        for row in page:
            place, action = f"e-invoice {row.id}", allowed.get(row.invoice_id)
            if (row.id, row.state, row.xml_sha256) not in told:
                report.found(place, "no entry tells of its state or of its bytes")
            is_allowed = action is not None and action.action_id == row.action_id
            if row.state == ACCEPTED and not is_allowed:
                report.found(place, "was sent without an approval that was carried out")
            elif row.state == ACCEPTED and row.id in written and action is not None:
                last = written[row.id]
                if not last.is_effect_of(action):
                    report.found(place, f"was written by entry {last.seq} after it was accepted")


async def numbered_without_hole(tx: Tx, report: Report, _: Approved) -> None:
    """Each series counts from one, and dates follow the numbers."""
    numbers = (func.min(EInvoice.number), func.max(EInvoice.number), func.count())
    for form, symbol, year, first, last, count in await tx.rows(
        select(*_SERIES, *numbers).group_by(*_SERIES).order_by(*_SERIES)
    ):
        if (first, last) != (1, count):
            report.found(f"series {form}{symbol} of {year}", "its numbers have a hole")
    before, after = aliased(EInvoice), aliased(EInvoice)
    same = and_(
        before.form == after.form,
        before.symbol == after.symbol,
        before.year == after.year,
        before.number + 1 == after.number,
    )
    turned = select(after.id).join(before, same).where(before.issued_on > after.issued_on)
    for id in await tx.all(turned.order_by(after.id)):
        report.found(f"e-invoice {id}", "is dated before the number below it")


async def as_it_left(tx: Tx, report: Report, _: Approved) -> None:
    """The bytes are those of their digest, sound, signed, and say what the row says."""
    rows = select(
        EInvoice.id,
        *_SERIES,
        EInvoice.number,
        type_coerce(EInvoice.issued_on, String).label("day"),
        EInvoice.currency,
        EInvoice.subtotal_minor,
        EInvoice.vat_minor,
        EInvoice.total_minor,
        type_coerce(EInvoice.xml, String).label("xml"),
        EInvoice.xml_sha256,
    )
    async for page in pages(tx, rows, EInvoice.id):
        for row in page:
            place = f"e-invoice {row.id}"
            if not isinstance(row.xml, bytes):
                report.found(place, FOREIGN)
            elif hashlib.sha256(row.xml).hexdigest() != row.xml_sha256:
                report.found(place, "its bytes are not those of its digest")
            elif check(row.xml):
                report.found(place, "its bytes are no valid hóa đơn")
            elif not verify(row.xml).is_valid:
                report.found(place, "its signature does not hold")
            elif not _says(row):
                report.found(place, "its bytes do not say what its row says")


def _says(row: Any) -> bool:
    try:
        told = heading(row.xml)
    except (Unreadable, ValueError):
        return False
    return (
        *(told.form, told.symbol, told.issued_on.year, told.number),
        *(told.issued_on.isoformat(), told.currency),
        *(told.subtotal_minor, told.vat_minor, told.total_minor),
    ) == (
        *(row.form, row.symbol, row.year, row.number),
        *(str(row.day)[:10], row.currency),
        *(row.subtotal_minor, row.vat_minor, row.total_minor),
    )
