"""Custom fields: what may a workspace's hold? A JSON schema in a small closed vocabulary.

The schema is the workspace's own and the values come from agents, so neither may cost us more
than a moment, load anything, or come back to a reader inside an error.
"""

import json
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from itertools import islice
from typing import Any

from domain.kernel import text
from domain.kernel.faults import Fault, Kind

MAX_BYTES = 32 * 1024
MAX_DEPTH = 6

_MAX_INTEGER = 2**53 - 1  # what every JSON reader keeps exact (RFC 8259, section 6)
_MAX_TEXT = 10_000
_MOST_LISTED = 50
_MOST_PROBLEMS = 8  # then nothing is looked at any more
_MOST_SAID = 5
_FIELD_NAME = re.compile(r"[A-Za-z][A-Za-z0-9_]{0,63}")
_DRAFT = "https://json-schema.org/draft/2020-12/schema"
# No references (a schema cannot make us load or recurse), no patterns (a regular expression can
# run for hours), no combinations (their failures cannot be explained in a sentence).
_KEYWORDS = frozenset(
    {
        "$schema",
        "title",
        "description",
        "default",
        "type",
        "properties",
        "required",
        "additionalProperties",
        "enum",
        "const",
        "minimum",
        "maximum",
        "exclusiveMinimum",
        "exclusiveMaximum",
        "multipleOf",
        "minLength",
        "maxLength",
        "items",
        "minItems",
        "maxItems",
        "uniqueItems",
        "format",
    }
)
_FORMATS = ("date", "email")
_SENTENCES: Mapping[str, str] = {
    "minimum": "must be at least {}",
    "maximum": "must be at most {}",
    "exclusiveMinimum": "must be more than {}",
    "exclusiveMaximum": "must be less than {}",
    "multipleOf": "must be a multiple of {}",
    "minLength": "must have at least {} characters",
    "maxLength": "must have at most {} characters",
    "minItems": "must have at least {} items",
    "maxItems": "must have at most {} items",
    "uniqueItems": "must not repeat an item",
    "additionalProperties": "has fields that are not defined",
    "const": "must be the value defined for it",
    "format": "must be a valid {}",
}


@dataclass(frozen=True, slots=True, order=True)
class _Problem:
    """One thing that is wrong, and where: `path` is a JSON pointer, empty for the whole."""

    path: str
    problem: str


def check_custom_schema(schema: Mapping[str, Any]) -> None:
    """Whether a workspace may describe its custom fields with this schema (draft 2020-12).

    Raises Fault CUSTOM_SCHEMA_INVALID with all problems: `facts["problems"]` is a list of
    `{"path": JSON pointer, "problem": sentence}`.
    """
    problems = (
        _first(_size_problems(schema))
        or _first(_shape_problems(schema))
        or _first(_vocabulary_problems(schema))
        or _first(_metaschema_problems(schema))
    )
    if problems:
        raise Fault(
            "CUSTOM_SCHEMA_INVALID",
            Kind.INVALID,
            f"This schema cannot describe custom fields: {_said(problems)}.",
            f"Describe an object with these keywords only: {', '.join(sorted(_KEYWORDS))}.",
            _facts(problems),
        )


def check_custom_fields(schema: Mapping[str, Any], values: Mapping[str, Any]) -> dict[str, Any]:
    """The values as they are stored: a copy with its texts in NFC and stripped.

    `schema` has passed `check_custom_schema`. Fields that it does not define are refused, unless
    its `additionalProperties` let them in. At most 32 kB as JSON and 6 levels deep, numbers within
    2^53-1, no characters in texts that `kernel.text.block` refuses.

    Raises Fault CUSTOM_FIELDS_INVALID with the first eight problems: `facts["problems"]` is a list
    of `{"path": JSON pointer, "problem": sentence}`. Values and unknown field names are never
    repeated; a pointer has `*` in the place of a name that the schema does not define.
    """
    known = frozenset(_defined_names(schema))
    # Size comes first, since everything behind it takes as long as there is something to look at.
    problems = _first(_size_problems(values)) or _first(_shape_problems(values, known))
    stored: dict[str, Any] = {}
    if not problems:
        stored = _tidy(values)
        problems = _schema_problems(schema, stored, known)
    if problems:
        raise Fault(
            "CUSTOM_FIELDS_INVALID",
            Kind.INVALID,
            f"The custom fields do not fit their definition: {_said(problems)}.",
            f"The fields defined are: {', '.join(schema.get('properties', {})) or 'none'}.",
            _facts(problems),
        )
    return stored


