"""Address words: where are they, and what stands between them?

Commas, semicolons, line breaks and dashes with a space beside them part an address; words in
brackets are remarks and are not read. Whether two words are alike is decided with the marks that
were typed: a word without marks may be any, `Phù` is not `Phú`, `Quãng` passes for `Quảng`.
"""

import re
import unicodedata
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise

from domain.kernel.folding import fold

_WORD = re.compile("(?:[^\\W_]|[\u0300-\u036f])+")
_REMARK = re.compile(r"\([^()]*\)|\[[^\[\]]*\]|（[^（）]*）")
_PARTING = frozenset(",;|\n\t•·，、；")
_DASHES = frozenset("-\u2010\u2011\u2012\u2013\u2014\u2212")
_EDGES = " ,;|.-\u2013\u2014\uff0c\uff1b\u3001"
_HOOK, _TILDE = "\u0309", "\u0303"
_INITIALS = {("t", "p"), ("t", "x"), ("t", "t")}  # T.P., T.X., T.T.
# Names with a dash inside, whose halves are not two parts of an address. Without a list of wards
# nothing else tells them apart from "Dịch Vọng - Cầu Giấy".
_JOINED = {
    (("ba", "ria"), ("vung", "tau")),
    (("thua", "thien"), ("hue",)),
    (("phan", "rang"), ("thap", "cham")),
    (("van", "mieu"), ("quoc", "tu", "giam")),
    (("xuan", "huong"), ("da", "lat")),
    (("cam", "ly"), ("da", "lat")),
    (("lam", "vien"), ("da", "lat")),
    (("xuan", "truong"), ("da", "lat")),
    (("lang", "biang"), ("da", "lat")),
}


@dataclass(frozen=True, slots=True)
class AddressWord:
    """One word and its place in the text."""

    start: int
    end: int
    text: str
    folded: str
    begins: bool  # a part of the address begins here
    dotted: bool  # a full stop follows, as after an abbreviation

    @property
    def is_number(self) -> bool:
        """5, and also 12A and the like."""
        return self.folded[:1].isdigit()


def words_of(text: str) -> tuple[AddressWord, ...]:
    """The words outside brackets, in order; of a text all in brackets, every word."""
    return _parted(_found(_REMARK.sub(_blank, text))) or _parted(_found(text))


def parts_of(words: Sequence[AddressWord], end: int) -> list[tuple[int, int]]:
    """The parts of the first `end` words, as ranges: from the first word to after the last."""
    starts = [place for place in range(end) if place == 0 or words[place].begins]
    return list(pairwise([*starts, end])) if starts else []


def is_like(typed: str, word: str) -> bool:
    """Whether a typed word can stand for `word`, whose letters are known to be the same."""
    return _marks(typed) <= _marks(word)


def is_exactly(typed: str, word: str) -> bool:
    """Whether it has all marks of `word` too, on whichever letter: Hoà is Hòa."""
    return _marks(typed) == _marks(word)


def is_one_of(word: AddressWord, spelled: Mapping[str, str]) -> bool:
    """Whether it is one of these words, given by their folded forms, with all marks or none."""
    whole = spelled.get(word.folded)
    return whole is not None and (not has_marks(word.text) or is_exactly(word.text, whole))


def by_folded(words: str) -> Mapping[str, str]:
    """Words by their folded forms, for `is_one_of`."""
    return {fold(word): word for word in words.split()}


def has_marks(typed: str) -> bool:
    """Whether Vietnamese was typed with its marks."""
    return bool(_marks(typed))


def has_remark(text: str) -> bool:
    """Whether something stands in brackets, which is not read."""
    return _REMARK.search(text) is not None


def tidy(text: str) -> str:
    """One line without what parted it from its neighbours."""
    lines = (" ".join(line.split()).strip(_EDGES) for line in text.splitlines())
    return ", ".join(line for line in lines if line)


def _blank(match: re.Match[str]) -> str:
    return " " * len(match[0])  # the places of all other words stay true


def _found(text: str) -> list[AddressWord]:
    found: list[AddressWord] = []
    for match in _WORD.finditer(text):
        before = text[found[-1].end : match.start()] if found else ""
        start, begins = match.start(), _parts(before)
        folded = fold(match[0]).replace(" ", "")
        if found and before == "." and (found[-1].folded, folded) in _INITIALS:
            last = found.pop()
            start, begins, folded = last.start, last.begins, last.folded + folded
        dotted = text[match.end() : match.end() + 1] in (".", "．")
        typed = text[start : match.end()]
        found.append(AddressWord(start, match.end(), typed, folded, begins, dotted))
    return found


def _parts(between: str) -> bool:
    if not _PARTING.isdisjoint(between):
        return True
    return not _DASHES.isdisjoint(between) and (len(between) > 1 or "\u2014" in between)


def _parted(words: list[AddressWord]) -> tuple[AddressWord, ...]:
    folded = tuple(word.folded for word in words)

    def joins(place: int) -> bool:
        return any(
            folded[max(0, place - len(left)) : place] == left
            and folded[place : place + len(right)] == right
            for left, right in _JOINED
        )

    return tuple(
        AddressWord(word.start, word.end, word.text, word.folded, False, word.dotted)
        if word.begins and joins(place)
        else word
        for place, word in enumerate(words)
    )


def _marks(typed: str) -> frozenset[str]:
    plain = unicodedata.normalize("NFD", typed.casefold())
    strokes = {"đ" for letter in plain if letter in "đðɖ"}
    marks = {mark for mark in plain if unicodedata.category(mark) == "Mn"}
    # Half of the country says hỏi and ngã alike, and writes them so.
    return frozenset(strokes | {_TILDE if mark == _HOOK else mark for mark in marks})
