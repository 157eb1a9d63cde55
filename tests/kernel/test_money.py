"""Money: is money exact, never mixed, and read as it is written?"""

from datetime import date
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from domain.kernel.faults import Fault
from domain.kernel.money import (
    EXPONENTS,
    MAX_JSON_MINOR,
    MAX_MINOR,
    Money,
    Rate,
    convert,
    convert_inverse,
    currency_code,
    total,
)
from domain.kernel.rounding import Rounding

SAFE = st.integers(min_value=-(2**62), max_value=2**62)
CURRENCIES = st.sampled_from(sorted(EXPONENTS))
DOLLAR = Rate("USD", "VND", Decimal(25_880), "Vietcombank, transfer", date(2026, 9, 2))


def fault_code(do, *args):
    with pytest.raises(Fault) as caught:
        do(*args)
    return caught.value.code


def test_every_currency_has_the_decimals_of_iso_4217():
    odd = {"VND": 0, "JPY": 0, "KRW": 0, "KWD": 3}

    assert {code: places for code, places in EXPONENTS.items() if places != 2} == odd
    assert " ".join(sorted(EXPONENTS)) == (
        "AUD CAD CHF CNY DKK EUR GBP HKD INR JPY KRW KWD MGA MYR NOK RUB SAR SEK SGD THB USD VND"
    )


def test_the_bounds_are_those_of_the_column_and_of_json():
    assert MAX_MINOR == 9_223_372_036_854_775_807
    assert MAX_JSON_MINOR == 9_007_199_254_740_991


