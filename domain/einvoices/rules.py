"""E-invoice rules: may this document be issued under this symbol, on this day, by this key?"""

from collections.abc import Mapping
from datetime import date
from typing import Final

from domain.einvoices.layout import SYMBOL
from domain.kernel.faults import Fault, Kind

LAST_NUMBER: Final = 99_999_999
SIGNED, SUBMITTED, ACCEPTED, REJECTED = "signed", "submitted", "accepted", "rejected"
# An answer may come at once or after a while, and only a definite no leads back.
NEXT: Final[Mapping[str, frozenset[str]]] = {
    SIGNED: frozenset({SUBMITTED, ACCEPTED, REJECTED}),
    SUBMITTED: frozenset({ACCEPTED, REJECTED}),
    REJECTED: frozenset({SIGNED}),
    ACCEPTED: frozenset(),
}


def check_symbol(symbol: str, issued_on: date) -> None:
    """Raise SYMBOL_NOT_REGISTERED unless this is a symbol of the year of that day."""
    if not is_of_year(symbol, issued_on):
        raise Fault(
            "SYMBOL_NOT_REGISTERED",
            Kind.CONFLICT,
            "The symbol of the hóa đơn is not one of the year of its date.",
            "An operator records the symbol registered for this year in the company's profile.",
            {"year": issued_on.year},
        )


def is_of_year(symbol: str, day: date) -> bool:
    """Whether a symbol has the form of one and its two digits are those of the day's year."""
    match = SYMBOL.fullmatch(symbol)
    return match is not None and int(match["year"]) == day.year % 100


def check_order(issued_on: date, before: date | None, after: date | None = None) -> None:
    """Raise EINVOICE_DATE_ORDER unless the date fits between those of the numbers beside it."""
    if (before is not None and issued_on < before) or (after is not None and after < issued_on):
        raise Fault(
            "EINVOICE_DATE_ORDER",
            Kind.CONFLICT,
            "A hóa đơn with a lower number has a later date, or one with a higher an earlier.",
            "Use the day of the last one or a later day; dates follow the numbers.",
        )


def check_number(number: int) -> None:
    """Raise EINVOICE_NUMBERS_USED once a series has used the eight digits it has."""
    if number > LAST_NUMBER:
        raise Fault(
            "EINVOICE_NUMBERS_USED",
            Kind.CONFLICT,
            "Every number of this symbol and year is used.",
            "An operator registers a further symbol and records it in the company's profile.",
        )


def check_next(state: str, target: str) -> None:
    """Raise EINVOICE_STATE for a step that no hóa đơn takes."""
    if target not in NEXT[state]:
        raise Fault(
            "EINVOICE_STATE",
            Kind.CONFLICT,
            f"The hóa đơn is {state} and cannot become {target}.",
            "Read the invoice again.",
            {"state": state, "target": target},
        )
