"""Layout of a terminal: which words stand on which line of what people read before they sign?

Lines are counted in cells, as a terminal does, and end before the edge, so that no terminal breaks
one. Every line begins with words of ours or with the mark `>` behind a margin: untrusted input
never begins one, at any width. A name that is cut says so, and stands whole below.
"""

import json
import shutil
import unicodedata
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from domain.kernel.faults import Fault, Kind
from domain.kernel.quoting import is_quotation_mark, plain_line
from domain.kernel.text import clean_outgoing

WIDEST, NARROWEST = 96, 24
MARK = "> "

_TWO_COLUMNS = 60  # cells of a terminal in which labels have a column of their own
_MOST_OF_A_NAME = 80  # cells before it is cut
_LEAST_ROOM = 10  # cells that are worth beginning beside a label
_PLAIN = frozenset("abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_.:@+-/")
_NO_BREAK = "\u00a0"
_EMOJI_STYLE = "\ufe0f"
_DEEPEST = 6  # levels of a value that are taken apart; none of ours has more than three


def width() -> int:
    """How many cells a line may have here; TERMINAL_TOO_NARROW below what can be read at all."""
    here = shutil.get_terminal_size((WIDEST, 24)).columns
    if here < NARROWEST:
        raise Fault(
            "TERMINAL_TOO_NARROW",
            Kind.CONFLICT,
            f"What is signed cannot be laid out in {here} columns.",
            f"make the terminal at least {NARROWEST} columns wide.",
            {"columns": here, "least": NARROWEST},
        )
    return min(here, WIDEST)


def cells(text: str) -> int:
    """How many cells a terminal gives a text; rather one too many where terminals differ."""
    return sum(map(_cells, text))


def _cells(letter: str) -> int:
    if letter == _EMOJI_STYLE:
        return 1  # makes a narrow sign a wide one
    if unicodedata.category(letter) in ("Mn", "Me", "Cf"):
        return 0
    if "\U0001f1e6" <= letter <= "\U0001f1ff":
        return 2  # half a flag, or a letter in a box
    return 2 if unicodedata.east_asian_width(letter) in "WF" else 1


def wrapped(text: str, first: int, following: int) -> list[str]:
    """The text in pieces of at most so many cells, broken at spaces where there are any."""
    lines, room = [""], first
    for word in text.split(" "):
        space = " " if lines[-1] else ""
        if cells(lines[-1]) + len(space) + cells(word) <= room:
            lines[-1] += space + word
            continue
        if lines[-1] and cells(word) <= following:
            lines, room = [*lines, word], following
            continue
        lines[-1] += space if cells(lines[-1]) < room else ""
        for sign in _signs(word):
            if cells(lines[-1]) + cells(sign) > room:
                lines, room = [*lines, ""], following
            lines[-1] += sign
    return [line.rstrip(" ") for line in lines]


def _signs(word: str) -> Iterator[str]:
    """Letters with what belongs to them: a mark never goes to the next line alone."""
    sign = ""
    for letter in word:
        if sign and _cells(letter) and letter != _EMOJI_STYLE:
            yield sign
            sign = ""
        sign += letter
    if sign:
        yield sign


def hanging(begin: str, text: str, following: str, width: int) -> list[str]:
    """`begin` and the text behind it, every further line behind `following`.

    Where `begin` leaves no room it stands alone.
    """
    room = width - cells(following)
    if width - cells(begin) < _LEAST_ROOM:
        alone = wrapped(begin.rstrip(), width, width)
        return [*alone, *(f"{following}{line}" for line in wrapped(text, room, room))]
    first, *more = wrapped(text, width - cells(begin), room)
    return [f"{begin}{first}".rstrip(), *(f"{following}{line}" for line in more)]


