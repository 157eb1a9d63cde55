"""Postings: which events of the business are booked, each by its rule and once?"""

from datetime import date

from domain.ledger import rules, service
from domain.ledger.entries import Source
from domain.ledger.rules import AcceptedInvoice as AcceptedInvoice
from domain.ledger.rules import AppliedReceipt as AppliedReceipt
from domain.ledger.rules import Sold as Sold
from domain.store.chain import SYSTEM, Actor
from domain.store.tx import Tx


async def accepted(
    tx: Tx,
    invoice: AcceptedInvoice,
    *,
    memo: str | None = None,
    fx_rate_id: str | None = None,
    actor: Actor = SYSTEM,
) -> None:
    """Book an invoice on its own day. Raises RATE_MISSING, LEDGER_NOTHING, LEDGER_CONFLICT."""
    source = Source(invoice.document_kind, invoice.document_id)
    await service.post(
        tx, invoice.on, rules.accepted(invoice), source,
        memo=memo, fx_rate_id=fx_rate_id, actor=actor,
    )  # fmt: skip


async def applied(
    tx: Tx,
    receipt: AppliedReceipt,
    on: date,
    source: Source,
    *,
    memo: str | None = None,
    actor: Actor = SYSTEM,
) -> None:
    """Book that a receipt settles an invoice; `source` is the row that says so.

    Raises LEDGER_CURRENCY, LEDGER_ROUNDING, LEDGER_CONFLICT.
    """
    await service.post(tx, on, rules.applied(receipt), source, memo=memo, actor=actor)
