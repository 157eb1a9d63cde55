"""Rounding: how does an exact number become a whole one? Nothing is rounded unnamed.

Everything is done on integers, so no decimal context can lose a digit on the way.
"""

from decimal import Decimal
from enum import StrEnum

_WIDEST_EXPONENT = 60


class Rounding(StrEnum):
    """What happens to the part that does not fit."""

    HALF_EVEN = "half_even"  # ties to the even neighbour: the default, once per line, no drift
    HALF_UP = "half_up"  # ties away from zero, as taught at school and asked for by some forms
    DOWN = "down"  # towards zero: never charge a part that is not whole


def divide(numerator: int, denominator: int, rounding: Rounding = Rounding.HALF_EVEN) -> int:
    """The whole number next to `numerator / denominator`.

    Raises ZeroDivisionError when the denominator is 0.
    """
    quotient, rest = divmod(abs(numerator), abs(denominator))
    twice, one = 2 * rest, abs(denominator)
    match rounding:
        case Rounding.HALF_EVEN:
            away = twice > one or (twice == one and quotient % 2 == 1)
        case Rounding.HALF_UP:
            away = twice >= one
        case Rounding.DOWN:
            away = False
    size = quotient + away
    return -size if (numerator < 0) != (denominator < 0) else size


def whole(value: Decimal, rounding: Rounding = Rounding.HALF_EVEN) -> int:
    """The whole number next to a decimal. Raises ValueError as `ratio` does."""
    numerator, denominator = ratio(value)
    return divide(numerator, denominator, rounding)


def ratio(value: Decimal) -> tuple[int, int]:
    """The decimal as an exact fraction `(numerator, denominator)`, denominator above 0.

    Raises ValueError for infinities, NaN and exponents beyond 60 either way: no price, rate or
    quantity needs them, and a few characters of text must not become a million digits.
    """
    exponent = value.as_tuple().exponent
    if not isinstance(exponent, int):
        raise ValueError("is not a finite number")
    if exponent < -_WIDEST_EXPONENT or value.adjusted() > _WIDEST_EXPONENT:
        raise ValueError("has an exponent out of bounds")
    return value.as_integer_ratio()


def nearest_thousand(minor: int) -> int:
    """The nearest 1,000 dong, for display only: what is stored, summed or sent stays exact."""
    return divide(minor, 1_000) * 1_000
