"""Printed invoice: what stands on the page that a customer is sent?

The printed form of a hóa đơn (bản thể hiện), as texts in the order in which they are drawn: whoever
draws it knows neither currencies nor words. All amounts are those that were stored; nothing is
added up here. What customers, banks and agents wrote goes through one filter for characters.
Source of the contents: Decree 254/2026/ND-CP, the contents of an invoice and annex 8 (words).
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from typing import Any, Final

from domain.documents.rules import plain
from domain.kernel.money import EXPONENTS
from domain.vn import qr_image
from domain.vn.words import amount_in_words

TEMPLATE: Final = "invoice"
VIETNAMESE: Final = "vi"
ENGLISH: Final = "en"
BOTH: Final = (VIETNAMESE, ENGLISH)
# Rates that are no percentages: the goods are outside the tax, or not declared for it.
_SAID_OF_RATES: Final = {
    "KCT": ("Không chịu thuế", "Not subject to VAT"),
    "KKKNT": ("Không kê khai, nộp thuế", "Not declared for VAT"),
}


@dataclass(frozen=True, slots=True, kw_only=True)
class PrintedParty:
    """Seller or buyer. What is empty is left out."""

    name: str
    tax_code: str | None = None
    address: str = ""
    email: str | None = None
    phone: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class PrintedLine:
    """One line; amounts in minor units of the invoice's currency, before tax."""

    description: str
    unit: str | None = None
    quantity: Decimal | None = None
    unit_price_minor: int | None = None
    amount_minor: int
    vat_rate: str


@dataclass(frozen=True, slots=True, kw_only=True)
class PrintedVat:
    """What is taxed at one rate."""

    rate: str
    base_minor: int
    tax_minor: int


