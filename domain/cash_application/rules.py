"""Rules of cash application: does this money pay that invoice, or what does it wait for?

A receipt is applied on the reference alone, and whole (ruling C4, first rung). What differs from
the outstanding amount by no more than 1,000 dong settles it, either way, within caps (ruling L4).
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from typing import Final

# Reasons to wait, as doctor and people read them.
UNKNOWN_REFERENCE: Final = "unknown_reference"  # the memo names none of ours
SEVERAL_REFERENCES: Final = "several_references"  # or more than one: people split the money
NO_INVOICE: Final = "no_invoice"  # a deal is paid of which there is no invoice yet
INVOICE_NOT_SENT: Final = "invoice_not_sent"
OTHER_CURRENCY: Final = "other_currency"
ALREADY_PAID: Final = "already_paid"
AMOUNT_DIFFERS: Final = "amount_differs"
ROUNDING_CAP: Final = "rounding_cap"  # small differences have added up to too much

BY_REFERENCE: Final = "reference"  # the rung that found the invoice

# Dong, and dong only: elsewhere a difference of one unit is an error (ruling L4).
TOLERANCE_MINOR: Final = 1_000
# What is written off so may add up to this; our judgement, the ruling names no figure.
MOST_A_DAY_MINOR: Final = 20_000
MOST_OF_CUSTOMER_A_MONTH_MINOR: Final = 5_000


@dataclass(frozen=True, slots=True, kw_only=True)
class Asked:
    """An invoice as matching needs it: what it still asks for, and whether it was sent."""

    id: str
    account_id: str
    deal_id: str | None = None
    currency: str
    outstanding_minor: int
    is_sent: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Rounded:
    """What was written off already: this day, and for the customer this month."""

    today_minor: int
    month_minor: int


@dataclass(frozen=True, slots=True)
class Settles:
    """The money settles so much of the invoice; `rounding_minor` is what came in too little."""

    amount_minor: int
    rounding_minor: int


def named(references: Sequence[str]) -> str:
    """Why a memo with these references of ours names no invoice; empty if it names one."""
    if not references:
        return UNKNOWN_REFERENCE
    return "" if len(references) == 1 else SEVERAL_REFERENCES


def settles(amount_minor: int, currency: str, invoice: Asked, before: Rounded) -> Settles | str:
    """What of the invoice the money settles, or what it waits for."""
    if not invoice.is_sent:
        return INVOICE_NOT_SENT
    if currency != invoice.currency:
        return OTHER_CURRENCY
    if invoice.outstanding_minor <= 0:
        return ALREADY_PAID
    rounding = invoice.outstanding_minor - amount_minor
    if abs(rounding) > (TOLERANCE_MINOR if currency == "VND" else 0):
        return AMOUNT_DIFFERS
    if rounding and (
        before.today_minor + abs(rounding) > MOST_A_DAY_MINOR
        or before.month_minor + abs(rounding) > MOST_OF_CUSTOMER_A_MONTH_MINOR
    ):
        return ROUNDING_CAP
    return Settles(invoice.outstanding_minor, rounding)


def standing(
    status: str, outstanding_minor: int, due_at: date | None, today: date
) -> tuple[str, int]:
    """How an invoice stands on a day: draft, open, overdue, paid or void, and the days overdue.

    The due day itself is not late.
    """
    if status != "sent":
        return status, 0
    if outstanding_minor <= 0:
        return "paid", 0
    late = (today - due_at).days if due_at else 0
    return ("overdue", late) if late > 0 else ("open", 0)
