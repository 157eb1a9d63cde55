"""Benchmark of pages: how much longer does an invoice take than typst alone with the same page?"""

import json
import statistics
import time
from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, date, datetime
from decimal import Decimal
from typing import Any

import typst

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
from server.gateways.pages import typst as ours

LIMIT = 1.3
_LINES, _ROUNDS = 47, 30
_DAY = date(2026, 4, 30)
_INVOICE = PrintedInvoice(
    form=1,
    symbol="C26TAA",
    number=1,
    issued_on=_DAY,
    label="INV-2026-04-001",
    currency="VND",
    payment_method="TM/CK",
    seller=PrintedParty(name="CÔNG TY TNHH CYBEROS", tax_code="0312345678", address="Hà Nội"),
    buyer=PrintedParty(name="Công ty TNHH Đại Dương", tax_code="0100109106", address="Đà Nẵng"),
    lines=[
        PrintedLine(
            description=f"Dịch vụ phát triển phần mềm, hạng mục {number}",
            unit="giờ",
            quantity=Decimal("7.50"),
            unit_price_minor=700_000,
            amount_minor=5_250_000,
            vat_rate="8%",
        )
        for number in range(_LINES)
    ],
    vat=[PrintedVat(rate="8%", base_minor=246_750_000, tax_minor=19_740_000)],
    subtotal_minor=246_750_000,
    vat_minor=19_740_000,
    total_minor=266_490_000,
    payment=PrintedPayment(
        bank="Vietcombank",
        account="0011001932418",
        holder="CONG TY TNHH CYBEROS",
        reference="HD7K2M9QXT",
        payload=vietqr.encode(
            vietqr.Transfer("970436", "0011001932418", 266_490_000, "HD7K2M9QXT")
        ),
    ),
    signature=PrintedSignature(subject="CYBEROS", signed_on=_DAY, is_legal=True),
)


def figures() -> dict[str, dict[str, Any]]:
    """The one figure, by name. Every page has another number, or typst would not draw it again."""
    renderer = ours.TypstRenderer()
    folder = ours.FOLDER
    alone = typst.Compiler(
        folder / f"{TEMPLATE}.typ",
        root=folder,
        font_paths=typst.Fonts(include_system_fonts=False, font_paths=[folder / "fonts"]),
    )

    def by_typst(number: int) -> Callable[[], object]:
        inputs = {"data": json.dumps(_numbered(number).data()), "day": "[2026, 4, 30]"}
        at = datetime(2026, 4, 30, tzinfo=UTC)
        return lambda: alone.compile(
            format="pdf", sys_inputs=inputs, pdf_standards="a-3u", timestamp=at
        )

    def by_us(number: int) -> Callable[[], object]:
        invoice = _numbered(number)
        return lambda: renderer.draw(TEMPLATE, invoice.data(), _DAY)

    taken: dict[str, list[float]] = {"typst": [], "ours": []}
    for number in range(0, 2 * _ROUNDS, 2):
        taken["typst"].append(_seconds(by_typst(number)))
        taken["ours"].append(_seconds(by_us(number + 1)))
    floor, mine = (statistics.median(taken[name]) for name in ("typst", "ours"))
    ratio = round(mine / floor, 2)
    return {
        "invoice_pdf": {
            "ratio": ratio,
            "ours_ms": round(mine * 1000, 1),
            "floor_ms": round(floor * 1000, 1),
            "of": f"median of {_ROUNDS} invoices with {_LINES} lines",
            "limit": LIMIT,
            "ok": ratio <= LIMIT,
        }
    }


def _numbered(number: int) -> PrintedInvoice:
    return replace(_INVOICE, number=number + 1)


def _seconds(work: Callable[[], object]) -> float:
    begun = time.perf_counter()
    work()
    return time.perf_counter() - begun
