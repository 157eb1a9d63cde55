"""Typed arguments: what somebody typed as `key=value` becomes what the tool's schema wants.

    key=text          text, a whole number, true or false, a list a,b or JSON, as the schema says
    key:=JSON         exactly this JSON
    key=@FILE         the text of a file; `key:=@FILE` its JSON

Nothing is judged here: what does not look like the type that is wanted goes on as the text it is,
and the gate says what is wrong with all arguments at once.
"""

import re
from collections.abc import Iterator, Mapping, Sequence
from contextlib import suppress
from pathlib import Path
from typing import Any

from domain.kernel.faults import Fault, Kind
from server import strict_json

LARGEST_FILE = 1024 * 1024
_TYPED = re.compile(r"([A-Za-z_][A-Za-z0-9_]{0,63})(:?=)(.*)", re.DOTALL)
_WHOLE = re.compile(r"-?(0|[1-9][0-9]{0,18})")
_NUMBER = re.compile(r"-?(0|[1-9][0-9]{0,18})(\.[0-9]{1,18})?")

Schema = Mapping[str, Any]


def read(typed: Sequence[str], schema: Schema) -> dict[str, Any]:
    """Arguments for a tool with this input schema; ARGUMENT_INVALID, FILE_UNREADABLE."""
    given: dict[str, Any] = {}
    properties = schema.get("properties", {})
    for place, one in enumerate(typed, start=1):
        match = _TYPED.fullmatch(one)
        if match is None:
            raise _invalid(place, "is not key=value or key:=JSON")
        name, sign, text = match.groups()
        if name in given:
            raise _invalid(place, f"gives {name} again")
        if text.startswith("@"):
            text = _content(Path(text[1:]))
        if sign == "=":
            given[name] = _as_wanted(text, properties.get(name, {}), schema)
            continue
        try:
            given[name] = strict_json.loads(text)
        except ValueError:
            raise _invalid(place, f"({name}) is not JSON") from None
    return given


def types(wanted: Schema, root: Schema) -> frozenset[str]:
    """The JSON types that a schema allows, by their names in JSON Schema."""
    return frozenset(str(one["type"]) for one in _alternatives(wanted, root) if "type" in one)


def item_of(wanted: Schema, root: Schema) -> Schema:
    """The schema of what a list holds; empty if it may hold anything."""
    lists = (one for one in _alternatives(wanted, root) if one.get("type") == "array")
    found: Schema = next(lists, {}).get("items", {})
    return found


def _alternatives(wanted: Schema, root: Schema) -> Iterator[Schema]:
    """The schema itself, or those it is made of."""
    reference = str(wanted.get("$ref", ""))
    if reference.startswith("#/$defs/"):
        yield from _alternatives(root["$defs"][reference.removeprefix("#/$defs/")], root)
    for word in ("anyOf", "oneOf", "allOf"):
        for one in wanted.get(word, ()):
            yield from _alternatives(one, root)
    yield wanted


def _as_wanted(text: str, wanted: Schema, root: Schema) -> Any:
    allowed = types(wanted, root)
    if not allowed or "string" in allowed:
        return text
    if "integer" in allowed and _WHOLE.fullmatch(text):
        return int(text)
    if "number" in allowed and _NUMBER.fullmatch(text):
        return strict_json.loads(text)
    if "boolean" in allowed and text in {"true", "false"}:
        return text == "true"
    if text[:1] in {"[", "{"} and allowed & {"array", "object"}:
        with suppress(ValueError):
            return strict_json.loads(text)
    if "array" in allowed:
        item = item_of(wanted, root)
        return [_as_wanted(one.strip(), item, root) for one in text.split(",") if one.strip()]
    return None if "null" in allowed and text == "null" else text


def _content(file: Path) -> str:
    try:
        with file.open("rb") as opened:
            content = opened.read(LARGEST_FILE + 1)
        text = content.decode("utf-8-sig")
    except (OSError, ValueError):
        raise _unreadable() from None
    if len(content) > LARGEST_FILE:
        raise _unreadable()
    return text.removesuffix("\n").removesuffix("\r")


def _invalid(place: int, problem: str) -> Fault:
    return Fault(
        "ARGUMENT_INVALID",
        Kind.INVALID,
        f"Argument {place} {problem}.",
        "`cyberos call TOOL --help` shows the arguments; name=text, name:=JSON, name=@FILE.",
    )


def _unreadable() -> Fault:
    return Fault(
        "FILE_UNREADABLE",
        Kind.INVALID,
        f"A file of an argument cannot be read, is no UTF-8 or above {LARGEST_FILE} bytes.",
        "text that begins with @ is given as JSON: name:='\"@...\"'.",
    )