@dataclass(frozen=True, slots=True, kw_only=True)
class PrintedPayment:
    """Where and under which reference it is paid.

    `payload` is a VietQR; `amount_vnd` what it asks for, named when the invoice is not in dong.
    """

    bank: str
    account: str
    holder: str
    reference: str
    due_on: date | None = None
    payload: str | None = None
    amount_vnd: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class PrintedSignature:
    """Who signed the XML, when, and whether that signature counts before the law."""

    subject: str
    signed_on: date
    is_legal: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class PrintedInvoice:
    """One hóa đơn as it is drawn: `form` is 1 with VAT groups, 2 for a direct-method seller.

    `label` is our own name of the invoice, `lookup` how the e-invoice is found (address or code).
    `languages` has vi, en or both.
    """

    form: int
    symbol: str
    number: int
    issued_on: date
    label: str
    currency: str
    fx_rate: Decimal | None = None
    payment_method: str
    seller: PrintedParty
    buyer: PrintedParty
    lines: Sequence[PrintedLine]
    vat: Sequence[PrintedVat]
    subtotal_minor: int
    vat_minor: int
    total_minor: int
    payment: PrintedPayment | None = None
    signature: PrintedSignature
    lookup: str = ""
    languages: tuple[str, ...] = BOTH

    def data(self) -> dict[str, Any]:
        """What is drawn, as JSON. Raises Fault CURRENCY_WITHOUT_WORDS and AMOUNT_TOO_LARGE."""
        places = max((_decimals(line.quantity) for line in self.lines), default=0)
        return {
            "languages": list(self.languages),
            "title": _title(self.form),
            "symbol": f"{self.form}{plain(self.symbol)}",
            "number": f"{self.number:08}",
            "label": plain(self.label),
            "date": {
                VIETNAMESE: date_in_vietnamese(self.issued_on),
                ENGLISH: _date_in_english(self.issued_on),
            },
            "currency": self.currency,
            "fx_rate": "" if self.fx_rate is None else self._number(self.fx_rate),
            "payment_method": plain(self.payment_method),
            "seller": _party(self.seller),
            "buyer": _party(self.buyer),
            "lines": [self._line(line, places) for line in self.lines],
            "has_vat": self.form == 1,
            "vat": [self._vat(group) for group in self.vat],
            "subtotal": self._amount(self.subtotal_minor),
            "vat_total": self._amount(self.vat_minor),
            "total": self._amount(self.total_minor),
            "words": f"{amount_in_words(self.total_minor, self.currency)}.",
            "payment": None if self.payment is None else self._payment(self.payment),
            "signature": {
                "subject": plain(self.signature.subject),
                "signed_on": self._day(self.signature.signed_on),
                "is_legal": self.signature.is_legal,
            },
            "lookup": plain(self.lookup),
        }

    def _line(self, line: PrintedLine, places: int) -> dict[str, Any]:
        price, quantity = line.unit_price_minor, line.quantity
        return {
            "description": plain(line.description),
            "unit": plain(line.unit or ""),
            "quantity": "" if quantity is None else self._number(quantity, places),
            "price": "" if price is None else self._amount(price),
            "rate": plain(line.vat_rate),
            "amount": self._amount(line.amount_minor),
        }

    def _vat(self, group: PrintedVat) -> dict[str, Any]:
        said = _SAID_OF_RATES.get(group.rate, (plain(group.rate),) * 2)
        return {
            "rate": dict(zip(BOTH, said, strict=True)),
            "base": self._amount(group.base_minor),
            "tax": self._amount(group.tax_minor),
        }

    def _payment(self, payment: PrintedPayment) -> dict[str, Any]:
        in_dong = payment.amount_vnd if self.currency != "VND" else None
        return {
            "bank": plain(payment.bank),
            "account": plain(payment.account),
            "holder": plain(payment.holder),
            "reference": plain(payment.reference),
            "due": "" if payment.due_on is None else self._day(payment.due_on),
            "amount_vnd": "" if in_dong is None else self._number(Decimal(in_dong)),
            "picture": "" if payment.payload is None else qr_image.svg(payment.payload),
        }

    def _day(self, day: date) -> str:
        """`30/04/2026`, but on a page in English alone the month has its name."""
        if VIETNAMESE in self.languages:
            return f"{day.day:02}/{day.month:02}/{day.year}"
        return _date_in_english(day)

    def _amount(self, minor: int) -> str:
        """An amount without its currency, which the page says once."""
        return self._number(Decimal(minor).scaleb(-EXPONENTS[self.currency]))

    def _number(self, value: Decimal, places: int | None = None) -> str:
        """`25.200,00` where Vietnamese is read, `25,200.00` on a page in English alone."""
        shown = f"{value:,.{places}f}" if places is not None else f"{value:,f}"
        return shown.translate(_SWAPPED) if VIETNAMESE in self.languages else shown


_SWAPPED = str.maketrans({",": ".", ".": ","})


def date_in_vietnamese(day: date) -> str:
    """`Ngày 30 tháng 04 năm 2026`, as it stands on a hóa đơn."""
    return f"Ngày {day.day:02} tháng {day.month:02} năm {day.year}"


def _date_in_english(day: date) -> str:
    return f"{day.day} {_MONTHS[day.month - 1]} {day.year}"


_MONTHS = (
    *("January", "February", "March", "April", "May", "June"),
    *("July", "August", "September", "October", "November", "December"),
)


def _title(form: int) -> Mapping[str, str]:
    if form == 1:
        return {VIETNAMESE: "HÓA ĐƠN GIÁ TRỊ GIA TĂNG", ENGLISH: "VAT INVOICE"}
    return {VIETNAMESE: "HÓA ĐƠN BÁN HÀNG", ENGLISH: "SALES INVOICE"}


def _party(party: PrintedParty) -> dict[str, str]:
    return {
        "name": plain(party.name),
        "tax_code": plain(party.tax_code or ""),
        "address": plain(party.address),
        "email": plain(party.email or ""),
        "phone": plain(party.phone or ""),
    }


def _decimals(quantity: Decimal | None) -> int:
    """How many decimals a quantity needs: 7.50 hours need one."""
    if quantity is None or not quantity:
        return 0
    exponent = quantity.normalize().as_tuple().exponent
    return max(0, -exponent) if isinstance(exponent, int) else 0
