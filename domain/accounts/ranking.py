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
    # Hundreds of candidates are placed in every search, so only what decides is looked at.
    lower = unicodedata.normalize("NFC", name).casefold()
    missed = 0
    for word in query.typed_words:
        missed += not _begins_a_word(word, lower)
    if folded == query.folded:
        return (EXACT if _composed(name) == query.typed else FOLDED), missed, folded, id
    return (PREFIX if folded.startswith(query.folded) else WORDS), missed, folded, id


def _begins_a_word(beginning: str, text: str) -> bool:
    at = text.find(beginning)
    while at > 0 and (text[at - 1].isalnum() or text[at - 1] == "_"):
        at = text.find(beginning, at + 1)
    return at >= 0


def _composed(text: str) -> str:
    """Letters with their marks, whatever their case and however they were put together."""
    return " ".join(unicodedata.normalize("NFC", text).casefold().split())
