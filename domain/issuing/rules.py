"""Rules of issuing: what is asked for in dong, by which rate, and where is the page filed?"""

from decimal import ROUND_HALF_UP, Decimal
from typing import Any, Protocol

from domain.kernel.money import EXPONENTS, Money
from domain.kernel.rounding import Rounding, whole

_VND = "VND"
_SHOWN = Decimal("0.01")  # TGia of the data format


class Recorded(Protocol):
    """A rate as it is on record, in plain digits."""

    @property
    def value(self) -> Any: ...


def rate_of(recorded: Recorded | None) -> Decimal | None:
    """The rate that an invoice is converted by; None for an invoice in dong.

    A hóa đơn has room for two decimals of it, so the books and the code on the page use no more:
    all three then come to the same dong.
    """
    if recorded is None:
        return None
    value = Decimal(recorded.value)
    shown = value.quantize(_SHOWN, ROUND_HALF_UP)
    return value if value == shown else shown


def in_dong(total: Money, rate: Decimal | None) -> Money:
    """The total in whole dong, half up; `rate` is in dong for one unit of its currency."""
    if total.currency == _VND:
        return total
    assert rate is not None, "a foreign currency has a rate"
    exact = Decimal(total.minor).scaleb(-EXPONENTS[total.currency]) * rate
    return Money(whole(exact, Rounding.HALF_UP), _VND)


class Labelled(Protocol):
    """What an invoice is called by."""

    @property
    def label_year(self) -> Any: ...
    @property
    def label_month(self) -> Any: ...
    @property
    def label(self) -> Any: ...


def path_of(invoice: Labelled, ending: str) -> str:
    """Where a file of an invoice is kept: `inv/2026/04/INV-2026-04-001.pdf`."""
    return f"inv/{invoice.label_year}/{invoice.label_month:02}/{invoice.label}.{ending}"
