"""Issuing documents: an invoice as the XML of its hóa đơn says it, and as the page that is sent."""

from datetime import date
from decimal import Decimal
from typing import Any, Final

from domain.billing.service import Billing, BuyerKind
from domain.documents.printed_invoice import (
    PrintedInvoice,
    PrintedLine,
    PrintedParty,
    PrintedPayment,
    PrintedSignature,
    PrintedVat,
)
from domain.einvoices.document import EInvoiceDocument, EInvoiceLine, Party
from domain.einvoices.layout import FORM
from domain.einvoices.reading import extras, minor, number, parse
from domain.einvoices.signing import verify
from domain.einvoices.xml import NATION, REFERENCE
from domain.invoices.service import InvoiceLine
from domain.issuing.planning import IssuingPlan
from domain.vat.totals import vat_of
from domain.vn.tax_codes import is_personal

# Free text by the format; nearly all invoices between companies are paid by bank transfer.
PAYMENT_METHOD: Final = "TM/CK"
HOUR: Final = "giờ"
_HUNDREDTHS = 2
_VND = "VND"


def document(plan: IssuingPlan) -> EInvoiceDocument:
    """What the hóa đơn says, without a number (0)."""
    invoice, buyer = plan.invoice, plan.buyer
    is_person = buyer.kind in (BuyerKind.INDIVIDUAL, BuyerKind.CONSUMER)
    # Ten digits are the tax code that a person had before the personal number became one.
    has_number = is_person and buyer.tax_id is not None and is_personal(buyer.tax_id)
    vat = vat_of([(line.amount_minor, line.vat_rate) for line in plan.lines], invoice.currency)
    return EInvoiceDocument(
        form=FORM,
        symbol=plan.seller.symbol,
        number=0,
        issued_on=plan.on,
        currency=invoice.currency,
        fx_rate=plan.fx_rate,
        payment_method=PAYMENT_METHOD,
        seller=Party(
            plan.seller.legal_name,
            plan.seller.tax_code,
            plan.seller.address,
            email=plan.seller.email,
        ),
        buyer=Party(
            name=printed_name(buyer),
            tax_code=None if has_number else buyer.tax_id,
            address=buyer.address,
            email=buyer.email,
            country=buyer.country,
            personal_id=buyer.tax_id if has_number else None,
        ),
        lines=tuple(_line(line) for line in plan.lines),
        groups=vat.groups,
        subtotal_minor=invoice.subtotal_minor,
        vat_minor=invoice.vat_minor,
        total_minor=invoice.total_minor,
        reference=invoice.label,
    )


def is_abroad(xml: bytes) -> bool:
    """Whether the buyer on a hóa đơn is in another country, in whatever currency it pays."""
    return NATION in extras(parse(xml).find("DLHDon/NDHDon/NMua"))


def printed_name(buyer: Billing) -> str:
    """The buyer's name; empty for a consumer who gave none, and the hóa đơn says so."""
    return buyer.own_name or "" if buyer.kind is BuyerKind.CONSUMER else buyer.name


def _line(line: InvoiceLine) -> EInvoiceLine:
    return EInvoiceLine(
        position=line.position,
        name=line.description,
        unit=HOUR if line.hours_hundredths is not None else None,
        quantity=hours(line),
        unit_price_minor=line.rate_minor,
        amount_minor=line.amount_minor,
        vat_rate=line.vat_rate,
        vat_minor=line.vat_minor,
    )


def hours(line: InvoiceLine) -> Decimal | None:
    """The hours of a line of time, with two decimals."""
    if line.hours_hundredths is None:
        return None
    return Decimal(line.hours_hundredths).scaleb(-_HUNDREDTHS)


def page(xml: bytes, payment: PrintedPayment | None) -> PrintedInvoice:
    """The printed form of a signed hóa đơn: what its XML says, and how it is paid."""
    root = parse(xml)
    general = root.find("DLHDon/TTChung")
    content = root.find("DLHDon/NDHDon")
    totals = content.find("TToan")
    currency, text = general.findtext("DVTTe"), general.findtext
    signed = verify(xml)
    assert signed.signed_at is not None, "we signed it"

    def amount(element: Any, name: str) -> int:
        return minor(element.findtext(name), currency) or 0

    return PrintedInvoice(
        form=int(text("KHMSHDon")),
        symbol=text("KHHDon"),
        number=int(text("SHDon")),
        issued_on=date.fromisoformat(text("NLap")),
        label=extras(general)[REFERENCE],
        currency=currency,
        fx_rate=Decimal(text("TGia")) if currency != _VND else None,
        payment_method=text("HTTToan"),
        seller=_party(content.find("NBan")),
        buyer=_party(content.find("NMua")),
        lines=[
            PrintedLine(
                description=line.findtext("THHDVu"),
                unit=line.findtext("DVTinh"),
                quantity=number(line.findtext("SLuong")),
                unit_price_minor=minor(line.findtext("DGia"), currency),
                amount_minor=amount(line, "ThTien"),
                vat_rate=line.findtext("TSuat"),
            )
            for line in content.iterfind("DSHHDVu/HHDVu")
        ],
        vat=[
            PrintedVat(
                rate=group.findtext("TSuat"),
                base_minor=amount(group, "ThTien"),
                tax_minor=amount(group, "TThue"),
            )
            for group in totals.iterfind("THTTLTSuat/LTSuat")
        ],
        subtotal_minor=amount(totals, "TgTCThue"),
        vat_minor=amount(totals, "TgTThue"),
        total_minor=amount(totals, "TgTTTBSo"),
        payment=payment,
        signature=PrintedSignature(
            subject=signed.subject or "",
            signed_on=signed.signed_at.date(),
            is_legal=signed.is_legal,
        ),
    )


def _party(party: Any) -> PrintedParty:
    return PrintedParty(
        name=party.findtext("Ten"),
        tax_code=party.findtext("MST") or party.findtext("CCCDan") or party.findtext("SHChieu"),
        address=party.findtext("DChi") or "",
        email=party.findtext("DCTDTu"),
    )
