"""Arithmetic of an e-invoice: do lines, rates, totals and words say the same?

The authority does not check it reliably, so nobody else will. All sums are of whole minor units;
a line may be rounded either way at exactly a half, everything else is held to the unit.
"""

import re
from collections.abc import Iterator
from decimal import Decimal
from typing import Any, NamedTuple

from domain.einvoices.reading import Finding, extras, minor, number
from domain.einvoices.xml import IN_DONG, LINE_TAX, in_dong
from domain.kernel.faults import Fault
from domain.kernel.money import EXPONENTS
from domain.vat.totals import VatTotals, vat_of
from domain.vn.words import amount_in_words

_CONTENT = "DLHDon/NDHDon"
_TOTALS = f"{_CONTENT}/TToan"
_DISCOUNT, _NOTE = "3", "4"
# Spellings of words that are all in use; the digits they stand for are the same.
_SPELLINGS = (("lẻ", "linh"), ("ngàn", "nghìn"), ("tư", "bốn"), ("chẵn", ""), ("nhăm", "lăm"))


class _Line(NamedTuple):
    """A line that counts: its amount (a discount is less than nothing), its rate, its tax."""

    place: str
    amount: int
    rate: str
    tax: int | None


def findings(root: Any) -> Iterator[Finding]:
    """Every sum that does not hold, of a document whose structure is sound."""
    currency = root.findtext("DLHDon/TTChung/DVTTe")
    if currency not in EXPONENTS:
        yield Finding("CURRENCY", "DLHDon/TTChung/DVTTe", "The currency is not one we know.")
        return
    lines: list[_Line] = []
    for place, element in enumerate(root.iterfind(f"{_CONTENT}/DSHHDVu/HHDVu"), 1):
        found = _line(element, f"{_CONTENT}/DSHHDVu/HHDVu[{place}]", currency)
        yield from (one for one in found if isinstance(one, Finding))
        lines += [one for one in found if isinstance(one, _Line)]
    yield from _rates(root, lines, currency)
    yield from _totals(root, currency)
    yield from _rate_of_exchange(root, currency)


def _line(element: Any, place: str, currency: str) -> list[Finding | _Line]:
    """What is wrong with a line, and what of it counts."""
    if (kind := element.findtext("TChat")) == _NOTE:
        return []
    rate, amount = element.findtext("TSuat"), minor(element.findtext("ThTien"), currency)
    if amount is None or rate is None:
        return [Finding("LINE_AMOUNT", place, "The line has no whole amount or no rate.")]
    said: list[Finding | _Line] = []
    quantity, price = number(element.findtext("SLuong")), number(element.findtext("DGia"))
    if quantity is not None and price is not None:
        off = number(element.findtext("STCKhau")) or Decimal(0)
        exact = (quantity * price - off).scaleb(EXPONENTS[currency])
        if abs(2 * (exact - amount)) > 1:
            said.append(Finding("LINE_AMOUNT", place, "Quantity times price is another amount."))
    elif (quantity is None) != (price is None):
        said.append(Finding("LINE_AMOUNT", place, "A quantity needs a price, and a price one."))
    tax = extras(element).get(LINE_TAX)
    if tax is not None and minor(tax, currency) is None:
        said.append(Finding("LINE_TAX", place, "The tax of the line is no whole amount."))
    if kind == _DISCOUNT:
        amount = -amount
    return [*said, _Line(place, amount, rate, minor(tax, currency))]


def _rates(root: Any, lines: list[_Line], currency: str) -> Iterator[Finding]:
    place = f"{_TOTALS}/THTTLTSuat"
    groups = [
        (
            one.findtext("TSuat"),
            minor(one.findtext("ThTien"), currency),
            minor(one.findtext("TThue"), currency),
        )
        for one in root.iterfind(f"{place}/LTSuat")
    ]
    try:
        due = vat_of([(line.amount, line.rate) for line in lines], currency)
    except Fault:
        yield Finding("GROUPS", place, "The lines cannot be added up.")
        return
    wanted = {group.rate: group for group in due.groups}
    if sorted(str(rate) for rate, _, _ in groups) != sorted(wanted):
        yield Finding("GROUPS", place, "The rates are not those of the lines, each once.")
        return
    for number_, (rate, base, tax) in enumerate(groups, 1):
        here, group = f"{place}/LTSuat[{number_}]", wanted[str(rate)]
        if base != group.base_minor:
            yield Finding("GROUP_BASE", here, "The lines of the rate have another sum.")
        if tax != group.tax_minor:
            yield Finding("GROUP_TAX", here, "The tax on that sum is another amount.")
    yield from _line_taxes(lines, due)
    for name, amount in (
        ("TgTCThue", sum(group.base_minor for group in due.groups)),
        ("TgTThue", due.tax_minor),
    ):
        if minor(root.findtext(f"{_TOTALS}/{name}"), currency) != amount:
            yield Finding("TOTAL", f"{_TOTALS}/{name}", "The rates have another sum.")


