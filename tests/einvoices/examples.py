"""E-invoice documents to test with: one that is whole, and any number of others."""

from collections.abc import Sequence
from dataclasses import replace
from datetime import date
from decimal import Decimal
from typing import Any

from hypothesis import strategies as st

from domain.einvoices.document import EInvoiceDocument, EInvoiceLine, Party
from domain.kernel.rounding import whole
from domain.vat.totals import rounding_of, vat_of

SELLER = Party("CÔNG TY TNHH BÊN BÁN THỬ NGHIỆM", "0100109106", "Số 1 Đường Thử, TP Hà Nội")
BUYERS = {
    "business": Party(
        "CÔNG TY CP BÊN MUA", "0200784873-001", "Số 2 Đường Thử, TP Hải Phòng", "ke.toan@mua.vn"
    ),
    "individual": Party("Nguyễn Thị Lan", None, "Số 3, TP Huế", personal_id="001188000015"),
    "individual without a number": Party("Trần Văn An", None, "Số 4, TP Huế"),
    "foreign": Party(
        "ACME Corporation", "98-7654321", "1 Main St, Springfield", "ap@acme.test", country="US"
    ),
    "foreigner": Party("John Doe", None, "2 Main St", country="US", personal_id="X1234567"),
    "consumer": Party("", None, ""),
}
# What is billed: hours, price of an hour in minor units, rate.
Supply = tuple[Decimal, int, str]
TWO: Sequence[Supply] = ((Decimal(1), 605_656, "8%"), (Decimal("7.25"), 700_000, "10%"))


def document(
    supplies: Sequence[Supply] = TWO, currency: str = "VND", **changes: Any
) -> EInvoiceDocument:
    """A whole document; `changes` bend its fields afterwards."""
    rounding = rounding_of(currency)
    amounts = [whole(hours * price, rounding) for hours, price, _ in supplies]
    due = vat_of(
        [(amount, rate) for amount, (_, _, rate) in zip(amounts, supplies, strict=True)], currency
    )
    lines = tuple(
        EInvoiceLine(place, f"Tư vấn, phần {place}", "giờ", hours, price, amount, rate, tax)
        for place, ((hours, price, rate), amount, tax) in enumerate(
            zip(supplies, amounts, due.line_taxes, strict=True), 1
        )
    )
    made = EInvoiceDocument(
        form=1,
        symbol="C26TAA",
        number=41,
        issued_on=date(2026, 11, 21),
        currency=currency,
        fx_rate=None if currency == "VND" else Decimal("26085.5"),
        payment_method="TM/CK",
        seller=SELLER,
        buyer=BUYERS["business"],
        lines=lines,
        groups=due.groups,
        subtotal_minor=sum(amounts),
        vat_minor=due.tax_minor,
        total_minor=due.total_minor,
        reference="INV-2026-11-001",
    )
    return replace(made, **changes)


_NAMES = st.text(st.characters(codec="utf-8"), min_size=1, max_size=60).map(
    lambda text: f"Tư vấn {text}"
)
_SUPPLIES = st.lists(
    st.tuples(
        st.integers(1, 40_000).map(lambda hundredths: Decimal(hundredths).scaleb(-2)),
        st.integers(1, 10**9),
        st.sampled_from(["10%", "8%", "5%", "0%", "KCT", "KKKNT"]),
    ),
    min_size=1,
    max_size=6,
)


@st.composite
def documents(draw: st.DrawFn) -> EInvoiceDocument:
    """Any document that a caller may ask for."""
    year = draw(st.integers(2025, 2030))
    made = document(
        draw(_SUPPLIES),
        draw(st.sampled_from(["VND", "USD", "JPY"])),
        symbol=f"{draw(st.sampled_from('CK'))}{year % 100}T{draw(st.sampled_from(['AA', 'YY']))}",
        number=draw(st.integers(1, 99_999_999)),
        issued_on=date(year, draw(st.integers(1, 12)), draw(st.integers(1, 28))),
        buyer=draw(st.sampled_from(list(BUYERS.values()))),
    )
    lines = tuple(replace(line, name=draw(_NAMES)) for line in made.lines)
    return replace(made, lines=lines)
