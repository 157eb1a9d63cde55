"""Short names: where does a joined word come apart, and what is an English trade called here?"""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from domain.vn import syllables
from domain.vn.trade_words import IN_VIETNAMESE, in_vietnamese

NAMES = ("an khang", "dai duong", "minh long", "son tung", "hoa phat", "sao mai", "thanh cong")


@pytest.mark.parametrize("name", NAMES)
def test_a_joined_name_comes_apart_where_its_syllables_end(name):
    assert tuple(name.split()) in syllables.split(name.replace(" ", ""), most=4)


@pytest.mark.parametrize("word", ["", "a", "khang", "hoang", "nghieng", "xyz", "123", "vinamilk"])
def test_a_syllable_and_what_has_none_stay_as_they_are(word):
    assert syllables.split(word, most=4) == []


@given(st.text("abcghinotuy", max_size=45))
def test_parts_make_the_word_again_and_are_few(word):
    ways = syllables.split(word, most=4)

    assert len(ways) <= 4 and {"".join(way) for way in ways} <= {word}
    assert all(len(way) > 1 and min(map(len, way)) > 1 for way in ways)


def test_a_trade_is_called_what_registers_call_it():
    assert in_vietnamese(("an", "khang", "pharma")) == ("an", "khang", "duoc")
    assert in_vietnamese(("hanabi",)) == ("hanabi",)
    assert not {*IN_VIETNAMESE} & {*IN_VIETNAMESE.values()}