def _line_taxes(lines: list[_Line], due: VatTotals) -> Iterator[Finding]:
    """Vendors who tell the tax of lines tell it of every line, and the sum is that of the rates."""
    told = [line for line in lines if line.tax is not None]
    if told and len(told) != len(lines):
        yield Finding("LINE_TAX", f"{_CONTENT}/DSHHDVu", "Some lines tell their tax, some do not.")
        return
    for line, tax in zip(told, due.line_taxes, strict=False):
        if line.tax != tax:
            yield Finding("LINE_TAX", line.place, "The tax of the line is another amount.")


def _totals(root: Any, currency: str) -> Iterator[Finding]:
    totals = root.find(_TOTALS)
    amounts = {
        name: minor(totals.findtext(name), currency)
        for name in ("TgTCThue", "TgTThue", "TgTTTBSo", "TGTKCThue", "TGTKhac", "TTCKTMai")
    }
    fees = [minor(one.text, currency) for one in totals.iterfind("DSLPhi/LPhi/TPhi")]
    broken = [name for name, amount in amounts.items()
              if amount is None and totals.find(name) is not None]  # fmt: skip
    if broken or None in fees:
        yield Finding("TOTAL", _TOTALS, "A total is no whole amount of the currency.")
        return
    got = {name: amount or 0 for name, amount in amounts.items()}
    due = got["TgTCThue"] + got["TgTThue"] + sum(fee or 0 for fee in fees)
    due -= got["TGTKCThue"] + got["TGTKhac"]
    if got["TgTTTBSo"] != due:
        yield Finding("TOTAL", f"{_TOTALS}/TgTTTBSo", "The parts have another sum.")
    discounts = sum(
        minor(one.findtext("ThTien"), currency) or 0
        for one in root.iterfind(f"{_CONTENT}/DSHHDVu/HHDVu")
        if one.findtext("TChat") == _DISCOUNT
    )
    if totals.find("TTCKTMai") is not None and got["TTCKTMai"] != discounts:
        yield Finding("TOTAL", f"{_TOTALS}/TTCKTMai", "The discounts have another sum.")
    if not _is_in_words(totals.findtext("TgTTTBChu") or "", got["TgTTTBSo"], currency):
        yield Finding("WORDS", f"{_TOTALS}/TgTTTBChu", "The words are those of another amount.")


def _is_in_words(text: str, amount: int, currency: str) -> bool:
    try:
        due = amount_in_words(amount, currency)
    except Fault:
        return False
    return _spelt(text) == _spelt(due)


def _spelt(text: str) -> str:
    """Words in one of the spellings that mean the same amount."""
    words = " ".join(text.casefold().rstrip(" .").split())
    for one, other in _SPELLINGS:
        words = re.sub(rf"\b{one}\b", other, words)
    return " ".join(words.split())


def _rate_of_exchange(root: Any, currency: str) -> Iterator[Finding]:
    place = "DLHDon/TTChung/TGia"
    rate = number(root.findtext(place))
    if currency == "VND":
        if rate not in (None, 1):
            yield Finding("FX_RATE", place, "A dong costs one dong.")
        return
    if rate is None or rate <= 0:
        yield Finding("FX_RATE", place, "A foreign currency needs its rate in dong.")
        return
    totals = root.find(_TOTALS)
    total, told = minor(totals.findtext("TgTTTBSo"), currency), extras(totals).get(IN_DONG)
    if told is None or total is None:
        return
    if minor(told, "VND") != in_dong(total, currency, rate):
        yield Finding("IN_DONG", f"{_TOTALS}/TTKhac", "The total in dong is another amount.")
