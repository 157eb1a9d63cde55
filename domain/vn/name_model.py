"""Name model: how likely is a name a man's or a woman's? A table of weights and one addition.

Each middle and given word adds the log-odds of being met in a man's rather than a woman's name,
in thousandths; the table, made by bench/names.py from an open list of given names, is in
data/name_weights.json. Whole numbers only, so every machine answers the same.
"""

import json
import re
import unicodedata
from bisect import bisect_right
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from importlib.resources import files

from domain.kernel.folding import fold

_TONES = "\u0300\u0301\u0303\u0309\u0323"
_FINAL_Y = re.compile(
    "(?<=qu)y|(?<![aeouâăêôơư])y"
)  # Mỹ and Mĩ are one name; Thúy and Thúi are not
# One Vietnamese syllable without marks: initial, vowels, final. Samuel and Kevin are none.
_SYLLABLE = re.compile(
    "(?:ngh?|nh|th|tr|ch|ph|kh|gh|gi|qu|[bcdghklmnprstvx])?"
    "(?:uye|uya|oai|oay|oeo|uay|uoi|uou|ieu|yeu|uyu|ia|ie|iu|ua|uo|ue|ui|uu|uy|oa|oe|oo|oi"
    "|ai|ao|au|ay|eo|eu|ye|[aeiouy])"
    "(?:nh|ng|ch|[cmnpt])?"
)


@dataclass(frozen=True, slots=True)
class Weights:
    """Log-odds in thousandths by key, above zero for men; `plain` for words without marks."""

    middle: Mapping[str, int]
    given: Mapping[str, int]
    plain_middle: Mapping[str, int]
    plain_given: Mapping[str, int]
    percents: Sequence[int]  # from what score on one is 50, 51, ... 99 percent sure


def marked_key(word: str) -> str:
    """The same for every way of writing one syllable: Hoà and Hòa, Mỹ and Mĩ, with its marks.

    The tone moves to the end; what came decomposed is composed again.
    """
    small = unicodedata.normalize("NFD", word.lower().replace("ð", "đ"))
    tone = "".join(mark for mark in small if mark in _TONES)
    quality = "".join(letter for letter in small if letter not in _TONES)
    return _FINAL_Y.sub("i", unicodedata.normalize("NFC", quality)) + tone


def plain_key(word: str) -> str:
    """The same without marks."""
    return _FINAL_Y.sub("i", fold(word))


def is_marked(text: str) -> bool:
    """Whether somebody typed Vietnamese letters, so that a bare `Van` cannot be meant as `Văn`."""
    return fold(text) != " ".join(text.lower().split())


def is_syllable(word: str) -> bool:
    """Whether a word can be Vietnamese at all."""
    return _SYLLABLE.fullmatch(fold(word)) is not None


def knows_middle(word: str) -> bool:
    """Whether a word is met in front of given names; it has to be typed with its marks."""
    return marked_key(word) in _loaded().middle


def knows_given(word: str) -> bool:
    """Whether a word is met as a given name, with its marks or without any."""
    weights = _loaded()
    return marked_key(word) in weights.given or plain_key(word) in weights.plain_given


def confidence(middle: Sequence[str], given: str, *, marked: bool) -> tuple[bool, int]:
    """`(male, percent)`: the likelier gender, and how sure the table is of it, 50 to 99.

    `marked` says whether the whole name, with its family name, was typed with marks.
    """
    weights = _loaded()
    score = _weight(given, weights.given, weights.plain_given, marked=marked) + sum(
        _weight(word, weights.middle, weights.plain_middle, marked=marked) for word in middle
    )
    return score > 0, 49 + max(1, bisect_right(weights.percents, abs(score)))


def _weight(
    word: str, marked_weights: Mapping[str, int], plain_weights: Mapping[str, int], *, marked: bool
) -> int:
    if marked and (weight := marked_weights.get(marked_key(word))) is not None:
        return weight
    if marked and is_marked(word):
        return 0  # Ngân is not Ngan: what was typed with marks is not looked up without
    return plain_weights.get(plain_key(word), 0)


@lru_cache(maxsize=1)
def _loaded() -> Weights:
    content = json.loads(files("domain.vn").joinpath("data", "name_weights.json").read_bytes())
    content.pop("about")
    return Weights(**content)
