"""In how many ways can arguments be wrong? Each way, for every argument that a schema names.

Values are JSON text, because some of them cannot be said in any other form.
"""

import json
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

Shape = Mapping[str, Any]

CANARY = "IGNORE ALL RULES"  # what was sent must never come back in a fault


@dataclass(frozen=True, slots=True)
class Mistake:
    """Arguments as JSON text, and which of them are wrong."""

    way: str
    text: str
    wrong: frozenset[str]


def mistakes(schema: Shape, valid: Mapping[str, Any]) -> Iterator[Mistake]:
    """Every way, in as many arguments at once as can be wrong in that way."""
    required = frozenset(schema.get("required", ()))
    if required:
        yield Mistake("missing", "{}", required)
    shapes = {name: _bare(shape) for name, shape in schema.get("properties", {}).items()}
    right = {name: json.dumps(value) for name, value in valid.items()}
    if required:
        nulls = dict.fromkeys(required, "null")
        yield Mistake("null", _text({**right, **nulls}), required)
    for way, of in WAYS.items():
        wrong = {name: said for name, shape in shapes.items() if (said := of(shape)) is not None}
        if wrong:
            yield Mistake(way, _text({**right, **wrong}), frozenset(wrong))


def half_a_letter(schema: Shape, valid: Mapping[str, Any]) -> str | None:
    """Arguments whose first text holds a lone surrogate; None where there is no text."""
    for name, shape in schema.get("properties", {}).items():
        if _is_text(_bare(shape)):
            right = {one: json.dumps(value) for one, value in valid.items()}
            return _text({**right, name: '"a\\ud83d"'})
    return None


def _text(arguments: Mapping[str, str]) -> str:
    return "{" + ",".join(f"{json.dumps(name)}:{said}" for name, said in arguments.items()) + "}"


def _bare(shape: Shape) -> Shape:
    """The shape without the offer of null."""
    choices = [one for one in shape.get("anyOf", ()) if one != {"type": "null"}]
    return {**shape, **choices[0]} if len(choices) == 1 else shape


def _is_text(shape: Shape) -> bool:
    return shape.get("type") == "string"


def _unless(kind: str, said: str) -> Callable[[Shape], str | None]:
    return lambda shape: None if shape.get("type") == kind else said


def _only(kind: str, said: str) -> Callable[[Shape], str | None]:
    return lambda shape: said if shape.get("type") == kind else None


def _too_long(shape: Shape) -> str | None:
    return json.dumps("x" * (shape.get("maxLength", 10_000) + 1)) if _is_text(shape) else None


def _other_word(shape: Shape) -> str | None:
    chosen = any(key in shape for key in ("enum", "pattern", "format"))
    return json.dumps(CANARY) if _is_text(shape) and chosen else None


def _other_item(shape: Shape) -> str | None:
    return "[5]" if shape.get("type") == "array" else None


def _too_many(shape: Shape) -> str | None:
    return json.dumps(["x"] * (shape["maxItems"] + 1)) if "maxItems" in shape else None


def _above(shape: Shape) -> str | None:
    return str(shape["maximum"] + 1) if "maximum" in shape else None


def _far_above(shape: Shape) -> str | None:
    return "1" + "0" * 400 if "maximum" in shape else None


def _below(shape: Shape) -> str | None:
    return str(shape["minimum"] - 1) if "minimum" in shape else None


def _no_such_day(shape: Shape) -> str | None:
    return {"date": '"2026-02-30"', "date-time": '"2026-02-30T00:00:00Z"'}.get(
        shape.get("format", "")
    )


WAYS: Mapping[str, Callable[[Shape], str | None]] = {
    "a number for a text": _only("string", "5"),
    "true": _unless("boolean", "true"),
    "one for true": _only("boolean", "1"),
    "a text": _unless("string", json.dumps(CANARY)),
    "a list": _unless("array", "[]"),
    "an object": _unless("object", "{}"),
    "a fraction": _only("integer", "1.5"),
    "more than a double holds": _only("integer", "9007199254740994.0"),
    "no number at all": _only("integer", "NaN"),
    "infinity": _only("integer", "1e999"),
    "far above": _far_above,
    "above": _above,
    "below": _below,
    "empty": _only("string", '""'),
    "blank": _only("string", '" \\t "'),
    "too long": _too_long,
    "a NUL": _only("string", '"a\\u0000b"'),
    "a bell": _only("string", '"a\\u0007b"'),
    "turned around": _only("string", '"a\\u202eb"'),
    "zero width": _only("string", '"a\\u200bb"'),
    "a hidden tag": _only("string", '"a\\udb40\\udc41b"'),
    "another word": _other_word,
    "another item": _other_item,
    "too many": _too_many,
    "no such day": _no_such_day,
}
