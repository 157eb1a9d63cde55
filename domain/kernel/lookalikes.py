"""Lookalikes: may a name be another one than whoever reads it takes it for?

A name in letters of several alphabets, in letters of one that pass for those of another, with
letters among digits or with what nobody sees is not refused, because such names exist; whoever
signs is told. Source: UTS 39, revision 26 (mixed-script and whole-script confusables, mixed
numbers, the restriction level Highly Restrictive), for Latin, Cyrillic, Greek and Armenian letters.
"""

import re
import unicodedata
from enum import Enum
from functools import lru_cache

from domain.kernel.quoting import UNKNOWN, plain_line
from domain.kernel.text import clean_outgoing

_EAST_ASIAN = frozenset(
    {"LATIN", "CJK", "IDEOGRAPHIC", "HIRAGANA", "KATAKANA", "BOPOMOFO", "HANGUL"}
)
# Letters that most fonts draw as they draw a Latin one.
_LIKE_LATIN = frozenset(
    "АВЕЅІЈКМНОРСТУХҮԌԜԛԝаеѕіјорсухһӏԁҽѵв"  # Cyrillic
    "ΑΒΕΖΗΙΚΜΝΟΡΤΥΧαγικνορυϲϳ"  # Greek
    "ՍՏՕհոսցօ"  # Armenian
)
# Vietnamese and European letters; other Latin ones (ɑ, ǃ, ᴀ) are seldom and look like these.
_LATIN = re.compile("[A-Za-z\u00aa\u00ba\u00c0-\u017f\u01a0\u01a1\u01af\u01b0\u1e00-\u1eff]")
# Within a word of digits: O for 0, I, l and the vertical line for 1.
_AMONG_DIGITS = re.compile(r"(?<!\w)(?=[\dOoIl|]*\d)(?=[\dOoIl|]*[OoIl|])[\dOoIl|]+(?!\w)")


class Doubt(Enum):
    """Why a name may be another one than it looks; the value is its name in the words of a view."""

    SCRIPTS = "several_alphabets"
    ALPHABET = "another_alphabet"
    DIGITS = "letters_among_digits"
    UNSEEN = "unseen_characters"


def doubts(text: str) -> tuple[Doubt, ...]:
    """Every reason to compare a name letter by letter; none for nearly every name there is."""
    if text.isascii() and not _AMONG_DIGITS.search(text):
        return ()
    plain = plain_line(text)
    scripts = {script for script in map(_script, plain) if script}
    found = []
    if len(scripts) > 1 and not scripts <= _EAST_ASIAN:
        found.append(Doubt.SCRIPTS)
    letters = [letter for letter in plain if letter.isalpha()]
    if letters and all(letter in _LIKE_LATIN for letter in letters):
        found.append(Doubt.ALPHABET)
    elif Doubt.SCRIPTS not in found and any(_is_odd_latin(letter) for letter in letters):
        found.append(Doubt.SCRIPTS)
    if _AMONG_DIGITS.search(plain) or any(_is_foreign_digit(one) for one in plain):
        found.append(Doubt.DIGITS)
    if _hides(text, plain):
        found.append(Doubt.UNSEEN)
    return tuple(found)


@lru_cache(maxsize=4_096)
def _script(letter: str) -> str:
    """The alphabet of a letter by its name, which begins with it; empty for what is no letter."""
    if not letter.isalpha():
        return ""
    usual = unicodedata.normalize("NFKC", letter)[0]
    return re.split("[ -]", unicodedata.name(usual, "UNKNOWN"), maxsplit=1)[0]


def _is_odd_latin(letter: str) -> bool:
    """Whether it is none that a name is written in: a seldom one, a full-width or a bold one."""
    if letter.isascii() or _LATIN.fullmatch(letter):
        return False
    return _script(letter) == "LATIN" or unicodedata.normalize("NFKC", letter).isascii()


def _is_foreign_digit(letter: str) -> bool:
    return unicodedata.category(letter) in ("Nd", "Nl") and not letter.isascii()


def _hides(text: str, plain: str) -> bool:
    """Whether there is more than is shown: what nobody sees, blanks of other widths, piled marks.

    A character that no font has is shown as one that says so.
    """
    seen = unicodedata.normalize("NFC", text)
    return (
        UNKNOWN in plain
        or clean_outgoing(text) != seen
        or any(letter != " " and letter.isspace() and letter not in "\n\t" for letter in seen)
        or _marks(seen) != _marks(plain)
    )


def _marks(text: str) -> int:
    return sum(unicodedata.category(letter)[0] == "M" for letter in text)
