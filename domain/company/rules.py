"""Company rules: what may stand on a hóa đơn about the seller?"""

import re
from datetime import date
from enum import StrEnum

from domain.kernel import text
from domain.kernel.faults import Fault, Kind
from domain.vn.tax_codes import is_personal, read_tax_code

MOST_NAME, MOST_ADDRESS = 400, 400  # as a hóa đơn has room
# Circular 91/2026/TT-BTC, and 32/2025 before it: C or K (with or without the tax authority's
# code), two digits of the year, a letter for the kind, two of the seller's choice.
_SYMBOL = re.compile(r"[CK](\d{2})[TDLMNBGHXF][A-Z]{2}", re.ASCII)


class VatMethod(StrEnum):
    """How the seller declares VAT: by credit (form 1), or directly on turnover (form 2)."""

    CREDIT = "credit"
    DIRECT = "direct"


def check_symbol(typed: str, since: date) -> str:
    """A symbol (ký hiệu) that fits the year from which it is used. Raises SYMBOL_INVALID."""
    symbol = typed.strip().upper()
    match = _SYMBOL.fullmatch(symbol)
    if match is None or int(match[1]) != since.year % 100:
        raise Fault(
            "SYMBOL_INVALID",
            Kind.INVALID,
            f"This is not a symbol of invoices of {since.year}.",
            f"such as C{since.year % 100:02}TAA: C or K, the year, the kind, two letters.",
        )
    return symbol


def check_seller_code(typed: str) -> str:
    """The canonical tax code of a company or branch; its check digit only advises.

    Raises VN_MST_INVALID.
    """
    code = read_tax_code(typed).normalised
    if is_personal(code):
        raise Fault(
            "VN_MST_INVALID",
            Kind.INVALID,
            "A company has a tax code of 10 digits, or 13 with a branch.",
            "Give the digits as the registration certificate shows them.",
        )
    return code


def check_words(name: str, typed: str, most: int) -> str:
    """One line of text. Raises PROFILE_INVALID, which names the field."""
    try:
        return text.line(typed, most)
    except ValueError as error:
        raise Fault(
            "PROFILE_INVALID",
            Kind.INVALID,
            f"The {name} {error}.",
            "Give it on one line, as the registration certificate shows it.",
        ) from None
