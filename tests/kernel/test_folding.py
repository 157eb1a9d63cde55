"""Folded text: does a search find what a person meant?"""

import json
import unicodedata
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from domain.kernel.folding import fold, words

FIXTURE = Path(__file__).parents[2] / "fixtures" / "vn" / "search_examples.json"
VECTORS = json.loads(FIXTURE.read_text(encoding="utf-8"))["vectors"]
VIETNAMESE = "aàảãáạăằẳẵắặâầẩẫấậđeèẻẽéẹêềểễếệiìỉĩíịoòỏõóọôồổỗốộơờởỡớợuùủũúụưừửữứựyỳỷỹýỵ"


@pytest.mark.parametrize("vector", VECTORS, ids=[vector["id"] for vector in VECTORS])
def test_the_published_examples_fold_and_match(vector):
    folded, query = fold(vector["text"]), fold(vector["query"])

    assert (folded, query) == (vector["folded_text"], vector["folded_query"])
    assert (query in folded) is vector["match"]


@pytest.mark.parametrize(
    ("typed", "folded"),
    [
        ("Công ty TNHH Đức-Phát (VN)", "cong ty tnhh duc phat vn"),
        ("ĐẶNG ÐÌNH", "dang dinh"),
        ("Ｆｕｌｌ　０９１２", "full 0912"),
        ("a\u00a0b\u200bc\u3000d", "a b c d"),
        ("Ng\u200duy\u00adễn", "nguyen"),
        ("O'Brien O’Brien Oʼbrien", "o brien o brien o brien"),
        ("A&B\t\n  C.", "a b c"),
        ("Straße Łódź Øre", "strasse lodz ore"),
        ("株式会社", "株式会社"),
        ("…", ""),
        ("", ""),
    ],
)
def test_what_does_not_matter_is_dropped(typed, folded):
    assert fold(typed) == folded


def test_every_vietnamese_letter_becomes_one_plain_letter():
    for letter in VIETNAMESE + VIETNAMESE.upper():
        assert fold(letter) in set("adeiouy"), letter


@given(st.text())
def test_folding_twice_changes_nothing(text):
    assert fold(fold(text)) == fold(text)


@given(st.text())
def test_how_the_marks_were_typed_does_not_matter(text):
    composed = unicodedata.normalize("NFC", text)
    decomposed = unicodedata.normalize("NFD", text)

    assert fold(composed) == fold(decomposed) == fold(text)


@given(st.text(alphabet=VIETNAMESE + "bcghklmnpqrstvx 0123456789"))
def test_shouting_finds_the_same(text):
    assert fold(text.upper()) == fold(text)


@given(st.text(alphabet=st.characters(max_codepoint=127)))
def test_the_short_way_for_ascii_is_no_other_way(text):
    assert fold(text) == fold(text + "\u0301")


@given(st.text())
def test_words_have_no_spaces_and_make_up_the_text(text):
    folded = fold(text)

    assert " ".join(words(folded)) == folded
    assert folded == folded.strip()
