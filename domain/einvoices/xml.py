"""E-invoice XML: a document in the data format 2.1.0, unsigned. The same document, the same bytes.

A line's amount is what is left after its discount, so that lines, rates and total agree. The
standard has no field for the tax of a line: it goes into `TTKhac` as `VATAmount`, as vendors do.
"""

import re
from decimal import ROUND_HALF_UP, Decimal
from typing import Any, Final

import lxml.etree as etree

from domain.einvoices.document import CONSUMER, HOME, EInvoiceDocument, EInvoiceLine, Party
from domain.einvoices.layout import DATA_ID, FORM, SIGNATURES, TITLE, VERSION
from domain.einvoices.rules import check_symbol
from domain.kernel.faults import Fault, Kind
from domain.kernel.money import EXPONENTS
from domain.kernel.rounding import Rounding, whole
from domain.vn.words import amount_in_words

LINE_TAX: Final = "VATAmount"
REFERENCE: Final = "InvoiceReference"
IN_DONG: Final = "TgTQDoi"
NATION: Final = "Country"
_CENT = Decimal("0.01")
_SERVICE = "1"
# What XML 1.0 cannot hold (section 2.2), not even written as a number.
_FORBIDDEN = re.compile(r"[\x00-\x08\x0b\x0c\x0e-\x1f\ud800-\udfff\ufffe\uffff]")


def build(document: EInvoiceDocument) -> bytes:
    """The XML of a document, with an empty place for the seller's signature.

    Text is brought to one line. What is built may still be no valid hóa đơn: `check` says so.
    Raises Fault SYMBOL_NOT_REGISTERED, EINVOICE_FORM (another form than 1), EINVOICE_FX_RATE (a
    foreign currency without a rate), and AMOUNT_TOO_LARGE, CURRENCY_WITHOUT_WORDS from the words.
    """
    if document.form != FORM:
        raise Fault(
            "EINVOICE_FORM",
            Kind.INVALID,
            "Only form 1, the invoice of value added tax, is issued.",
            "A seller on the direct method needs form 2, which is not there yet.",
        )
    check_symbol(document.symbol, document.issued_on)
    root = etree.Element("HDon")
    data = etree.SubElement(root, "DLHDon", Id=DATA_ID)
    _general(etree.SubElement(data, "TTChung"), document)
    content = etree.SubElement(data, "NDHDon")
    _seller(etree.SubElement(content, "NBan"), document.seller)
    _buyer(etree.SubElement(content, "NMua"), document.buyer)
    lines = etree.SubElement(content, "DSHHDVu")
    for line in document.lines:
        _line(etree.SubElement(lines, "HHDVu"), line, document.currency)
    _totals(etree.SubElement(content, "TToan"), document)
    etree.SubElement(etree.SubElement(root, SIGNATURES), "NBan")
    return written(root)


def written(root: Any) -> bytes:
    """The bytes of an element as they are stored; nobody writes them a second time."""
    text: bytes = etree.tostring(root, xml_declaration=True, encoding="UTF-8")
    return text


def shown_rate(document: EInvoiceDocument) -> Decimal:
    """The rate as the document shows it: dong for one unit, two decimals; 1 for dong.

    Raises Fault EINVOICE_FX_RATE.
    """
    if document.currency == "VND":
        return Decimal(1)
    rate = document.fx_rate
    if rate is None or not rate.is_finite() or not _CENT <= rate < 10**5:
        raise Fault(
            "EINVOICE_FX_RATE",
            Kind.INVALID,
            "A hóa đơn in a foreign currency shows its rate in dong, from 0.01 to 99,999.99.",
            "Record the rate of the day first.",
        )
    return rate.quantize(_CENT, ROUND_HALF_UP)


def in_dong(total_minor: int, currency: str, rate: Decimal) -> int:
    """The total in whole dong at the rate that is shown, rounded half up."""
    return whole(Decimal(total_minor).scaleb(-EXPONENTS[currency]) * rate, Rounding.HALF_UP)


