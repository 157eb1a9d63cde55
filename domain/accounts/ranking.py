"""Which of the names found did she mean? An order among candidates, without a database."""

import re
import unicodedata
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
    typed_words: tuple[str, ...]
    folded: str
    words: tuple[str, ...]

    @classmethod
    def of(cls, typed: str) -> "Query":
        composed, folded = _composed(typed), fold(typed)
        return cls(composed, tuple(_WORD.findall(composed)), folded, words(folded))


def place(query: Query, name: str, folded: str, id: str) -> Place:
    """Where a name with all words of the query belongs: a key to sort by, the same every time."""
    composed = _composed(name)
    # Hundreds of names are placed for one search, so: words that follow a space, not an expression.
    there = f" {composed}"
    if not there.replace(" ", "").isalnum():
        there = f" {' '.join(_WORD.findall(composed))}"
    missed = sum(f" {word}" not in there for word in query.typed_words)
    if composed == query.typed:
        return EXACT, missed, folded, id
    if folded == query.folded:
        return FOLDED, missed, folded, id
    return (PREFIX if folded.startswith(query.folded) else WORDS), missed, folded, id


def _composed(text: str) -> str:
    """Letters with their marks, whatever their case and however they were put together."""
    return " ".join(unicodedata.normalize("NFC", text).casefold().split())