@given(st.lists(SAFE.map(lambda minor: minor // 100), max_size=20), CURRENCIES)
def test_adding_up_loses_nothing(minors, currency):
    amounts = [Money(minor, currency) for minor in minors]

    assert total(amounts, currency) == Money(sum(minors), currency)


@given(SAFE, SAFE, CURRENCIES)
def test_what_was_added_can_be_taken_away(left, right, currency):
    a, b = Money(left // 2, currency), Money(right // 2, currency)

    assert (a + b) - b == a
    assert a - b == -(b - a)
    assert (a < b, a <= b, a > b, a >= b) == (
        a.minor < b.minor,
        a.minor <= b.minor,
        a.minor > b.minor,
        a.minor >= b.minor,
    )


def test_two_currencies_are_neither_added_nor_compared():
    dong, dollars = Money(1, "VND"), Money(1, "USD")

    assert fault_code(lambda: dong + dollars) == "CURRENCY_MISMATCH"
    assert fault_code(lambda: dong - dollars) == "CURRENCY_MISMATCH"
    assert fault_code(lambda: dong < dollars) == "CURRENCY_MISMATCH"
    assert fault_code(lambda: dong >= dollars) == "CURRENCY_MISMATCH"
    assert fault_code(total, [dong], "USD") == "CURRENCY_MISMATCH"
    assert dong != dollars


@pytest.mark.parametrize("minor", [1.0, True, "1", Decimal(1), None])
def test_only_an_integer_is_an_amount(minor):
    with pytest.raises(TypeError):
        Money(minor, "VND")


def test_an_amount_stays_within_64_bits():
    largest = Money(MAX_MINOR, "VND")

    assert (-largest).minor == -MAX_MINOR
    assert fault_code(Money, MAX_MINOR + 1, "VND") == "AMOUNT_INVALID"
    assert fault_code(lambda: largest + Money(1, "VND")) == "AMOUNT_INVALID"
    assert fault_code(largest.times, Decimal("1.1")) == "AMOUNT_INVALID"


def test_json_carries_only_what_every_reader_keeps_exact():
    assert Money(MAX_JSON_MINOR, "VND").json_minor == MAX_JSON_MINOR
    assert fault_code(lambda: Money(MAX_JSON_MINOR + 1, "VND").json_minor) == "AMOUNT_INVALID"
    assert fault_code(lambda: Money(-MAX_JSON_MINOR - 1, "VND").json_minor) == "AMOUNT_INVALID"


def test_an_unknown_currency_is_refused_with_the_known_ones():
    with pytest.raises(Fault) as caught:
        Money(1, "XXX")

    assert caught.value.code == "CURRENCY_UNKNOWN"
    assert caught.value.facts == {"currencies": list(EXPONENTS)}
    assert currency_code(" usd ") == "USD"
    assert fault_code(currency_code, "dollars") == "CURRENCY_UNKNOWN"


@pytest.mark.parametrize(
    ("minor", "factor", "rounding", "expected"),
    [
        (100_000, "0.08", Rounding.HALF_EVEN, 8_000),
        (125, "0.1", Rounding.HALF_EVEN, 12),
        (125, "0.1", Rounding.HALF_UP, 13),
        (129, "0.1", Rounding.DOWN, 12),
        (-125, "0.1", Rounding.HALF_UP, -13),
        (3, "0.3333333333333333333333333333333333333333", Rounding.DOWN, 0),
        (9_007_199_254_740_993, "1.0", Rounding.HALF_EVEN, 9_007_199_254_740_993),
    ],
)
def test_a_product_is_rounded_once_by_name(minor, factor, rounding, expected):
    assert Money(minor, "VND").times(Decimal(factor), rounding) == Money(expected, "VND")


def test_a_factor_of_absurd_size_is_a_fault_and_not_a_hang():
    assert fault_code(Money(1, "VND").times, Decimal("1e999999")) == "NUMBER_INVALID"
    assert fault_code(Money(1, "VND").times, Decimal("NaN")) == "NUMBER_INVALID"


@pytest.mark.parametrize(
    ("money", "vi", "en"),
    [
        (Money(750_000_000, "VND"), "750.000.000 ₫", "VND 750,000,000"),
        (Money(2_520_050, "USD"), "25.200,50 USD", "USD 25,200.50"),
        (Money(-5, "USD"), "-0,05 USD", "USD -0.05"),
        (Money(5, "KWD"), "0,005 KWD", "KWD 0.005"),
        (Money(0, "VND"), "0 ₫", "VND 0"),
        (Money(100, "MGA"), "1,00 MGA", "MGA 1.00"),
    ],
)
def test_people_read_amounts_in_their_own_way(money, vi, en):
    assert (money.text("vi"), money.text("en")) == (vi, en)


def test_thousands_are_shown_and_never_kept():
    fee = Money(1_234_567, "VND")

    assert fee.rounded_text("vi") == "1.235.000 ₫"
    assert fee.minor == 1_234_567
    assert Money(1_234_567, "USD").rounded_text() == "USD 12,345.67"


@given(SAFE, CURRENCIES, st.sampled_from(["vi", "en"]))
def test_what_was_written_is_read_back(minor, currency, locale):
    money = Money(minor, currency)

    assert Money.parse(money.text(locale), currency, locale) == money
    assert Money.parse(str(money.major), currency) == money


@pytest.mark.parametrize(
    ("text", "currency", "locale", "minor"),
    [
        ("750000000", "vnd", None, 750_000_000),
        ("25200.5", "USD", None, 2_520_050),
        ("1.000", "KWD", None, 1_000),
        ("1.000đ", "VND", "vi", 1_000),
        ("1.000 VND", "VND", "vi", 1_000),
        ("1,000", "VND", "en", 1_000),
    ],
)
def test_typed_amounts_are_read(text, currency, locale, minor):
    assert Money.parse(text, currency, locale).minor == minor


@pytest.mark.parametrize(
    ("text", "currency", "locale"),
    [
        ("1.000", "VND", None),  # a thousand or one: not ours to guess
        ("1.000", "VND", "en"),
        ("1,000", "VND", "vi"),
        ("10.00", "VND", "vi"),
        ("1.0000", "VND", "vi"),
        ("1.234", "USD", None),
        ("1e5", "VND", None),
        ("１２", "VND", None),
        ("", "VND", None),
        ("-", "VND", None),
        ("1_000", "VND", None),
        ("USD 5", "VND", "en"),
        ("99999999999999999999", "VND", None),
        ("9999999999999999999", "VND", None),
    ],
)
def test_what_is_not_plainly_an_amount_is_refused(text, currency, locale):
    assert fault_code(Money.parse, text, currency, locale) == "AMOUNT_INVALID"


def test_a_rate_is_used_in_its_own_direction():
    assert convert(Money(10_050, "USD"), "VND", DOLLAR) == Money(2_600_940, "VND")
    assert convert_inverse(Money(2_600_940, "VND"), "USD", DOLLAR) == Money(10_050, "USD")
    assert convert(Money(7, "VND"), "VND", DOLLAR) == Money(7, "VND")


def test_a_rate_is_never_inverted_silently():
    with pytest.raises(Fault) as caught:
        convert(Money(25_880, "VND"), "USD", DOLLAR)

    assert caught.value.code == "RATE_MISMATCH"
    assert caught.value.facts == {"needed": ["VND", "USD"], "given": ["USD", "VND"]}
    assert fault_code(convert_inverse, Money(1, "USD"), "VND", DOLLAR) == "RATE_MISMATCH"
    assert fault_code(convert, Money(1, "EUR"), "VND", DOLLAR) == "RATE_MISMATCH"


def test_division_by_a_rate_keeps_its_ties():
    # 647 dong at 25,880 are exactly 2.5 cents; a rate inverted to 28 digits would miss the tie
    assert convert_inverse(Money(647, "VND"), "USD", DOLLAR) == Money(2, "USD")
    assert convert_inverse(Money(647, "VND"), "USD", DOLLAR, Rounding.HALF_UP) == Money(3, "USD")


@given(
    st.integers(min_value=-(10**12), max_value=10**12),
    st.decimals(min_value=1_000, max_value=50_000, places=2),
)
def test_dollars_come_back_from_dong(cents, value):
    rate = Rate("USD", "VND", value, "made up", date(2026, 1, 1))

    there = convert(Money(cents, "USD"), "VND", rate)

    assert convert_inverse(there, "USD", rate) == Money(cents, "USD")


@pytest.mark.parametrize(
    ("base", "quote", "value", "code"),
    [
        ("USD", "USD", "1", "RATE_INVALID"),
        ("USD", "VND", "0", "RATE_INVALID"),
        ("USD", "VND", "-1", "RATE_INVALID"),
        ("USD", "VND", "NaN", "RATE_INVALID"),
        ("USD", "VND", "1e-70", "NUMBER_INVALID"),
        ("USD", "ABC", "1", "CURRENCY_UNKNOWN"),
    ],
)
def test_a_rate_that_cannot_be_is_refused(base, quote, value, code):
    assert fault_code(Rate, base, quote, Decimal(value), "x", date(2026, 1, 1)) == code
