"""E-invoice reading: XML of anybody, made safe before a word of it is believed.

No document type, no entities, no network, one encoding; bounded in bytes, depth and elements.
Comments and processing instructions are refused too: they split a text in two, of which one
program reads the first half and another both.
"""

import re
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from typing import Any, Final

import lxml.etree as etree

from domain.kernel.money import EXPONENTS, MAX_MINOR

LARGEST: Final = 2 * 1024 * 1024  # bytes; an invoice of a thousand lines takes a quarter of it
DEEPEST: Final = 16
MOST_ELEMENTS: Final = 100_000
_DECLARED = re.compile(rb"<\?xml[^>]{0,200}?encoding\s*=\s*[\"']([A-Za-z0-9._-]+)")
_NUMBER = re.compile(r"-?[0-9]{1,21}(\.[0-9]{1,6})?")


@dataclass(frozen=True, slots=True)
class Finding:
    """What is wrong, where: the rule, the place as `DLHDon/TTChung/SHDon`, and a sentence.

    Nothing of what was read stands in it.
    """

    rule: str
    place: str
    message: str


class Unreadable(Exception):
    """The bytes are not XML that we read; `finding` says why."""

    def __init__(self, rule: str, message: str) -> None:
        super().__init__(message)
        self.finding = Finding(rule, "", message)


def parse(xml: bytes) -> Any:
    """The root element. Raises Unreadable."""
    if len(xml) > LARGEST:
        raise Unreadable("XML_TOO_LARGE", f"The document has more than {LARGEST} bytes.")
    declared = _DECLARED.match(xml.removeprefix(b"\xef\xbb\xbf"))
    if b"\x00" in xml or (declared is not None and declared[1].upper() != b"UTF-8"):
        raise Unreadable("XML_ENCODING", "The document is not in UTF-8.")
    if b"<!DOCTYPE" in xml or b"<!ENTITY" in xml:
        raise Unreadable("XML_DOCTYPE", "The document has a document type or entities.")
    parser = etree.XMLParser(
        resolve_entities=False, load_dtd=False, no_network=True, huge_tree=False
    )
    try:
        root = etree.fromstring(xml, parser)
    except (etree.XMLSyntaxError, ValueError):
        raise Unreadable("XML_MALFORMED", "The document is not well-formed XML.") from None
    _check_bounds(root)
    return root


def _check_bounds(root: Any) -> None:
    if root.getroottree().docinfo.doctype:
        raise Unreadable("XML_DOCTYPE", "The document has a document type or entities.")
    depth = count = 0
    for event, node in etree.iterwalk(root, events=("start", "end", "comment", "pi")):
        if event in ("comment", "pi") or not isinstance(node.tag, str):
            raise Unreadable("XML_COMMENT", "The document has comments or instructions.")
        depth += 1 if event == "start" else -1
        count += event == "start"
        if depth > DEEPEST or count > MOST_ELEMENTS:
            raise Unreadable("XML_TOO_DEEP", "The document is nested too deeply or has no end.")
    beside = [root.getprevious(), root.getnext()]
    if any(node is not None for node in beside):
        raise Unreadable("XML_COMMENT", "The document has comments or instructions.")


@dataclass(frozen=True, slots=True)
class Heading:
    """What a document says of itself, in the shape of its row; amounts in minor units."""

    form: int
    symbol: str
    number: int
    issued_on: date
    currency: str
    seller_tax_code: str
    subtotal_minor: int
    vat_minor: int
    total_minor: int
    reference: str | None


def heading(xml: bytes) -> Heading:
    """The heading of a document that `check` finds nothing in.

    Raises Unreadable, or ValueError for a document that is none.
    """
    root = parse(xml)
    general = root.find("DLHDon/TTChung")
    totals = root.find("DLHDon/NDHDon/TToan")
    if general is None or totals is None:
        raise ValueError("not an invoice")
    currency = general.findtext("DVTTe") or ""
    if currency not in EXPONENTS:
        raise ValueError("no currency")
    return Heading(
        form=int(general.findtext("KHMSHDon")),
        symbol=general.findtext("KHHDon") or "",
        number=int(general.findtext("SHDon")),
        issued_on=date.fromisoformat(general.findtext("NLap")),
        currency=currency,
        seller_tax_code=root.findtext("DLHDon/NDHDon/NBan/MST") or "",
        subtotal_minor=_needed(minor(totals.findtext("TgTCThue"), currency)),
        vat_minor=_needed(minor(totals.findtext("TgTThue"), currency)),
        total_minor=_needed(minor(totals.findtext("TgTTTBSo"), currency)),
        reference=extras(general).get("InvoiceReference"),
    )


def extras(element: Any) -> dict[str, str]:
    """What `TTKhac` of an element says, by name."""
    return {
        one.findtext("TTruong") or "": one.findtext("DLieu") or ""
        for one in element.iterfind("TTKhac/TTin")
    }


def number(text: str | None) -> Decimal | None:
    """A decimal in plain digits, or None."""
    return Decimal(text) if text and _NUMBER.fullmatch(text) else None


def minor(text: str | None, currency: str) -> int | None:
    """An amount in minor units; None for one that is not whole in them, or beyond 64 bits."""
    value = number(text)
    if value is None:
        return None
    scaled = value.scaleb(EXPONENTS[currency])
    return int(scaled) if scaled == int(scaled) and abs(scaled) <= MAX_MINOR else None


def _needed(amount: int | None) -> int:
    if amount is None:
        raise ValueError("no amount")
    return amount
