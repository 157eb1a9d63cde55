"""A rate is what the law had on that day, and nothing else is one."""

from datetime import date, timedelta

import pytest

from domain.kernel.faults import Fault
from domain.vat.rates import VatCategory, rate_named, rate_on


@pytest.mark.parametrize(
    ("category", "day", "code"),
    [
        (VatCategory.STANDARD, date(2026, 11, 30), "10%"),
        (VatCategory.REDUCED, date(2025, 7, 1), "8%"),
        (VatCategory.REDUCED, date(2026, 12, 31), "8%"),
        (VatCategory.REDUCED, date(2027, 1, 1), "10%"),
        (VatCategory.REDUCED, date(2023, 3, 1), "10%"),
        (VatCategory.ZERO, date(2026, 11, 30), "0%"),
        (VatCategory.EXEMPT, date(2026, 11, 30), "KCT"),
        (VatCategory.NOT_DECLARED, date(2026, 11, 30), "KKKNT"),
    ],
)
def test_a_category_has_the_rate_of_its_day_and_says_which_law_it_is(category, day, code):
    rate = rate_on(category, day)

    assert rate.code == code and "/20" in rate.source
    assert rate.basis_points == rate_named(code).basis_points


def test_every_category_has_one_rate_on_every_day_since_it_began():
    began = {VatCategory.REDUCED: date(2022, 2, 1), VatCategory.NOT_DECLARED: date(2014, 1, 1)}
    for category in VatCategory:
        first = began.get(category, date(2009, 1, 1))
        for days in range(8_000):
            assert rate_on(category, first + timedelta(days)).code
        with pytest.raises(Fault) as refused:
            rate_on(category, first - timedelta(1))
        assert refused.value.code == "VAT_RATE_UNKNOWN"


def test_no_tax_is_three_different_things():
    three = [rate_named(code) for code in ("0%", "KCT", "KKKNT")]

    assert [rate.basis_points for rate in three] == [0, 0, 0]
    assert len({rate.code for rate in three}) == 3


@pytest.mark.parametrize("code", ["", "8", "8 %", "08%", "kct", "-2", "KHAC:5.26%", "CTTC", "12%"])
def test_what_is_no_rate_is_refused_with_those_there_are(code):
    with pytest.raises(Fault) as refused:
        rate_named(code)

    assert refused.value.code == "VAT_RATE_UNKNOWN"
    assert refused.value.facts["rates"] == ["10%", "8%", "5%", "0%", "KCT", "KKKNT"]
