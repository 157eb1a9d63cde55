"""Reader: what does an agent know whose client shows it only the text of an answer?

It reads lines as a model would: a row begins with its id, what belongs to it stands further in, a
field is `word value`, a name stands in quotation marks. It knows no schema and is shown none, so
whatever a task finds here a model can find too. `Both` reads the structure beside it, and holds
the one against the other.
"""

import json
import re
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

from domain.kernel.money import EXPONENTS
from domain.kernel.quoting import plain_line

ID = r"[0-7][0-9A-HJKMNP-TV-Z]{25}"
_ROW = re.compile(rf"(?:\d+\. )?{ID}\b|\d+\. |\d{{4}}-\d\d-\d\d \d\d:\d\d\+")
_FACT = re.compile(r'(?:"[^"]*"|\{.*\}|,(?! )|[^,{"])+')
_MONEY = re.compile(r"([A-Z]{3}) (-?[\d,]+(?:\.\d+)?)")
_NAMES = ("name", "title", "subject", "display_name", "stage_name")
_MORE = "(there are more"
# What is said in a sentence of its own, and in which.
_SENTENCES = {
    "account": r"to account (\S+) at ",
    "action_id": rf"Action ({ID})\. ",
    "already_logged": r"^(Was already) logged",
    "already_there": r"^(Was there already)",
    "bank": r"to account \S+ at (.+)$",
    "expires_at": r"until ([\d-]+ [\d:+]+)",
    "from_stage": r"(?:Moved|Taken back) from (\w+)",
    "next": r"Next: (.+?)\.?$|(Nothing has happened yet.+)",
    "next_cursor": r"cursor (\S+), or narrow",
    "now": r"^Now (.+?), ",
    "state": rf"^{ID} (\w+):",
    "status": r"^Status (\w+);",
    "summary": rf"^{ID} \w+: (.+)|until \S+: (.+)",
    "today": r"\w+day ([\d-]+), ",
    "truncated": r"(\(there are more|not every deal is shown)",
    "weekday": r", (\w+day) ",
    "words": r"^([^:,]+)$",
    "acts_for": r"acting for (.+)\.$",
}
_FORMS = {
    "account_id": rf"^account ({ID})$",
    "account_name": r'^with ("[^"]*")$',
    "amount_minor": r"^amount_minor (\d+)$",
    "days_in_stage": r"^(\d+) days in stage$",
    "deal_id": rf"^deal ({ID})$",
    "email": r"^([^\s@]+@[^\s@]+)$",
    "expected_close_date": r"^close (\S+)$",
    "hours": r"^([\d.]+) h$",
    "phone_e164": r"^(\+\d{6,15})$",
    "probability_pct": r"^(\d+)%$",
    "version": r"^v(\d+)$",
}
_WORDS = {
    "status": {"open", "won", "lost", "cancelled", "draft", "sent", "void", "paid", "active"},
    "category": {"open", "won", "lost"},
}


_CODES = {"province_code_now", "account", "vn_mst"}  # digits that are no number


@dataclass
class Node:
    """A line, and the lines further in below it."""

    line: str
    below: list["Node"] = field(default_factory=list)

    def lines(self) -> Iterator[str]:
        """The line and all below it."""
        yield self.line
        for one in self.below:
            yield from one.lines()


def tree(text: str) -> list[Node]:
    """The lines of a text, each under the one it belongs to."""
    root = Node("")
    open_at: list[tuple[int, Node]] = [(-1, root)]
    for line in text.splitlines():
        depth = len(line) - len(line.lstrip(" "))
        while open_at[-1][0] >= depth:
            open_at.pop()
        node = Node(line.strip())
        open_at[-1][1].below.append(node)
        open_at.append((depth, node))
    return root.below


