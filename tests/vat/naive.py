"""Naive tax: the same invoice added up with fractions, by somebody who is in no hurry.

Knows nothing of domain/vat but the two rules: the tax of a rate is rounded once on the sum of its
bases, and each missing unit goes to the line that is furthest from its exact tax, the first of
several.
"""

from collections.abc import Sequence
from fractions import Fraction

PERCENT = {"10%": 10, "8%": 8, "5%": 5, "0%": 0, "KCT": 0, "KKKNT": 0}


def rounded(exact: Fraction, currency: str) -> int:
    size = abs(exact)
    below = size.numerator // size.denominator
    rest = size - below
    half = Fraction(1, 2)
    away = rest > half or (rest == half and (currency == "VND" or below % 2 == 1))
    return (below + away) * (-1 if exact < 0 else 1)


def taxes(lines: Sequence[tuple[int, str]], currency: str) -> tuple[list[tuple], list[int]]:
    """Groups as (rate, base, tax), and the tax of each line."""
    parts = [0] * len(lines)
    groups = []
    for code in dict.fromkeys(rate for _, rate in lines):
        mine = [place for place, (_, rate) in enumerate(lines) if rate == code]
        exact = {place: Fraction(lines[place][0] * PERCENT[code], 100) for place in mine}
        tax = rounded(sum(exact.values(), Fraction()), currency)
        for place in mine:
            size = abs(exact[place])
            whole = size.numerator // size.denominator
            parts[place] = whole if exact[place] >= 0 else -whole
        while (missing := tax - sum(parts[place] for place in mine)) != 0:
            sign = 1 if missing > 0 else -1
            furthest = max(mine, key=lambda place: sign * (exact[place] - parts[place]))
            parts[furthest] += sign
        groups.append((code, sum(lines[place][0] for place in mine), tax))
    return groups, parts
