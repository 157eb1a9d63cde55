"""Printed invoices for tests, and what a PDF says: the April of one customer, to bend."""

import io
from dataclasses import replace
from datetime import date
from decimal import Decimal
from typing import Any

from pypdf import PdfReader

from domain.documents.printed_invoice import (
    TEMPLATE,
    PrintedInvoice,
    PrintedLine,
    PrintedParty,
    PrintedPayment,
    PrintedSignature,
    PrintedVat,
)
from domain.vn import vietqr
from server.gateways.pages.typst import TypstRenderer

RENDERER = TypstRenderer()
DONG = 25_200 * 26_000
PAYMENT = PrintedPayment(
    bank="Vietcombank – Ngân hàng TMCP Ngoại thương Việt Nam",
    account="0011004567890",
    holder="CONG TY TNHH CYBEROS",
    reference="HD7K2M9QXT",
    due_on=date(2026, 5, 30),
    payload=vietqr.encode(vietqr.Transfer("970436", "0011004567890", DONG, "HD7K2M9QXT")),
    amount_vnd=DONG,
)
INVOICE = PrintedInvoice(
    form=1,
    symbol="C26TAA",
    number=123,
    issued_on=date(2026, 4, 30),
    label="INV-2026-04-001",
    currency="USD",
    fx_rate=Decimal(26_000),
    payment_method="TM/CK",
    seller=PrintedParty(
        name="CÔNG TY TNHH GIẢI PHÁP PHẦN MỀM CYBEROS",
        tax_code="0312345678",
        address="33 Đường Nguyễn Hữu Thọ, Phường Tân Hưng, Thành phố Hồ Chí Minh",
        email="ketoan@cyberos.vn",
        phone="028 3822 1234",
    ),
    buyer=PrintedParty(
        name="ACME Corporation",
        address="1 Market Street, San Francisco, CA 94105, USA",
        email="ap@acme.example",
    ),
    lines=[
        PrintedLine(
            description=f"Dịch vụ kỹ sư phần mềm, tuần {week} tháng 4/2026",
            unit="giờ",
            quantity=Decimal("41.50")
            if week == 1
            else Decimal("42.50")
            if week == 2
            else Decimal(42),
            unit_price_minor=15_000,
            amount_minor=622_500 if week == 1 else 637_500 if week == 2 else 630_000,
            vat_rate="0%",
        )
        for week in (1, 2, 3, 4)
    ],
    vat=[PrintedVat(rate="0%", base_minor=2_520_000, tax_minor=0)],
    subtotal_minor=2_520_000,
    vat_minor=0,
    total_minor=2_520_000,
    payment=PAYMENT,
    signature=PrintedSignature(
        subject="CÔNG TY TNHH CYBEROS (0312345678)", signed_on=date(2026, 4, 30), is_legal=True
    ),
    lookup="https://tracuu.example.vn · mã T2X9K0",
)


def invoice(**more: Any) -> PrintedInvoice:
    """The same with other fields."""
    return replace(INVOICE, **more)


def drawn(printed: PrintedInvoice) -> bytes:
    """It as a PDF."""
    return RENDERER.draw(TEMPLATE, printed.data(), printed.issued_on)


def pages(pdf: bytes) -> list[str]:
    """What each page says."""
    return [page.extract_text() for page in PdfReader(io.BytesIO(pdf)).pages]


def text(pdf: bytes) -> str:
    """What all of it says, whatever the lines it was broken into."""
    return " ".join(" ".join(pages(pdf)).split())