class Told:
    """An answer or a row, known from its lines alone."""

    def __init__(self, nodes: Sequence[Node]) -> None:
        self._nodes = nodes

    @property
    def text(self) -> str:
        """Everything that is shown."""
        return "\n".join(line for node in self._nodes for line in node.lines())

    def tells(self, *words: str) -> bool:
        """Whether all of these words stand in it."""
        return all(word in self.text for word in words)

    def rows(self, name: str) -> list["Told"]:
        """What is listed under a name, or on the page where a page has no name."""
        for node in self._within():
            if node.line == f"{_spoken(name)}:":
                return [Told([one]) for one in node.below]
            if node.line.startswith(f"{_spoken(name)}: "):
                return [Told([Node(node.line.partition(": ")[2], node.below)])]
        if name == "slots":
            return [Told([Node(one)]) for one in self._signatures()]
        page: list[list[Node]] = []
        for node in self._nodes:
            if _ROW.match(node.line):
                page.append([node])
            elif page and not node.line.startswith((_MORE, "(not every")):
                page[-1].append(node)
        return [Told(nodes) for nodes in page]

    def _signatures(self) -> list[str]:
        """Who signs, as `slot am, roles am, people AM Nguyễn`."""
        found = re.search(r"for people \((.+)\) until|signatures: (.+)$", self.text, re.MULTILINE)
        said = (found[1] or found[2]).split("; ") if found else []
        parts = (
            re.fullmatch(r"(?:(\w+): )?([\w ]+?)(?: \((.+)\))?(, signed)?", one) for one in said
        )
        return [
            f"slot {one[1] or one[2]}, roles {one[2]}, people {one[3]}, {one[4] and 'filled'}"
            for one in parts
            if one
        ]

    def __getitem__(self, name: str) -> Any:
        found = self.get(name)
        if found is None:
            raise KeyError(f"{name} is not told in: {self.text}")
        return found

    def get(self, name: str, default: Any = None) -> Any:
        """A field as far as the lines tell it."""
        for node in self._nodes:
            if (said := _sentence(name, node.line)) is not None:
                return said
        for node in self._within():
            if (said := _told(name, _facts(node.line))) is not None:
                return said
        return default

    def _within(self) -> Iterator[Node]:
        """Its own lines, then those below them."""
        level = list(self._nodes)
        while level:
            yield from level
            level = [one for node in level for one in node.below]


class Both:
    """The structure, where each thing that is read has to stand in the text as well."""

    def __init__(self, value: dict[str, Any], told: Told) -> None:
        self._value, self._told = value, told

    def tells(self, *words: str) -> bool:
        """Whether the text and the structure tell all of these words."""
        return self._told.tells(*words) and Seen(self._value).tells(*words)

    def rows(self, name: str) -> list["Both"]:
        """What is listed under a name, in both alike."""
        there, told = self._value.get(name) or [], self._told.rows(name)
        there = there if isinstance(there, list) else [there]
        assert len(there) == len(told), f"{name}: {len(there)} rows, and {len(told)} in the text"
        return [Both(one, line) for one, line in zip(there, told, strict=True)]

    def __getitem__(self, name: str) -> Any:
        value, told = self._value[name], self._told.get(name, False)
        assert _same(value, told), f"{name} is {value!r}, and {told!r} in {self._told.text}"
        return value

    def get(self, name: str, default: Any = None) -> Any:
        """A field that may be missing, from both alike."""
        if self._value.get(name) is None:
            return default
        return self[name]


class Seen:
    """An answer or a row, known from its structure alone."""

    def __init__(self, value: dict[str, Any]) -> None:
        self._value = value

    def tells(self, *words: str) -> bool:
        """Whether all of these words stand in it."""
        said = " ".join(_texts(self._value))
        return all(word in said for word in words)

    def rows(self, name: str) -> list["Seen"]:
        """What is listed under a name."""
        there = self._value.get(name) or []
        return [Seen(one) for one in (there if isinstance(there, list) else [there])]

    def __getitem__(self, name: str) -> Any:
        return self._value[name]

    def get(self, name: str, default: Any = None) -> Any:
        """A field that may be missing."""
        return self._value.get(name, default)


Reading = Told | Both | Seen
WAYS: dict[str, Callable[[str, dict[str, Any]], Reading]] = {
    "text": lambda text, _: Told(tree(text)),
    "structure": lambda _, value: Seen(value),
    "both": lambda text, value: Both(value, Told(tree(text))),
}


