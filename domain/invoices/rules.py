"""Rules of invoices: what are hours worth, and may an invoice still change?

Amounts are whole minor units, hours whole hundredths. A line of time holds all hours of one role,
phase and rate, so rate x hours is its amount exactly, and it is rounded once.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any, NamedTuple, Protocol

from domain.kernel.faults import Fault, Kind
from domain.kernel.rounding import Rounding, divide

TIME, FLAT = "time", "flat"
DRAFT, SENT, PAID = "draft", "sent", "paid"

_HUNDREDTHS = 100
_LONGEST_DESCRIPTION = 255


# --- lines ---


class Worked(Protocol):
    """Hours of one role in one phase at one rate."""

    @property
    def id(self) -> str: ...
    @property
    def role(self) -> str: ...
    @property
    def phase(self) -> str | None: ...
    @property
    def rate_minor(self) -> int: ...
    @property
    def hours_hundredths(self) -> int: ...


class LineKey(NamedTuple):
    """What the hours of one line have in common; currency and VAT are those of the invoice."""

    role: str
    phase: str | None
    rate_minor: int


@dataclass(frozen=True, slots=True)
class TimeLine:
    """A line of time: its hours in hundredths, its amount in minor units, and the entries of it."""

    key: LineKey
    hours_hundredths: int
    amount_minor: int
    entry_ids: tuple[str, ...]


def amount_of(rate_minor: int, hours_hundredths: int, rounding: Rounding) -> int:
    """Rate x hours in minor units, rounded once."""
    return divide(rate_minor * hours_hundredths, _HUNDREDTHS, rounding)


def time_lines(entries: Iterable[Worked], rounding: Rounding) -> list[TimeLine]:
    """The lines of these entries, by role, phase (none first) and rate, and priced."""
    groups: dict[LineKey, list[Worked]] = {}
    for entry in entries:
        key = LineKey(entry.role, entry.phase, entry.rate_minor)
        groups.setdefault(key, []).append(entry)
    lines = []
    for key in sorted(groups, key=lambda one: (one.role, one.phase or "", one.rate_minor)):
        hours = sum(entry.hours_hundredths for entry in groups[key])
        amount = amount_of(key.rate_minor, hours, rounding)
        lines.append(TimeLine(key, hours, amount, tuple(entry.id for entry in groups[key])))
    return lines


def described(title: str, period: str, key: LineKey | None = None) -> str:
    """What a line says until somebody words it otherwise: `ACME Q2: engineer, build (04/2026)`."""
    year, month = period.split("-")
    what = "" if key is None else f": {key.role}" + (f", {key.phase}" if key.phase else "")
    tail = f"{what} ({month}/{year})"
    return f"{title[: _LONGEST_DESCRIPTION - len(tail)]}{tail}"


def in_new_order(ids: Sequence[str], wanted: Mapping[str, int]) -> list[str]:
    """Line ids with some of them moved to places from 1, one after the other, lowest place first.

    The others keep their order; a place behind the last is the last.
    """
    order = [id for id in ids if id not in wanted]
    for id, place in sorted(wanted.items(), key=lambda one: one[1]):
        order.insert(min(place - 1, len(order)), id)
    return order


# --- changes ---


class Changeable(Protocol):
    """What decides whether an invoice may still change."""

    @property
    def status(self) -> Any: ...
    @property
    def locked_at(self) -> Any: ...


def is_open(invoice: Changeable) -> bool:
    """Whether it is a draft that nothing was signed over."""
    return invoice.status == DRAFT and invoice.locked_at is None


def check_open(invoice: Changeable) -> None:
    """Raise INVOICE_LOCKED: an e-invoice was signed over its content."""
    if not is_open(invoice):
        raise Fault(
            "INVOICE_LOCKED",
            Kind.CONFLICT,
            "The invoice is signed, and its content is fixed.",
            "Later entries come into the next draft of the period; {get_invoice} says how it goes.",
            {"status": invoice.status},
        )


def check_due(due_at: date, today: date) -> None:
    """Raise DUE_DATE_INVALID for a day that is over."""
    if due_at < today:
        raise Fault(
            "DUE_DATE_INVALID",
            Kind.INVALID,
            "The invoice cannot have been due already.",
            "Give today or a later day.",
            {"today": today.isoformat()},
        )


# --- how far it got ---


def outstanding(total_minor: int, received_minor: int) -> int:
    """What is still to be paid, in minor units; it is always worked out and never kept."""
    return total_minor - received_minor


def standing(status: str, outstanding_minor: int) -> str:
    """The status as people see it: a sent invoice of which nothing is outstanding is paid."""
    return PAID if status == SENT and outstanding_minor <= 0 else status


# --- what is still missing ---


def needs(
    *, vat_category: str | None, lines: int, has_billing_profile: bool, has_seller_profile: bool
) -> list[str]:
    """What a draft lacks before it can be sent, in the order in which people see to it."""
    missing = {
        "lines": lines == 0,
        "vat_category": vat_category is None,
        "billing_profile": not has_billing_profile,
        "seller_profile": not has_seller_profile,
    }
    return [what for what, is_missing in missing.items() if is_missing]