@dataclass(slots=True)
class Layout:
    """Lines of one width behind one margin, and the names that were cut on them.

    `column` are the cells of the widest label; where labels have no column of their own, or for
    values without one, they stand on a line before.
    """

    width: int
    column: int = 0
    margin: str = ""
    cut: list[tuple[str, str]] = field(default_factory=list)

    @classmethod
    def of(cls, width: int, labels: Sequence[str], margin: str = "") -> "Layout":
        """A layout for fields with these labels."""
        return cls(width, max(map(cells, labels), default=0) + 2, margin)

    def row(self, label: str, ours: str, theirs: Sequence[str] = ()) -> list[str]:
        """A field: our words, then names and notes of others as quotations."""
        value = " ".join(filter(None, [ours, *(self._quoted(label, one) for one in theirs)]))
        return self.line(label, value, is_untrusted=bool(theirs))

    def line(self, label: str, value: str, *, is_untrusted: bool = False) -> list[str]:
        """A label and what stands behind it; further lines of untrusted input are marked."""
        mark = MARK if is_untrusted else ""
        if self.width < _TWO_COLUMNS:
            under = f"{self.margin}  {mark}"
            said = hanging(under, value, under, self.width)
            return [*hanging(self.margin, f"{label}:", self.margin, self.width), *said]
        begin = f"{self.margin}{label}{' ' * (self.column - cells(label))}"
        under = self.margin + " " * (self.column - len(mark)) + mark
        return hanging(begin, value, under, self.width)

    def say(self, text: str, begin: str = "", following: str | None = None) -> list[str]:
        """Words of ours."""
        under = self.margin + (following if following is not None else "")
        return hanging(self.margin + begin, text, under, self.width)

    def quote(self, text: str, margin: str = "  > ") -> list[str]:
        """Untrusted input of any length, every line behind a mark."""
        begin = self.margin + margin
        said = [plain_line(line) for line in clean_outgoing(text).split("\n")]
        return [line for one in said for line in hanging(begin, one, begin, self.width)]

    def whole(self, title: str) -> list[str]:
        """The names that were cut, as a whole, by their numbers."""
        lines = [] if not self.cut else ["", *self.say(title)]
        for number, (label, text) in enumerate(self.cut, start=1):
            lines += self.say(f"[{number}] {label}:", "  ", "  ")
            begin = f"{self.margin}    {MARK}"
            lines += hanging(begin, f'"{text}"', begin, self.width)
        return lines

    def entry(self, number: str, body: Mapping[str, Any]) -> list[str]:
        """An effect or a result: kind and plain values together, each other value on a line."""
        plain, other = [plain_line(str(body.get("kind", "")))], []
        for key, value in _leaves({k: v for k, v in body.items() if k != "kind"}):
            if _PLAIN.issuperset(value):
                plain.append(f"{key}={value}")
            else:
                other.append((key, value))
        begin = f"{self.margin}{number} "
        under = " " * cells(begin)
        lines = hanging(begin, " ".join(filter(None, plain)), f"{under}  {MARK}", self.width)
        for key, value in other:
            said = f'{key}="{plain_line(value)}"'
            lines += hanging(under, said, f"{under}  {MARK}", self.width)
        return lines

    def exact(self, text: str) -> list[str]:
        """Text as it is to the letter; what could pass for other text is written as its code."""
        begin = f"{self.margin}  {MARK}"
        visible = "".join(one if _is_plain_to_see(one) else json.dumps(one)[1:-1] for one in text)
        lines, room = [""], self.width - cells(begin)
        for letter in visible:
            if cells(lines[-1]) + cells(letter) > room:
                lines.append("")
            lines[-1] += letter
        return [begin + line for line in lines]

    def _quoted(self, label: str, text: str) -> str:
        plain = plain_line(text)
        if cells(plain) <= _MOST_OF_A_NAME:
            return f'"{plain}"'
        self.cut.append((label, plain))
        return f'"{_beginning(plain)}"…{_NO_BREAK}[{len(self.cut)}]'


def _beginning(text: str) -> str:
    """As much of a text as is shown before it is cut."""
    shown = ""
    for sign in _signs(text):
        if cells(shown) + cells(sign) > _MOST_OF_A_NAME:
            break
        shown += sign
    return shown.rstrip(" ")


def _leaves(value: Any, path: str = "", depth: int = 0) -> Iterator[tuple[str, str]]:
    """Every value of an effect by its place: `after.rates.1.role`; those that are there."""
    if isinstance(value, Mapping) and depth < _DEEPEST:
        for key, inner in value.items():
            yield from _leaves(inner, f"{path}.{key}" if path else str(key), depth + 1)
    elif isinstance(value, list) and depth < _DEEPEST:
        for number, inner in enumerate(value, start=1):
            yield from _leaves(inner, f"{path}.{number}", depth + 1)
    elif value is not None:
        text = value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)
        yield plain_line(path), text


def _is_plain_to_see(letter: str) -> bool:
    if letter.isascii():
        return letter.isprintable()
    return (
        letter.isprintable()
        and clean_outgoing(letter) == letter
        and unicodedata.category(letter)[0] != "M"
        and unicodedata.bidirectional(letter) not in ("R", "AL", "AN")
        and not is_quotation_mark(letter)
    )