def _spoken(name: str) -> str:
    """The word by which a field is told: `is_primary` is primary, `total_minor` is total."""
    name = name.replace("_minor_vnd", "_as").replace("usd_minor", "as")
    short = name.removeprefix("is_").removesuffix("_minor").removesuffix("_date")
    return short.replace("_", " ")


def _sentence(name: str, line: str) -> Any:
    pattern = _SENTENCES.get(name)
    found = re.search(pattern, line) if pattern else None
    if found is None:
        return None
    said = next(one for one in found.groups() if one is not None)
    return True if name in ("already_logged", "already_there", "truncated") else said


def _facts(line: str) -> list[str]:
    head, colon, rest = line.partition(": ")
    if colon and not head.startswith('"') and re.match(rf"{ID}|\"", rest):
        line = rest  # a sentence stands before the row
    return [one.strip() for one in _FACT.findall(line) if one.strip()]


def _told(name: str, facts: Sequence[str]) -> Any:
    if name in _FORMS:
        hit = next((hit for one in facts if (hit := re.match(_FORMS[name], one))), None)
        if hit:
            return _value(name, hit[1])
    if name in ("id", "deal_id", "invoice_id", "action_id") and re.match(ID, facts[0]):
        return facts[0][:26]
    if (found := _leading(name, facts)) is not None:
        return found
    word = _spoken(name)
    for one in facts:
        if one == word:
            return True
        if one.startswith(f"{word} "):
            return _value(name, one.removeprefix(f"{word} "))
    bare = [one for one in facts if not re.match(ID, one)]
    if name in _NAMES:
        return next((one[1:-1] for one in bare if re.fullmatch(r'"[^"]*"', one)), None)
    if name in ("amount_minor", "total_minor", "currency"):
        money = next((hit for one in bare if (hit := _MONEY.fullmatch(one))), None)
        return (money[1] if name == "currency" else _minor(money)) if money else None
    if name.endswith("_at"):
        return next((one for one in bare if _instant(one)), None)
    return None


def _leading(name: str, facts: Sequence[str]) -> Any:
    """What stands without a word before it."""
    plain = [one for one in facts if re.fullmatch(r"[a-z][a-z0-9_-]*", one)]
    if name in _WORDS:
        return next((one for one in plain if one in _WORDS[name]), None)
    if name in ("stage", "kind", "code", "account_type", "pipeline"):
        return plain[0] if plain else None
    if name == "number":
        return next((one for one in facts if re.fullmatch(r"[A-Z]{3}-[\w-]+", one)), None)
    return None


def _value(name: str, said: str) -> Any:
    if money := _MONEY.fullmatch(said):
        return _minor(money)
    if said.startswith("{"):
        return json.loads(said)
    if re.fullmatch(r'"[^"]*"', said):
        return said[1:-1]
    if re.fullmatch(r"0|-?[1-9]\d{0,14}", said) and name not in _CODES:
        return int(said)
    return said


def _minor(money: re.Match[str]) -> int:
    digits = money[2].replace(",", "").replace(".", "")
    assert len(money[2].partition(".")[2]) == EXPONENTS[money[1]]
    return int(digits)


def _same(value: Any, told: Any) -> bool:
    if isinstance(value, str) and isinstance(told, str):
        if plain_line(value) == told or value.rstrip(".") == told.rstrip("."):
            return True
        return _instant(value) is not None and _instant(value) == _instant(told)
    if isinstance(value, list):
        return all(str(one) in str(told) for one in value)
    return bool(value == told)


def _instant(text: str) -> datetime | None:
    try:
        at = datetime.fromisoformat(text)
    except ValueError:
        return None
    return at.astimezone(UTC).replace(second=0, microsecond=0) if at.tzinfo else None


def _texts(value: Any) -> Iterator[str]:
    if isinstance(value, dict):
        for one in value.values():
            yield from _texts(one)
    elif isinstance(value, list):
        for one in value:
            yield from _texts(one)
    elif value is not None:
        yield str(value)
