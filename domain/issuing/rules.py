"""Rules of issuing: what is asked for in dong, and where is the printed invoice filed?"""

from decimal import Decimal
from typing import Any, Protocol

from domain.kernel.money import EXPONENTS, Money
from domain.kernel.rounding import Rounding, whole

_VND = "VND"


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
