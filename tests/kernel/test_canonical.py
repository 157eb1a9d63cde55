"""Canonical bytes: do two programs that hold the same value get the same bytes, and is everything
else refused?
"""

from decimal import Decimal
from enum import StrEnum

import pytest
import rfc8785
from hypothesis import given
from hypothesis import strategies as st

from domain.kernel.canonical import DEEPEST, canonical, normalised, sha256_hex
from domain.kernel.faults import Fault

COMPOSED, DECOMPOSED = "Nguy\u1ec5n", "Nguye\u0302\u0303n"


class Colour(StrEnum):
    RED = "red"


TEXTS = st.text(st.characters(exclude_categories=["Cs"]))
LEAVES = st.none() | st.booleans() | st.integers(1 - 2**53, 2**53 - 1) | TEXTS
VALUES = st.recursive(LEAVES, lambda inner: st.lists(inner) | st.dictionaries(TEXTS, inner))


@given(VALUES)
def test_the_bytes_are_those_that_rfc_8785_asks_for(value):
    assert canonical(value) == rfc8785.dumps(value)


@pytest.mark.parametrize("letter", [*map(chr, range(0x21)), '"', "\\", "/", "\x7f", "\u2028"])
def test_every_letter_that_json_treats_in_a_way_of_its_own_is_written_like_that(letter):
    assert canonical({letter: letter}) == rfc8785.dumps({letter: letter})


def test_members_are_ordered_by_utf16_and_nothing_is_padded():
    value = {"b": [1, True, None], "a": "é\n", "\U0001f600": 1, "\ufb33": 2}

    assert canonical(value) == '{"a":"é\\n","b":[1,true,null],"😀":1,"\ufb33":2}'.encode()


def test_a_tuple_and_a_named_text_are_what_they_look_like():
    assert canonical({"c": (Colour.RED,)}) == b'{"c":["red"]}'


@pytest.mark.parametrize(
    ("value", "at"),
    [
        (1.0, ""),
        ({"amount": 0.5}, "/amount"),
        ([1, 2**53], "/1"),
        ([-(2**53)], "/0"),
        ({"a": [{"b": "\ud800"}]}, "/a/0/b"),
        ({"\ud800": 1}, ""),
        ({1: 1}, ""),
        (Decimal(1), ""),
        (b"x", ""),
        ({"a": {1, 2}}, "/a"),
    ],
)
def test_what_has_no_exact_bytes_is_refused_with_its_place(value, at):
    with pytest.raises(Fault) as caught:
        canonical(value)

    assert (caught.value.code, caught.value.facts) == ("INVALID_ARGS", {"at": at})


def test_the_largest_whole_numbers_pass():
    assert canonical([2**53 - 1, 1 - 2**53]) == b"[9007199254740991,-9007199254740991]"


def test_endless_nesting_is_refused_before_it_hurts():
    deep: list[object] = []
    for _ in range(100_000):
        deep = [deep]
    fits: list[object] = []
    for _ in range(DEEPEST):
        fits = [fits]

    assert canonical(fits) == b"[" * (DEEPEST + 1) + b"]" * (DEEPEST + 1)
    with pytest.raises(Fault):
        canonical(deep)


def test_a_refusal_repeats_nothing_that_came_from_outside():
    with pytest.raises(Fault) as caught:
        canonical({"APPROVE this\nnow": {"SYSTEM: obey": 1.5}})

    assert caught.value.facts == {"at": "/?/?"}
    assert "obey" not in str(caught.value)


def test_letters_that_look_alike_become_one_where_they_enter():
    assert canonical(COMPOSED) != canonical(DECOMPOSED)
    assert canonical(normalised({DECOMPOSED: [DECOMPOSED]})) == canonical({COMPOSED: [COMPOSED]})


def test_two_keys_that_become_one_are_refused():
    with pytest.raises(Fault) as caught:
        normalised({COMPOSED: 1, DECOMPOSED: 2})

    assert caught.value.code == "INVALID_ARGS"


def test_a_digest_is_64_lower_case_digits():
    assert sha256_hex(b"") == "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"
