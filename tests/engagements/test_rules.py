"""Rates and hours: exact, read in one way only, and the nearest line of a card holds."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from domain.engagements import rules
from domain.engagements.rules import Rate
from domain.kernel.faults import Fault
from domain.vat.rates import VatCategory


@given(st.integers(min_value=0, max_value=9_999))
def test_hours_are_read_as_they_are_written(hundredths):
    assert rules.hundredths(rules.hours_text(hundredths)) == hundredths


@pytest.mark.parametrize(
    ("typed", "hundredths"),
    [("7.50", 750), ("7.5", 750), ("7", 700), ("24.00", 2_400), ("0.01", 1), ("07.50", 750)],
)
def test_up_to_two_decimals_are_enough(typed, hundredths):
    assert rules.hundredths(typed) == hundredths


@pytest.mark.parametrize(
    "typed",
    ["", "7,50", "7.505", "-1", "+1", "1e1", " 7", "7.", ".5", "7h", "٧", "100", "NaN", "7.5\n"],
)
def test_what_is_no_number_of_hours_is_nothing(typed):
    assert rules.hundredths(typed) == 0


def test_the_line_of_a_phase_goes_before_that_of_the_role():
    card = [Rate("engineer", 100), Rate("engineer", 150, "pilot"), Rate("lead", 200, "pilot")]

    found = {
        (role, phase): rules.rate_for(card, role, phase)
        for role in ("engineer", "lead", "driver")
        for phase in (None, "pilot", "build")
    }

    assert found == {
        ("engineer", None): 100,
        ("engineer", "pilot"): 150,
        ("engineer", "build"): 100,
        ("lead", None): None,
        ("lead", "pilot"): 200,
        ("lead", "build"): None,
        ("driver", None): None,
        ("driver", "pilot"): None,
        ("driver", "build"): None,
    }


@pytest.mark.parametrize(
    "rates",
    [
        [Rate("engineer", 1), Rate("engineer", 2)],
        [Rate("engineer", 1, "pilot"), Rate("engineer", 1, "pilot")],
        [Rate("engineer", 0)],
        [Rate("engineer", -1)],
        [Rate(f"r{n}", 1) for n in range(rules.MOST_RATES + 1)],
    ],
)
def test_a_card_that_says_two_things_of_one_hour_is_refused(rates):
    with pytest.raises(Fault) as caught:
        rules.check_card(rates)

    assert caught.value.code == "RATE_CARD_INVALID"


@pytest.mark.parametrize("category", [None, *VatCategory])
def test_only_zero_needs_evidence(category):
    rules.check_vat(category, "contract 12")
    if category is not VatCategory.ZERO:
        rules.check_vat(category, None)
        return

    with pytest.raises(Fault) as caught:
        rules.check_vat(category, None)

    assert caught.value.code == "VAT_EVIDENCE_MISSING"


@pytest.mark.parametrize("code", ["acme-q2-2026", "a", "0", "x" * 64])
def test_a_code_is_of_small_letters_digits_and_single_dashes(code):
    assert rules.check_code(code) == code


@pytest.mark.parametrize(
    "code", ["", "Acme", "acme--q2", "-a", "a-", "a_b", "a b", "công-ty", "x" * 65, "a\n"]
)
def test_another_code_is_refused(code):
    with pytest.raises(Fault) as caught:
        rules.check_code(code)

    assert caught.value.code == "CODE_INVALID"
