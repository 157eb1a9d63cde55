"""Syllables: where does one end in a Vietnamese word that is written without spaces?

Signs, domains and addresses join what a register writes apart: `ankhang` is An Khang. Letters are
folded, so that some syllables are let through that Vietnamese does not have.
"""

import re
from typing import Final

_SYLLABLE: Final = re.compile(
    r"(?:ngh|ng|nh|gh|gi|kh|ph|th|tr|ch|qu|[bcdghklmnpqrstvx])?"
    r"(?:uye|uya|oai|oay|uay|oeo|ieu|yeu|uoi|uou|[iuyo]?[aeiouy]{1,2}|[aeiouy])"
    r"(?:ch|ng|nh|[cmnpt])?"
)
_MOST_LETTERS = 40
_SHORTEST, _LONGEST = 2, 7  # an, nghieng; single letters are no words of names


def split(word: str, *, most: int) -> list[tuple[str, ...]]:
    """The ways in which a folded word is several syllables, the fewest first; at most `most`.

    None for what is one syllable. The first letters decide: of many ways only those that begin with
    long syllables are looked at.
    """
    if len(word) > _MOST_LETTERS or _SYLLABLE.fullmatch(word):
        return []
    ways: dict[int, list[tuple[str, ...]]] = {0: [()]}
    for end in range(1, len(word) + 1):
        found = [
            (*way, word[start:end])
            for start in range(max(0, end - _LONGEST), end - _SHORTEST + 1)
            if _SYLLABLE.fullmatch(word, start, end)
            for way in ways.get(start, ())
        ]
        ways[end] = sorted(found, key=len)[:most]
    return [way for way in ways[len(word)] if len(way) > 1]
