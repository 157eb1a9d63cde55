"""Search ranking: which of these names was meant? An order among candidates, without a database."""

import re
import unicodedata
from collections.abc import Iterable
from dataclasses import dataclass

from domain.kernel.folding import fold, words

_WORD = re.compile(r"\w+")

# Best first. Within a class, names that also agree in their Vietnamese marks come first, then
# the order of the names.
TAX_CODE, EXACT, FOLDED, PREFIX, WORDS = range(5)

Place = tuple[int, int, str, str]


@dataclass(frozen=True, slots=True)
class Query:
    """What was typed, once as it is and once as the search sees it."""

    typed: str
    typed_words: tuple[tuple[str, str], ...]  # each also with a space before it
    folded: str
    words: tuple[str, ...]

    @classmethod
    def of(cls, typed: str) -> "Query":
        composed, folded = _composed(typed), fold(typed)
        typed_words = tuple((word, f" {word}") for word in _WORD.findall(composed))
        return cls(composed, typed_words, folded, words(folded))


def places(query: Query, named: Iterable[tuple[str, str, str]]) -> dict[str, Place]:
    """Where names with all words of the query belong, by id: keys to sort by, the same every time.

    `named` are ids, names and folded names, once or more.
    """
    # Hundreds are placed in every search, so only what decides is looked at, and in one loop.
    normalize, folded_query, typed_words = unicodedata.normalize, query.folded, query.typed_words
    found: dict[str, Place] = {}
    for id, name, folded in named:
        lower = f" {normalize('NFC', name).casefold()}"
        missed = 0
        for word, after_space in typed_words:
            if after_space not in lower and (word not in lower or not _begins_a_word(word, lower)):
                missed += 1
        if not folded.startswith(folded_query):
            kind = WORDS
        elif folded != folded_query:
            kind = PREFIX
        else:
            kind = EXACT if _composed(name) == query.typed else FOLDED
        found[id] = kind, missed, folded, id
    return found


def _begins_a_word(beginning: str, text: str) -> bool:
    """Somewhere behind the first letter of the text."""
    at = text.find(beginning, 1)
    while at > 0 and (text[at - 1].isalnum() or text[at - 1] == "_"):
        at = text.find(beginning, at + 1)
    return at > 0


def _composed(text: str) -> str:
    """Letters with their marks, whatever their case and however they were put together."""
    return " ".join(unicodedata.normalize("NFC", text).casefold().split())
