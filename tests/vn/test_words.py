"""An amount in words is what a Vietnamese reader would write, and reads back to the number."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from domain.kernel.faults import Fault
from domain.vn.words import LARGEST, UNITS, Style, amount_in_words, number_in_words

DIGITS = {"không": 0, "một": 1, "hai": 2, "ba": 3, "bốn": 4, "năm": 5, "sáu": 6, "bảy": 7}
DIGITS |= {"tám": 8, "chín": 9, "mốt": 1, "tư": 4, "lăm": 5}
STYLES = st.builds(
    Style,
    zero_tens=st.sampled_from(["linh", "lẻ"]),
    thousand=st.sampled_from(["nghìn", "ngàn"]),
    four=st.sampled_from(["tư", "bốn"]),
)


def read_back(words: str) -> int:
    """A reader that knows nothing of the writer: it adds up what it hears, from left to right."""
    total = group = 0
    digit: int | None = None
    for word in words.split():
        if word in DIGITS:
            digit = DIGITS[word]
            group += digit
        elif word == "trăm":
            group = group - digit + digit * 100
        elif word == "mươi":
            group = group - digit + digit * 10
        elif word == "mười":
            group += 10
        elif word in ("linh", "lẻ"):
            continue
        else:
            size = {"nghìn": 10**3, "ngàn": 10**3, "triệu": 10**6, "tỷ": 10**9}[word]
            total, group = (
                ((total + group) * size, 0) if word == "tỷ" else (total + group * size, 0)
            )
    return total + group


@pytest.mark.parametrize(
    ("number", "words"),
    [
        (0, "Không đồng"),
        (4, "Bốn đồng"),
        (10, "Mười đồng"),
        (15, "Mười lăm đồng"),
        (21, "Hai mươi mốt đồng"),
        (24, "Hai mươi tư đồng"),
        (55, "Năm mươi lăm đồng"),
        (101, "Một trăm linh một đồng"),
        (115, "Một trăm mười lăm đồng"),
        (1_001, "Một nghìn không trăm linh một đồng"),
        (1_010, "Một nghìn không trăm mười đồng"),
        (21_000, "Hai mươi mốt nghìn đồng"),
        (105_000, "Một trăm linh năm nghìn đồng"),
        (523_056, "Năm trăm hai mươi ba nghìn không trăm năm mươi sáu đồng"),
        (1_005_005, "Một triệu không trăm linh năm nghìn không trăm linh năm đồng"),
        (145_001_000, "Một trăm bốn mươi lăm triệu không trăm linh một nghìn đồng"),
        (1_000_000_001, "Một tỷ không trăm linh một đồng"),
        (2_000_500_000, "Hai tỷ năm trăm nghìn đồng"),
        (2_005_000_000_000, "Hai nghìn không trăm linh năm tỷ đồng"),
        (10**15, "Một triệu tỷ đồng"),
        (3 * 10**18, "Ba tỷ tỷ đồng"),
        (-1_500_000, "Âm một triệu năm trăm nghìn đồng"),
    ],
)
def test_an_amount_of_dong_is_written_as_the_decree_writes_it(number, words):
    assert amount_in_words(number, "VND") == words


def test_cents_follow_the_whole_and_carry_their_own_word():
    assert amount_in_words(1_380_025, "USD") == "Mười ba nghìn tám trăm đô la Mỹ và hai mươi lăm xu"
    assert amount_in_words(500_050, "EUR") == "Năm nghìn ơ-rô và năm mươi xu"
    assert amount_in_words(100, "USD", Style(exactly=True)) == "Một đô la Mỹ chẵn"
    assert amount_in_words(101, "USD", Style(exactly=True)) == "Một đô la Mỹ và một xu"


@given(st.integers(-(10**18), 10**18) | st.integers(-1_100, 1_100), STYLES)
def test_whatever_was_written_reads_back_to_the_same_number(number, style):
    words = number_in_words(number, style)

    assert words.startswith("âm ") == (number < 0)
    assert read_back(words.removeprefix("âm ")) == abs(number)
    assert "  " not in words


@given(st.integers(0, 10**18), STYLES)
def test_a_style_is_kept_from_the_first_word_to_the_last(number, style):
    words = number_in_words(number, style).split()

    assert not {"linh", "lẻ", "nghìn", "ngàn", "tư"} & set(words) - {
        style.zero_tens, style.thousand, style.four,
    }  # fmt: skip


@given(st.integers(0, 10**6))
def test_two_numbers_never_have_the_same_words(number):
    assert number_in_words(number) != number_in_words(number + 1)


@pytest.mark.parametrize("currency", sorted(UNITS))
def test_every_currency_with_words_begins_with_a_capital_and_ends_with_its_unit(currency):
    assert amount_in_words(100, currency)[0].isupper()
    assert UNITS[currency][0] in amount_in_words(100, currency)


@pytest.mark.parametrize(
    ("ask", "code"),
    [
        (lambda: amount_in_words(1, "KWD"), "CURRENCY_WITHOUT_WORDS"),
        (lambda: number_in_words(LARGEST + 1), "AMOUNT_TOO_LARGE"),
        (lambda: number_in_words(-LARGEST - 1), "AMOUNT_TOO_LARGE"),
        (lambda: Style(zero_tens="lẽ"), "STYLE_UNKNOWN"),
    ],
)
def test_what_has_no_words_is_refused(ask, code):
    with pytest.raises(Fault) as caught:
        ask()

    assert caught.value.code == code
