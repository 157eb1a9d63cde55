"""Tax is rounded once for each rate, and lines, rates and header agree to the unit."""

import random

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from domain.kernel.faults import Fault
from domain.kernel.money import MAX_MINOR
from domain.vat.totals import VatGroup, VatTotals, vat_of
from tests.vat.naive import PERCENT, taxes

CODES = tuple(PERCENT)
AMOUNTS = st.one_of(st.integers(-(10**12), 10**12), st.integers(-60, 60))
INVOICES = st.lists(st.tuples(AMOUNTS, st.sampled_from(CODES)), max_size=12)
CURRENCIES = st.sampled_from(["VND", "USD", "JPY"])
SOME, MANY = 100_000, 1_000_000  # random invoices: in a test, and in `make fuzz`


def totals(groups, line_taxes, tax, total):
    return VatTotals(tuple(VatGroup(*group) for group in groups), tuple(line_taxes), tax, total)


@pytest.mark.parametrize(
    ("currency", "lines", "found"),
    [
        # a real invoice of August 2026: the tax of the lines would round to one dong less
        (
            "VND",
            [(605_656, "8%"), (704_582, "8%")],
            totals([("8%", 1_310_238, 104_819)], [48_452, 56_367], 104_819, 1_415_057),
        ),
        ("VND", [(5, "10%")], totals([("10%", 5, 1)], [1], 1, 6)),
        ("USD", [(5, "10%")], totals([("10%", 5, 0)], [0], 0, 5)),
        ("USD", [(15, "10%")], totals([("10%", 15, 2)], [2], 2, 17)),
        ("VND", [(-5, "10%")], totals([("10%", -5, -1)], [-1], -1, -6)),
        # equal remainders: the first lines
        (
            "VND",
            [(3, "10%"), (3, "10%"), (3, "10%"), (3, "10%"), (3, "10%")],
            totals([("10%", 15, 2)], [1, 1, 0, 0, 0], 2, 17),
        ),
        (
            "VND",
            [(7, "0%"), (7, "KCT"), (7, "KKKNT"), (8, "0%")],
            totals([("0%", 15, 0), ("KCT", 7, 0), ("KKKNT", 7, 0)], [0] * 4, 0, 29),
        ),
        ("VND", [], totals([], [], 0, 0)),
    ],
)
def test_an_invoice_is_added_up_to_the_unit(currency, lines, found):
    assert vat_of(lines, currency) == found


def check_sums(lines, found):
    """Lines, rates and header say the same, and each line is within a unit of its exact tax."""
    assert sum(found.line_taxes) == found.tax_minor
    assert found.total_minor == sum(amount for amount, _ in lines) + found.tax_minor
    for group in found.groups:
        mine = [tax for tax, (_, code) in zip(found.line_taxes, lines, strict=True)
                if code == group.rate]  # fmt: skip
        assert sum(mine) == group.tax_minor
        assert 2 * abs(group.base_minor * PERCENT[group.rate] - 100 * group.tax_minor) <= 100
    for (amount, code), tax in zip(lines, found.line_taxes, strict=True):
        assert abs(amount * PERCENT[code] - 100 * tax) < 100


def negated(found):
    groups = [(group.rate, -group.base_minor, -group.tax_minor) for group in found.groups]
    return totals(groups, [-tax for tax in found.line_taxes], -found.tax_minor, -found.total_minor)


@given(lines=INVOICES, currency=CURRENCIES)
def test_any_invoice_is_what_somebody_finds_who_adds_up_fractions(lines, currency):
    found = vat_of(lines, currency)

    groups, line_taxes = taxes(lines, currency)
    assert [(group.rate, group.base_minor, group.tax_minor) for group in found.groups] == groups
    assert list(found.line_taxes) == line_taxes
    check_sums(lines, found)


@given(lines=INVOICES, currency=CURRENCIES)
def test_an_invoice_and_its_full_credit_are_nothing(lines, currency):
    credit = vat_of([(-amount, code) for amount, code in lines], currency)

    assert credit == negated(vat_of(lines, currency))


def test_a_hundred_thousand_invoices_hold_and_their_credits_undo_them():
    dice = random.Random(2026)
    for _ in range(MANY if settings().max_examples > 1_000 else SOME):
        largest = dice.choice((100, 10**6, 10**10))
        lines = [
            (dice.randint(-largest // 4, largest), dice.choice(CODES))
            for _ in range(dice.randint(1, 6))
        ]
        currency = dice.choice(("VND", "USD"))
        found = vat_of(lines, currency)
        check_sums(lines, found)
        assert vat_of([(-amount, code) for amount, code in lines], currency) == negated(found)


@pytest.mark.parametrize(
    ("lines", "currency", "code"),
    [
        ([(1, "7%")], "VND", "VAT_RATE_UNKNOWN"),
        ([(1, "8%")], "XAU", "CURRENCY_UNKNOWN"),
        ([(MAX_MINOR, "10%")], "VND", "AMOUNT_INVALID"),
        ([(MAX_MINOR + 1, "0%"), (-1, "0%")], "VND", "AMOUNT_INVALID"),
        ([(-MAX_MINOR, "0%"), (-1, "0%")], "VND", "AMOUNT_INVALID"),
    ],
)
def test_what_cannot_be_added_up_is_refused(lines, currency, code):
    with pytest.raises(Fault) as refused:
        vat_of(lines, currency)

    assert refused.value.code == code


@pytest.mark.parametrize("amount", [1.0, True, "1", None])
def test_an_amount_that_is_no_whole_number_is_our_own_mistake(amount):
    with pytest.raises(TypeError):
        vat_of([(amount, "8%")], "VND")