def _general(place: Any, document: EInvoiceDocument) -> None:
    _fields(
        place,
        ("PBan", VERSION),
        ("THDon", TITLE),
        ("KHMSHDon", str(document.form)),
        ("KHHDon", document.symbol),
        ("SHDon", str(document.number)),
        ("NLap", document.issued_on.isoformat()),
        ("HDCTTChinh", "0"),
        ("DVTTe", document.currency),
        ("TGia", format(shown_rate(document), "f")),
        ("HTTToan", document.payment_method),
    )
    _extra(place, (REFERENCE, "string", document.reference))


def _seller(place: Any, seller: Party) -> None:
    _fields(
        place,
        ("Ten", seller.name),
        ("MST", seller.tax_code),
        ("DChi", seller.address),
        ("DCTDTu", seller.email),
    )


def _buyer(place: Any, buyer: Party) -> None:
    """Whoever buys: a foreign tax code is none of ours, and a passport no personal number."""
    is_home = buyer.country == HOME
    _fields(
        place,
        ("Ten", buyer.name or CONSUMER),
        ("MST", buyer.tax_code if is_home else None),
        ("DChi", buyer.address),
        ("CCCDan", buyer.personal_id if is_home else None),
        ("SHChieu", None if is_home else buyer.personal_id),
        ("DCTDTu", buyer.email),
    )
    if not is_home:
        _extra(place, (NATION, "string", buyer.country))


def _line(place: Any, line: EInvoiceLine, currency: str) -> None:
    price = line.unit_price_minor
    _fields(
        place,
        ("TChat", _SERVICE),
        ("STT", str(line.position)),
        ("THHDVu", line.name),
        ("DVTinh", line.unit),
        ("SLuong", None if line.quantity is None else _plain(line.quantity)),
        ("DGia", None if price is None else major(price, currency)),
        ("ThTien", major(line.amount_minor, currency)),
        ("TSuat", line.vat_rate),
    )
    _extra(place, (LINE_TAX, "numeric", major(line.vat_minor, currency)))


def _totals(place: Any, document: EInvoiceDocument) -> None:
    currency = document.currency
    rates = etree.SubElement(place, "THTTLTSuat")
    for group in document.groups:
        _fields(
            etree.SubElement(rates, "LTSuat"),
            ("TSuat", group.rate),
            ("ThTien", major(group.base_minor, currency)),
            ("TThue", major(group.tax_minor, currency)),
        )
    _fields(
        place,
        ("TgTCThue", major(document.subtotal_minor, currency)),
        ("TgTThue", major(document.vat_minor, currency)),
        ("TgTTTBSo", major(document.total_minor, currency)),
        ("TgTTTBChu", amount_in_words(document.total_minor, currency)),
    )
    if currency != "VND":
        converted = in_dong(document.total_minor, currency, shown_rate(document))
        _extra(place, (IN_DONG, "numeric", str(converted)))


def _fields(place: Any, *fields: tuple[str, str | None]) -> None:
    """A field for each text that says something."""
    for name, said in fields:
        if text := one_line(said or ""):
            etree.SubElement(place, name).text = text


def _extra(place: Any, *fields: tuple[str, str, str]) -> None:
    extra = etree.SubElement(place, "TTKhac")
    for name, kind, said in fields:
        one = etree.SubElement(extra, "TTin")
        _fields(one, ("TTruong", name), ("KDLieu", kind), ("DLieu", said))


def one_line(text: str) -> str:
    """The text without line ends, tabs and what XML cannot hold.

    A line end is written in two ways by two systems, and a signed byte must not depend on that.
    """
    return " ".join(_FORBIDDEN.sub(" ", text).split())


def major(minor: int, currency: str) -> str:
    """An amount as the XML has it: plain digits, as many decimals as the currency has."""
    return format(Decimal(minor).scaleb(-EXPONENTS[currency]), "f")


def _plain(quantity: Decimal) -> str:
    """A quantity in plain digits without zeros at its end: `168`, `7.25`."""
    text = format(quantity, "f")
    return text.rstrip("0").rstrip(".") if "." in text else text
