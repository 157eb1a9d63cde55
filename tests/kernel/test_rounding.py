"""Rounding: is an exact number rounded as its rounding is named?"""

from decimal import ROUND_DOWN, ROUND_HALF_EVEN, ROUND_HALF_UP, Decimal, localcontext

import pytest
from hypothesis import given
from hypothesis import strategies as st

from domain.kernel.rounding import Rounding, divide, nearest_thousand, ratio, whole

PEERS = {
    Rounding.HALF_EVEN: ROUND_HALF_EVEN,
    Rounding.HALF_UP: ROUND_HALF_UP,
    Rounding.DOWN: ROUND_DOWN,
}
decimals = st.decimals(
    min_value=-(10**20), max_value=10**20, places=3, allow_nan=False, allow_infinity=False
)


@pytest.mark.parametrize(
    ("value", "half_even", "half_up", "down"),
    [
        ("0.5", 0, 1, 0),
        ("1.5", 2, 2, 1),
        ("2.5", 2, 3, 2),
        ("-0.5", 0, -1, 0),
        ("-2.5", -2, -3, -2),
        ("2.500000000000000000000000000000000001", 3, 3, 2),
        ("-2.499999999999999999999999999999999999", -2, -2, -2),
        ("7", 7, 7, 7),
    ],
)
def test_ties_go_where_the_name_says(value, half_even, half_up, down):
    rounded = [whole(Decimal(value), rounding) for rounding in Rounding]

    assert rounded == [half_even, half_up, down]


@given(decimals, st.sampled_from(list(Rounding)))
def test_every_rounding_agrees_with_the_decimal_library(value, rounding):
    with localcontext(prec=60):
        expected = int(value.quantize(Decimal(1), PEERS[rounding]))

    assert whole(value, rounding) == expected


@given(st.integers())
def test_every_half_goes_to_the_even_neighbour_by_default(below):
    half = divide(2 * below + 1, 2)

    assert half % 2 == 0
    assert half in (below, below + 1)


@given(st.integers(), st.integers().filter(bool), st.sampled_from(list(Rounding)))
def test_a_quotient_is_never_further_than_one_from_the_truth(numerator, denominator, rounding):
    quotient = divide(numerator, denominator, rounding)

    assert abs(quotient * denominator - numerator) < abs(denominator)
    assert divide(-numerator, -denominator, rounding) == quotient


def test_dividing_by_nothing_is_our_own_mistake():
    with pytest.raises(ZeroDivisionError):
        divide(1, 0)


@pytest.mark.parametrize("value", ["NaN", "sNaN", "Infinity", "1e61", "1e999999", "1e-61"])
def test_a_number_no_invoice_needs_is_refused_before_it_is_expanded(value):
    with pytest.raises(ValueError, match=r"finite|exponent"):
        ratio(Decimal(value))


def test_every_other_number_is_a_fraction():
    assert ratio(Decimal("1e60")) == (10**60, 1)
    assert ratio(Decimal("-1e-60")) == (-1, 10**60)


@pytest.mark.parametrize(
    ("minor", "shown"), [(499, 0), (500, 0), (501, 1_000), (1_500, 2_000), (-2_600, -3_000)]
)
def test_a_reader_sees_thousands(minor, shown):
    assert nearest_thousand(minor) == shown
