"""Tax of an invoice: how much per rate, and which part of it is each line's?

The tax of a rate is rounded once, on the sum of its bases, and then handed out to the lines by
largest remainder, so that lines, rates and header agree to the unit. Whatever is negated comes out
negated, line by line: an invoice and its full credit are exactly nothing.
"""

from collections.abc import Sequence
from dataclasses import dataclass

from domain.kernel.faults import Fault, Kind
from domain.kernel.money import MAX_MINOR, currency_code
from domain.kernel.rounding import Rounding, divide
from domain.vat.rates import rate_named

_WHOLE = 10_000  # basis points


@dataclass(frozen=True, slots=True)
class VatGroup:
    """All lines of one rate, in minor units; `rate` is what it is called on a hóa đơn."""

    rate: str
    base_minor: int
    tax_minor: int


@dataclass(frozen=True, slots=True)
class VatTotals:
    """Groups in the order in which their rates first come, taxes in the order of the lines.

    `total_minor` is with tax. All amounts in minor units.
    """

    groups: tuple[VatGroup, ...]
    line_taxes: tuple[int, ...]
    tax_minor: int
    total_minor: int


def rounding_of(currency: str) -> Rounding:
    """How tax is rounded: half up (away from zero) in dong, half even in any other currency."""
    return Rounding.HALF_UP if currency == "VND" else Rounding.HALF_EVEN


def vat_of(lines: Sequence[tuple[int, str]], currency: str) -> VatTotals:
    """The tax on lines, each its amount before tax in minor units and the name of its rate.

    Of equal remainders the first line gets the unit. Raises Fault VAT_RATE_UNKNOWN,
    CURRENCY_UNKNOWN and AMOUNT_INVALID (a sum beyond 64 bits), TypeError for an amount that is
    not an int.
    """
    rounding = rounding_of(currency_code(currency))
    places: dict[str, list[int]] = {}
    for place, (amount, code) in enumerate(lines):
        if type(amount) is not int:  # neither True nor 1.0 is an amount
            raise TypeError("a minor amount is an int")
        places.setdefault(code, []).append(place)
    taxes = [0] * len(lines)
    groups = []
    for code, mine in places.items():
        amounts = [lines[place][0] for place in mine]
        points, base = rate_named(code).basis_points, sum(amounts)
        tax = divide(base * points, _WHOLE, rounding)
        for place, part in zip(mine, _handed_out(amounts, points, tax), strict=True):
            taxes[place] = part
        groups.append(VatGroup(code, base, tax))
    tax = sum(group.tax_minor for group in groups)
    total = sum(group.base_minor for group in groups) + tax
    _check_bounds([total, *(amount for amount, _ in lines)])
    return VatTotals(tuple(groups), tuple(taxes), tax, total)


def _handed_out(amounts: Sequence[int], points: int, tax: int) -> list[int]:
    """The tax of a rate on each of its lines, adding up to `tax`.

    Each exact tax is cut towards zero; what is missing then is made of the largest remainders of
    that sign, of which there are always enough: what is missing is less than their sum and a half.
    """
    exact = [amount * points for amount in amounts]
    parts = [divide(one, _WHOLE, Rounding.DOWN) for one in exact]
    missing = tax - sum(parts)
    if missing:
        sign = 1 if missing > 0 else -1
        rest = [sign * (one - part * _WHOLE) for one, part in zip(exact, parts, strict=True)]
        by_rest = sorted(range(len(parts)), key=lambda place: -rest[place])  # stable: first line
        for place in by_rest[: abs(missing)]:
            parts[place] += sign
    return parts


def _check_bounds(amounts: Sequence[int]) -> None:
    if any(abs(amount) > MAX_MINOR for amount in amounts):
        raise Fault(
            "AMOUNT_INVALID",
            Kind.INVALID,
            f"An amount or a sum is beyond {MAX_MINOR} minor units.",
            "Check the number of zeros.",
            {"max_minor": MAX_MINOR},
        )
