"""Clean text: is what cannot be seen kept out of what is typed, and out of untrusted input?"""

import unicodedata

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from domain.kernel.text import block, clean_outgoing, line

CONTROL, UNSEEN = "has control characters", "has invisible or direction-changing characters"
NO_TEXT = "has code points that are not text"
SELECTOR = "has variation selectors where nothing varies"
LOST = "has replacement characters (U+FFFD) where letters were lost"
MARKS = "has more than 6 combining marks on one letter"
HIDDEN = (
    [chr(code) for code in (*range(0x202A, 0x202F), *range(0x2066, 0x206A))]
    + list("\u061c\u200e\u200f\u200b\u200c\u200d\u2060\ufeff\u00ad\u2028\u2029\u2800\u3164\u180e")
    + [
        chr(code)
        for code in (
            0xE0000,
            0xE0001,
            0xE0041,
            0xE007F,
            0xE0FFF,
            0x2065,
            0xFFF0,
            0xFFF8,
            0x180B,
            0x180F,
            0xFFFC,
            0x13441,
            0x16FE4,
            0x1D159,
        )
    ]
)
CONTROLS = [chr(code) for code in (*range(9), *range(11, 32), *range(127, 160)) if code != 13]
FORBIDDEN = set(HIDDEN) | set(CONTROLS) | {"\r"}
# Letters as they come, and the dangerous ones far more often than chance would bring them.
anything = st.text(
    st.characters()
    | st.sampled_from(
        [*HIDDEN, *CONTROLS, "\r", "\n", "\t", "\ud800", "\ue000", "\ufffe", "\ufffd"]
    )
    | st.sampled_from(["\ufe0f", "\ufe00", "\U000e0101", "\u0301", "\u0323", "\u212b", "❤", "1"])
)


def said(check, value):
    try:
        check(value, 50)
    except ValueError as error:
        return str(error)


def reason(check, value, max_chars=100):
    with pytest.raises(ValueError, match=r"^(has|is) ") as caught:
        check(value, max_chars)
    return str(caught.value)


@pytest.mark.parametrize(
    "typed",
    [
        "Nguyễn Thị Ánh Tuyết",
        "Công ty “Đức Phát” – 100.000 ₫…",
        "株式会社 テスト",
        "\u0323" * 6,
        "︐ ❤️ 1️⃣ 👍🏽 葛\U000e0100",
        "สวัสดี ครับ",
    ],
)
def test_ordinary_text_of_any_language_passes(typed):
    assert line(typed, 100) == typed
    assert block(typed, 100) == typed
    assert clean_outgoing(typed) == typed


def test_text_is_composed_and_stripped():
    assert line("\u00a0 Nguye\u0302\u0303n \n", 10) == "Nguyễn"
    assert block("\r\n a\r\nb\rc\td \n", 10) == "a\nb\nc\td"


@pytest.mark.parametrize("hidden", HIDDEN, ids=ascii)
def test_a_character_nobody_sees_is_refused(hidden):
    assert reason(line, f"a{hidden}b") == reason(block, f"a{hidden}b") == UNSEEN


@pytest.mark.parametrize("control", CONTROLS, ids=ascii)
def test_a_control_character_is_refused(control):
    assert reason(line, f"a{control}b") == reason(block, f"a{control}b") == CONTROL


@pytest.mark.parametrize(
    "other",
    ["\ud800", "\ue000", "\U000f0000", "\ufffe", "\U0001ffff", "\ufdd0", "\ufdef"],
    ids=ascii,
)
def test_half_characters_and_private_ones_are_refused(other):
    found = reason(line, f"a{other}b")

    assert found in (NO_TEXT, UNSEEN)
    assert reason(block, f"a{other}b") == found


@pytest.mark.parametrize("check", [line, block])
def test_letters_that_were_lost_on_the_way_are_refused(check):
    assert reason(check, "C\ufffdng ty") == LOST


def test_what_somebody_else_wrote_keeps_the_sign_of_a_lost_letter():
    assert clean_outgoing("C\ufffdng\u200b ty") == "C\ufffdng ty"


def test_a_line_is_one_line():
    assert reason(line, "a\nb") == "has line breaks or tabs"
    assert reason(line, "a\tb") == "has line breaks or tabs"
    assert reason(line, "a\rb") == CONTROL


@pytest.mark.parametrize(
    "typed",
    ["a\ufe0f", "\ufe0f", "❤\ufe0f\ufe0f", "❤\ufe00", "ế\U000e0100", "葛\U000e0100\U000e0101"],
)
def test_selectors_that_carry_hidden_bytes_are_refused(typed):
    assert reason(line, typed) == SELECTOR


def test_piles_of_marks_are_refused():
    assert line("e" + "\u0323" * 6, 100)
    assert reason(line, "e" + "\u0323" * 7) == MARKS


@pytest.mark.parametrize("typed", ["", "   ", "\n\t", "\u00a0\u3000"])
def test_nothing_is_not_text(typed):
    assert reason(line, typed) == reason(block, typed) == "is empty"


def test_length_is_counted_after_composing():
    assert line("e\u0302\u0301" * 5, 5) == "ế" * 5
    assert line("α\u0313\u0300\u0345" * 5, 5) == "ᾂ" * 5
    assert reason(line, "e\u0302\u0301" * 6, 5) == "is longer than 5 characters"
    assert reason(block, "x" * 1_000_000, 5) == "is longer than 5 characters"


@given(anything)
def test_a_refusal_never_repeats_the_input(typed):
    reasons = {
        CONTROL,
        UNSEEN,
        NO_TEXT,
        LOST,
        SELECTOR,
        MARKS,
        "is empty",
        "has line breaks or tabs",
    }
    for check in (line, block):
        assert said(check, typed) in reasons | {"is longer than 50 characters", None}


@given(anything)
def test_what_passed_once_passes_unchanged(typed):
    for check in (line, block):
        try:
            once = check(typed, 50)
        except ValueError:
            continue
        assert check(once, 50) == once
        assert clean_outgoing(once) == once
        assert not FORBIDDEN & set(once)


@settings(max_examples=500)
@given(anything)
def test_cleaned_text_is_clean_whatever_it_was(written):
    cleaned = clean_outgoing(written)

    assert clean_outgoing(cleaned) == cleaned == unicodedata.normalize("NFC", cleaned)
    assert not FORBIDDEN & set(cleaned)
    cleaned.encode()  # no half characters
    if cleaned.strip() and "\ufffd" not in cleaned:
        assert block(cleaned, 10_000) == cleaned.strip()


def test_cleaning_keeps_the_words_and_the_lines():
    mail = "Xin chào\u200b\r\nTK \u202e123\u202c\u2028Hạn\x85 \x1b[31mđỏ\x00"

    assert clean_outgoing(mail) == "Xin chào\nTK 123\nHạn\n [31mđỏ"
    assert clean_outgoing("") == ""
