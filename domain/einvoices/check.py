"""E-invoice check: is this XML a hóa đơn that we would send, and where is it not?

It reads XML of anybody and changes nothing. A document in which it finds nothing has the fields of
the format, a symbol of its year, parties that may stand there, and sums and words that agree.
"""

import re
from collections.abc import Iterator
from datetime import date
from typing import Any

from domain.einvoices import arithmetic, structure
from domain.einvoices.document import CONSUMER
from domain.einvoices.reading import Finding, Unreadable, extras, parse
from domain.einvoices.rules import is_of_year
from domain.einvoices.xml import NATION, REFERENCE

__all__ = ["Finding", "check"]

_SIGNING_TIME = "{http://www.w3.org/2000/09/xmldsig#}SigningTime"
_GENERAL, _CONTENT = "DLHDon/TTChung", "DLHDon/NDHDon"
_COUNTRY = re.compile("[A-Z]{2}")


def check(xml: bytes) -> list[Finding]:
    """Every finding, in the order of the document; sums only once the structure is sound."""
    try:
        root = parse(xml)
    except Unreadable as error:
        return [error.finding]
    found = [*structure.findings(root)]
    return found or [*_heading(root), *_parties(root), *_order(root), *arithmetic.findings(root)]


def _heading(root: Any) -> Iterator[Finding]:
    day = date.fromisoformat(root.findtext(f"{_GENERAL}/NLap"))
    if not is_of_year(root.findtext(f"{_GENERAL}/KHHDon"), day):
        place = f"{_GENERAL}/KHHDon"
        yield Finding("SYMBOL_YEAR", place, "The symbol is one of another year than the date.")
    for signed in root.iterfind(f"DSCKS/NBan//{_SIGNING_TIME}"):
        if (signed.text or "")[:10] < day.isoformat():
            yield Finding("SIGNED_EARLY", "DSCKS/NBan", "It was signed before its date.")


def _parties(root: Any) -> Iterator[Finding]:
    """The seller's fields are all needed and in the layout; what a buyer needs depends on who."""
    buyer, place = root.find(f"{_CONTENT}/NMua"), f"{_CONTENT}/NMua"
    has = {name: buyer.find(name) is not None for name in ("Ten", "HVTNMHang", "MST", "DChi")}
    named = buyer.findtext("Ten") or buyer.findtext("HVTNMHang")
    if named is None:
        yield Finding("BUYER_NAME", place, "The buyer has no name.")
    elif named == CONSUMER and has["MST"]:
        yield Finding("BUYER_NAME", place, "A consumer without a name has no tax code.")
    elif named != CONSUMER and not has["DChi"]:
        yield Finding("BUYER_ADDRESS", place, "The buyer has no address.")
    if root.findtext(f"{_CONTENT}/NBan/MST") == buyer.findtext("MST"):
        yield Finding("BUYER_IS_SELLER", place, "Seller and buyer are the same.")
    country = extras(buyer).get(NATION)
    if country is not None and (has["MST"] or not _COUNTRY.fullmatch(country)):
        yield Finding("BUYER_COUNTRY", place, "A buyer abroad has a country and no tax code here.")


def _order(root: Any) -> Iterator[Finding]:
    """Lines that are numbered count from one."""
    told = [one.findtext("STT") for one in root.iterfind(f"{_CONTENT}/DSHHDVu/HHDVu")]
    numbers = [int(one) for one in told if one is not None]
    if numbers != list(range(1, len(numbers) + 1)):
        place = f"{_CONTENT}/DSHHDVu"
        yield Finding("LINE_ORDER", place, "The numbers of the lines do not count from one.")
    repeated = [extra for extra in root.iter("TTKhac") if _repeats(extra)]
    if repeated:
        yield Finding("EXTRA_REPEATED", "", f"A name in TTKhac, such as {REFERENCE}, is twice.")


def _repeats(extra: Any) -> bool:
    told = [one.findtext("TTruong") for one in extra.iterfind("TTin")]
    return len(set(told)) != len(told)
