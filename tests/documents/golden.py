"""Golden texts of printed invoices: what does each page say?

`python -m tests.documents.golden` writes them anew; look at the pages before they are committed.
"""

from collections.abc import Mapping
from dataclasses import replace
from decimal import Decimal
from pathlib import Path

from domain.documents.printed_invoice import PrintedInvoice, PrintedLine, PrintedVat
from tests.documents.printed import INVOICE, PAYMENT, drawn, invoice, pages

FOLDER = Path(__file__).parent / "golden"
_SUPPORT = PrintedLine(description="Hỗ trợ kỹ thuật", amount_minor=1_250_000, vat_rate="KCT")
_WORK = PrintedLine(
    description="Dịch vụ lập trình",
    unit="giờ",
    quantity=Decimal(40),
    unit_price_minor=700_000,
    amount_minor=28_000_000,
    vat_rate="8%",
)

INVOICES: Mapping[str, PrintedInvoice] = {
    "both": INVOICE,
    "english": invoice(languages=("en",)),
    "dong": invoice(
        currency="VND",
        fx_rate=None,
        languages=("vi",),
        lines=[_WORK, _SUPPORT],
        vat=[
            PrintedVat(rate="8%", base_minor=28_000_000, tax_minor=2_240_000),
            PrintedVat(rate="KCT", base_minor=1_250_000, tax_minor=0),
        ],
        subtotal_minor=29_250_000,
        vat_minor=2_240_000,
        total_minor=31_490_000,
        payment=replace(PAYMENT, amount_vnd=31_490_000),
    ),
    "test": invoice(signature=replace(INVOICE.signature, is_legal=False)),
}


def said(name: str) -> str:
    """What the pages of one say."""
    return "\n\f\n".join(pages(drawn(INVOICES[name]))) + "\n"


def main() -> None:
    """Write all of them."""
    FOLDER.mkdir(exist_ok=True)
    for name in INVOICES:
        (FOLDER / f"{name}.txt").write_text(said(name), "utf-8")


if __name__ == "__main__":
    main()