def _first(found: Iterator[_Problem]) -> list[_Problem]:
    return list(islice(found, _MOST_PROBLEMS))


def _said(problems: Sequence[_Problem]) -> str:
    said = [f"{found.path or 'the object'} {found.problem}" for found in problems[:_MOST_SAID]]
    return "; ".join(said)


def _facts(problems: Sequence[_Problem]) -> dict[str, Any]:
    listed = [{"path": one.path, "problem": one.problem} for one in problems]
    return {"problems": listed, "count": len(problems)}


def _shape_problems(
    value: Any, known: frozenset[str] = _KEYWORDS, path: str = "", depth: int = 0
) -> Iterator[_Problem]:
    """What is wrong before any schema is asked: depth, kinds of value, characters."""
    if depth > MAX_DEPTH:
        yield _Problem(path, f"is nested deeper than {MAX_DEPTH} levels")
    elif isinstance(value, Mapping):
        for name, inner in value.items():
            step = f"{path}/{name if name in known else '*'}"
            for problem in _text_problems(name):
                yield _Problem(step, f"has a name that {problem}")
            yield from _shape_problems(inner, known, step, depth + 1)
    elif isinstance(value, list):
        for place, inner in enumerate(value):
            yield from _shape_problems(inner, known, f"{path}/{place}", depth + 1)
    elif isinstance(value, str):
        for problem in _text_problems(value):
            yield _Problem(path, problem)
    elif isinstance(value, bool) or value is None:
        return
    elif not isinstance(value, int | float) or not abs(value) <= _MAX_INTEGER:
        yield _Problem(path, "is not a number within 2^53-1")


def _text_problems(value: str) -> Iterator[str]:
    if not value.strip(" \t\r\n"):
        return  # an empty text is a value like any other here
    try:
        text.block(value, _MAX_TEXT)
    except ValueError as error:
        yield str(error)


def _size_problems(value: Any) -> Iterator[_Problem]:
    try:
        written = json.dumps(value, ensure_ascii=False, separators=(",", ":"))
        size = len(written.encode(errors="surrogatepass"))
    except (TypeError, ValueError, RecursionError):
        return  # what is no JSON has a problem of its shape
    if size > MAX_BYTES:
        yield _Problem("", f"is larger than {MAX_BYTES} bytes as JSON")


def _tidy(value: Any) -> Any:
    if isinstance(value, Mapping):
        return {name: _tidy(inner) for name, inner in value.items()}
    if isinstance(value, list):
        return [_tidy(inner) for inner in value]
    if isinstance(value, str):
        return text.block(value, _MAX_TEXT) if value.strip(" \t\r\n") else ""
    return value


def _vocabulary_problems(schema: Any, path: str = "") -> Iterator[_Problem]:
    """What a schema must not say although JSON Schema would let it."""
    if isinstance(schema, bool):
        if not path.endswith("/additionalProperties"):
            yield _Problem(path, "must be an object with a type")
        return
    if not isinstance(schema, Mapping):
        yield _Problem(path, "must be an object")
        return
    if not path and schema.get("type") != "object":
        yield _Problem(path, 'must have the type "object"')
    if not set(schema) <= _KEYWORDS:
        yield _Problem(path, "has keywords that are not allowed")
    if schema.get("$schema", _DRAFT) != _DRAFT:
        yield _Problem(f"{path}/$schema", f"must be {_DRAFT}")
    if schema.get("format", "date") not in _FORMATS:
        yield _Problem(f"{path}/format", f"must be one of {', '.join(_FORMATS)}")
    yield from _inner_vocabulary_problems(schema, path)


def _inner_vocabulary_problems(schema: Mapping[str, Any], path: str) -> Iterator[_Problem]:
    fields = schema.get("properties", {})
    if not isinstance(fields, Mapping):
        yield _Problem(f"{path}/properties", "must be an object")
        return
    required = schema.get("required", [])
    if not isinstance(required, list) or not all(map(_FIELD_NAME.fullmatch, map(str, required))):
        yield _Problem(f"{path}/required", "must list names of fields")
    elif not path and not schema.get("additionalProperties") and not set(required) <= set(fields):
        yield _Problem("/required", "must list fields that are defined, or no account could fit")
    for name, inner in fields.items():
        named = _FIELD_NAME.fullmatch(name) is not None
        step = f"{path}/properties/{name if named else '*'}"
        if not named:
            yield _Problem(step, "must be named with letters, digits and _, at most 64")
        yield from _vocabulary_problems(inner, step)
    for keyword in ("items", "additionalProperties"):
        if keyword in schema:
            yield from _vocabulary_problems(schema[keyword], f"{path}/{keyword}")


