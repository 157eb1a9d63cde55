"""Payment standing: what was received for an invoice, what is outstanding, and how late is it?"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any

from domain.cash_application import rules
from domain.invoices import service as invoices
from domain.receipts import queries as receipts
from domain.receipts.queries import Payment
from domain.store.tx import Tx
from domain.store.visibility import Viewer


@dataclass(frozen=True, slots=True)
class PaymentStanding:
    """An invoice and its money, in minor units of its currency; days after the due day.

    `state` is draft, open, overdue, paid or void; what is partly paid is open or overdue.
    """

    invoice: Any
    state: str
    received_minor: int
    outstanding_minor: int
    overdue_days: int
    payments: Sequence[Payment]


async def of_invoice(tx: Tx, viewer: Viewer, reference: str, today: date) -> PaymentStanding:
    """How an invoice stands on a day, by its id or label. Raises NOT_FOUND, hidden ones too."""
    invoice = await invoices.load(tx, viewer, reference)
    payments = await receipts.payments_of(tx, [invoice.id])
    received = sum(one.amount_minor for one in payments)
    left = invoice.total_minor - received
    state, late = rules.standing(invoice.status, left, invoice.due_at, today)
    return PaymentStanding(invoice, state, received, left, late, payments)
