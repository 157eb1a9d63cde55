"""Audit queries of receipts: rows page by page for laws of who applies them, as the driver gives
them.
"""

from collections.abc import AsyncIterator, Iterable, Mapping, Sequence
from typing import Any

from sqlalchemy import select

from domain.receipts.events import ReceiptsApplied
from domain.receipts.tables import Receipt, ReceiptApplication
from domain.store.audit_claims import entries_of
from domain.store.audit_laws import pages
from domain.store.tx import Tx

_APPLIED = select(
    *(ReceiptApplication.id, ReceiptApplication.receipt_id, ReceiptApplication.invoice_id),
    *(ReceiptApplication.amount_minor, ReceiptApplication.rounding_minor),
    ReceiptApplication.reason,
)


def applications(tx: Tx) -> AsyncIterator[Sequence[Any]]:
    """Every application: id, receipt_id, invoice_id, amount_minor, rounding_minor and reason."""
    return pages(tx, _APPLIED, ReceiptApplication.id)


def recorded(tx: Tx) -> AsyncIterator[Sequence[Any]]:
    """Every receipt: id, amount_minor, waits_for, memo and the reference that was read in it."""
    asked = select(
        *(Receipt.id, Receipt.amount_minor, Receipt.waits_for, Receipt.memo, Receipt.reference)
    )
    return pages(tx, asked, Receipt.id)


async def memos(tx: Tx, receipt_ids: Iterable[str]) -> Mapping[str, str]:
    """The payer's words of these receipts."""
    asked = select(Receipt.id, Receipt.memo).where(Receipt.id.in_(list(receipt_ids)))
    return {row.id: str(row.memo) for row in await tx.rows(asked)}


async def told_applications(tx: Tx) -> Mapping[str, str]:
    """The receipt of every application that an entry tells of, by its id."""
    told: dict[str, str] = {}
    for _, entry in await entries_of(tx, ReceiptsApplied.EVENT):
        told |= ReceiptsApplied.read(entry).receipts
    return told
