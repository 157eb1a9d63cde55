"""E-invoice documents (hóa đơn điện tử): what one says, before it is XML.

Amounts are whole minor units of the document's currency, quantities and rates are decimals.
"""

from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from typing import Final

from domain.vat.totals import VatGroup

HOME: Final = "VN"
# Printed in place of the name of a buyer who gives none (Decree 254/2026/NĐ-CP, annex 4).
CONSUMER: Final = "Bán cho người tiêu dùng"


@dataclass(frozen=True, slots=True)
class Party:
    """A seller or a buyer.

    A business of Vietnam has its tax code, a person may have a personal number (of a foreigner:
    the passport), who is abroad has name, address and country, and a consumer has no name: then
    `name` is empty.
    """

    name: str
    tax_code: str | None
    address: str
    email: str | None = None
    country: str = HOME
    personal_id: str | None = None


@dataclass(frozen=True, slots=True)
class EInvoiceLine:
    """One supply. `amount_minor` is quantity times price, rounded once, before tax."""

    position: int
    name: str
    unit: str | None
    quantity: Decimal | None
    unit_price_minor: int | None
    amount_minor: int
    vat_rate: str
    vat_minor: int


@dataclass(frozen=True, slots=True)
class EInvoiceDocument:
    """A whole document. `form` is 1 (value added tax), `symbol` the six letters of the series.

    `number` counts within symbol and year, `fx_rate` is the price of one unit of a foreign
    currency in dong and None for dong, `reference` our own label of the invoice.
    """

    form: int
    symbol: str
    number: int
    issued_on: date
    currency: str
    fx_rate: Decimal | None
    payment_method: str
    seller: Party
    buyer: Party
    lines: tuple[EInvoiceLine, ...]
    groups: tuple[VatGroup, ...]
    subtotal_minor: int
    vat_minor: int
    total_minor: int
    reference: str