def _metaschema_problems(schema: Mapping[str, Any]) -> Iterator[_Problem]:
    from jsonschema import Draft202012Validator

    metaschema = Draft202012Validator(Draft202012Validator.META_SCHEMA)
    for error in metaschema.iter_errors(schema):
        pointer = "".join(f"/{step}" for step in error.absolute_path)
        yield _Problem(pointer, "does not follow JSON Schema")


def _schema_problems(
    schema: Mapping[str, Any], values: Mapping[str, Any], known: frozenset[str]
) -> list[_Problem]:
    kind = _checker()
    closed = {"additionalProperties": False, **_with_choices(schema)}
    checker = kind(closed, format_checker=kind.FORMAT_CHECKER)
    found: set[_Problem] = set()
    for error in islice(checker.iter_errors(values), _MOST_PROBLEMS):
        steps = [
            str(step) if isinstance(step, int) or step in known else "*"
            for step in error.absolute_path
        ]
        pointer = "".join(f"/{step}" for step in steps)
        found.add(_Problem(pointer, _sentence(error.validator, error.validator_value, error)))
    return sorted(found)


class _Choices(list[Any]):
    """The values of an `enum`, which know whether one is among them without a look at each."""

    def __init__(self, values: Sequence[Any]) -> None:
        super().__init__(values)
        self.texts = frozenset(map(_canonical, values))


def _with_choices(schema: Any) -> Any:
    if not isinstance(schema, Mapping):
        return schema
    inner = {
        key: _with_choices(schema[key])
        for key in ("items", "additionalProperties")
        if key in schema
    }
    if "properties" in schema:
        fields = schema["properties"]
        inner["properties"] = {name: _with_choices(field) for name, field in fields.items()}
    if "enum" in schema:
        inner["enum"] = _Choices(schema["enum"])
    return {**schema, **inner}


@cache
def _checker() -> Any:
    """JSON Schema, but no keyword compares everything with everything."""
    from jsonschema import Draft202012Validator, ValidationError, validators

    def unique(_: Any, wanted: bool, value: Any, schema: Mapping[str, Any]) -> Iterator[Any]:
        if not wanted or not isinstance(value, list):
            return
        if len(value) <= schema.get("maxItems", len(value)):
            texts = set(map(_canonical, value))
            if len(texts) < len(value):
                yield ValidationError("repeats an item")

    def one_of(_: Any, choices: _Choices, value: Any, _schema: object) -> Iterator[Any]:
        if _canonical(value) not in choices.texts:
            yield ValidationError("is none of them")

    return validators.extend(Draft202012Validator, {"uniqueItems": unique, "enum": one_of})


def _canonical(value: Any) -> str:
    """The same text for what JSON Schema calls equal: 1 is 1.0, and true is no number."""
    return json.dumps(_numbers_alike(value), sort_keys=True, separators=(",", ":"))


def _numbers_alike(value: Any) -> Any:
    if isinstance(value, float) and value.is_integer():
        return int(value)
    if isinstance(value, list):
        return [_numbers_alike(one) for one in value]
    if isinstance(value, Mapping):
        return {name: _numbers_alike(one) for name, one in value.items()}
    return value


def _sentence(keyword: str, wanted: Any, error: Any) -> str:
    if keyword == "required":
        missing = [name for name in wanted if name not in error.instance]
        return f"must have {', '.join(missing)}"
    if keyword == "type":
        return f"must be of type {' or '.join([wanted] if isinstance(wanted, str) else wanted)}"
    if keyword == "enum":
        return f"must be one of {', '.join(str(choice) for choice in wanted[:_MOST_LISTED])}"
    return _SENTENCES.get(keyword, "does not fit its definition").format(wanted)


def _defined_names(schema: Any) -> Iterator[str]:
    if not isinstance(schema, Mapping):
        return
    for name, inner in schema.get("properties", {}).items():
        yield name
        yield from _defined_names(inner)
    for keyword in ("items", "additionalProperties"):
        yield from _defined_names(schema.get(keyword))
