"""Rate snapshot: all currencies on one day. One statement, then arithmetic without a database."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date
from decimal import Decimal

from domain.fx import queries
from domain.kernel.money import EXPONENTS
from domain.kernel.rounding import divide, ratio
from domain.store.tx import Tx

_VND = "VND"


@dataclass(frozen=True, slots=True)
class Snapshot:
    """The dong that one unit of each currency costs; currencies without a rate are not in it."""

    in_vnd: Mapping[str, Decimal]

    def minor(self, minor: int, currency: str, to: str) -> int | None:
        """An amount in minor units of `to`, for comparison and for totals that say so.

        By way of the dong (that is what is published); one exact division, rounded half to even
        at its end. None without a rate or for a currency that is not in the dictionary.
        """
        if currency == to and to in EXPONENTS:
            return minor
        price, worth = self._price(currency), self._price(to)
        if price is None or worth is None:
            return None
        (above, below), (to_above, to_below) = ratio(price), ratio(worth)
        return divide(
            minor * 10 ** EXPONENTS[to] * above * to_below,
            10 ** EXPONENTS[currency] * below * to_above,
        )

    def missing(self, currencies: Iterable[str]) -> tuple[str, ...]:
        """Those of the currencies that have no rate, in order; the dong needs none."""
        return tuple(sorted(code for code in set(currencies) if self._price(code) is None))

    def _price(self, currency: str) -> Decimal | None:
        if currency not in EXPONENTS:
            return None
        return Decimal(1) if currency == _VND else self.in_vnd.get(currency)


async def snapshot(tx: Tx, on: date) -> Snapshot:
    """The newest rates known for that day, of each currency."""
    rates = await queries.newest_of_each(tx, _VND, on)
    return Snapshot({currency: Decimal(value) for currency, value in rates.items()})
