"""E-invoice benchmark: what an invoice costs beside the one thing that has to cost something.

Build, check and sign stand against a bare RSA-2048 signature by the same key, in turns, so that a
busy machine slows both.
"""

import time
from collections.abc import Callable
from datetime import UTC, date, datetime
from decimal import Decimal
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import padding, rsa

from domain.einvoices.check import check
from domain.einvoices.document import EInvoiceDocument, EInvoiceLine, Party
from domain.einvoices.signing import Signer, make_demo_key
from domain.einvoices.xml import build
from domain.vat.totals import vat_of

_ROUNDS = 200
_LINES = 6
_AT = datetime(2026, 11, 21, 2, 0, tzinfo=UTC)
_SELLER = Party("Công ty TNHH Bên Bán", "0100109106", "Số 1 Đường Thử, TP Hà Nội")
_BUYER = Party("Công ty CP Bên Mua", "0200784873-001", "Số 2 Đường Thử, TP Hải Phòng")

LIMIT = 6.0


def figures() -> dict[str, dict[str, Any]]:
    """Every figure by name."""
    with TemporaryDirectory(prefix="cyberos-bench-") as folder:
        signer = _signer(Path(folder))
    key, invoice = rsa.generate_private_key(65_537, 2_048), _invoice()

    def bare() -> None:
        key.sign(bytes(1_000), padding.PKCS1v15(), hashes.SHA256())

    def whole() -> None:
        xml = build(invoice)
        assert not check(xml)
        signer.sign(xml, _AT)

    floor, ours = _in_turns(bare, whole)
    ratio = round(ours / floor, 2)
    return {
        "einvoice_build_check_sign": {
            "ratio": ratio,
            "ours_ms": round(ours * 1_000, 2),
            "floor_ms": round(floor * 1_000, 2),
            "of": f"minimum of {_ROUNDS} invoices of {_LINES} lines, and RSA-2048 signatures",
            "limit": LIMIT,
            "ok": ratio <= LIMIT,
        }
    }


def _in_turns(*works: Callable[[], None]) -> list[float]:
    best = [60.0] * len(works)
    for _ in range(_ROUNDS):
        for place, work in enumerate(works):
            begun = time.perf_counter()
            work()
            best[place] = min(best[place], time.perf_counter() - begun)
    return best


def _signer(folder: Path) -> Signer:
    key, passphrase = folder / "seller.p12", folder / "passphrase"
    make_demo_key(key, "benchmark", tax_code=str(_SELLER.tax_code), name=_SELLER.name)
    passphrase.touch(mode=0o600)
    passphrase.write_text("benchmark")
    return Signer.open(key, passphrase)


def _invoice() -> EInvoiceDocument:
    amounts = [700_000 * (place + 1) for place in range(_LINES)]
    due = vat_of([(amount, "8%") for amount in amounts], "VND")
    lines = tuple(
        EInvoiceLine(
            place + 1, "Tư vấn triển khai", "giờ", Decimal(place + 1), 700_000, amount, "8%", tax
        )
        for place, (amount, tax) in enumerate(zip(amounts, due.line_taxes, strict=True))
    )
    return EInvoiceDocument(
        form=1,
        symbol="C26TAA",
        number=1,
        issued_on=date(2026, 11, 21),
        currency="VND",
        fx_rate=None,
        payment_method="TM/CK",
        seller=_SELLER,
        buyer=_BUYER,
        lines=lines,
        groups=due.groups,
        subtotal_minor=sum(amounts),
        vat_minor=due.tax_minor,
        total_minor=due.total_minor,
        reference="INV-2026-11-001",
    )
