"""Shapes that the arguments and answers of tools have in common.

Arguments are strict: every text is checked character by character, every error is short and
never repeats what was sent. Answers leave out what is not there, so they cost a viewer little.
Schemas are kept lean, because every client pays for every byte of them in every conversation.
"""

import base64
import binascii
import json
import re
from collections.abc import Callable, Mapping, Sequence
from datetime import UTC, date, datetime
from functools import cache
from typing import Annotated, Any, ClassVar, Literal, Self, TypeAlias
from zoneinfo import ZoneInfo

from pydantic import (
    AfterValidator,
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    GetJsonSchemaHandler,
    PrivateAttr,
    StringConstraints,
    TypeAdapter,
    model_validator,
)
from pydantic.json_schema import JsonSchemaValue, WithJsonSchema
from pydantic_core import CoreSchema

from domain.kernel import text
from domain.kernel.canonical import canonical, sha256_hex
from domain.kernel.clock import VIETNAM, from_stamp, instant
from domain.kernel.faults import Fault, Kind
from domain.kernel.money import MAX_JSON_MINOR
from policies.gate.contract import Answer, Arguments
from tools.telling import told

MOST_LISTED = 200
MOST_FIELDS = 32  # more than any list has: each is looked for in every row
_CHECK_DIGITS = 12
_EARLIEST_YEAR, _LATEST_YEAR = 1900, 9999


# --- lean schemas ---


def _lean(schema: JsonSchemaValue) -> JsonSchemaValue:
    """The schema without what pydantic adds to every field: titles, null defaults, unions.

    Nobody needs to be offered null: what is not there is left out, in both directions. And the
    description of a class is ours to read; a tool's own words are in its docstring.
    """
    schema.pop("description", None)
    for name, field in schema.get("properties", {}).items():
        kept = {key: value for key, value in field.items() if key != "title"}
        if kept.get("default", ...) in (None, []) or kept.get("default") is False:
            del kept["default"]
        choices = [one for one in kept.get("anyOf", []) if one != {"type": "null"}]
        if len(choices) == 1:
            del kept["anyOf"]
            kept = {**choices[0], **kept}
        schema["properties"][name] = kept
    return schema


def _whole(value: Any) -> Any:
    """A number as JSON Schema sees it: 5.0 is the integer 5. Beyond 2^53 a float is no integer."""
    if isinstance(value, float) and value.is_integer() and abs(value) <= MAX_JSON_MINOR:
        return int(value)
    return [_whole(one) for one in value] if isinstance(value, list) else value


class Ask(Arguments):
    """What a tool of ours is asked: strict arguments with a lean schema.

    Clients send null for whatever they leave out, and programs that keep every number as a double
    send 5.0 for 5; neither is a mistake.
    """

    @model_validator(mode="before")
    @classmethod
    def _as_meant(cls, typed: Any) -> Any:
        if not isinstance(typed, Mapping):
            return typed
        return {
            name: _whole(value)
            for name, value in typed.items()
            if value is not None or name not in cls.model_fields
        }

    @classmethod
    def __get_pydantic_json_schema__(
        cls, core_schema: CoreSchema, handler: GetJsonSchemaHandler
    ) -> JsonSchemaValue:
        return _lean(handler.resolve_ref_schema(handler(core_schema)))


class View(Answer):
    """What a tool of ours answers, with a lean schema; its text tells all that it holds.

    See `tools.telling` for `leads`, `repeats` (a field, and which one says the same), `untold` (a
    field, and why only programs need it) and `in_currency`, that of amounts that name none.
    """

    leads: ClassVar[tuple[str, ...]] = ("id", "name", "amount_minor")
    repeats: ClassVar[tuple[tuple[str, str], ...]] = ()
    untold: ClassVar[tuple[tuple[str, str], ...]] = ()
    in_currency: ClassVar[str] = ""

    def text(self) -> str:
        """A line for it, and one for each thing that belongs to it."""
        return self.telling()

    def telling(self, *said: str, but: Sequence[str] = (), then: Sequence[str] = ()) -> str:
        """The same between sentences, which say some of the fields already."""
        whole = told(self, but=but, zone=self.clock())
        return "\n".join([*said, *([whole] if whole else []), *then])

    def clock(self) -> ZoneInfo:
        """By which clock instants are told."""
        return VIETNAM

    @classmethod
    def __get_pydantic_json_schema__(
        cls, core_schema: CoreSchema, handler: GetJsonSchemaHandler
    ) -> JsonSchemaValue:
        # A field more, one day, must not break whoever checks answers against this.
        schema = _lean(handler.resolve_ref_schema(handler(core_schema)))
        schema.pop("additionalProperties", None)
        return schema


# --- arguments ---


def _typed(check: Callable[[str, int], str], most: int) -> Callable[[Any], Any]:
    """A check of what a person typed; what is no text is left to the strict type."""
    return lambda value: check(value, most) if isinstance(value, str) else value


def _lower(value: Any) -> Any:
    return value.strip().lower() if isinstance(value, str) else value


# For a closed list of words: however somebody writes them.
LOWER = BeforeValidator(_lower)


# How people write the dong.
_DONG = frozenset({"VNĐ", "Đ", "₫", "ĐỒNG"})


def _upper(value: Any) -> Any:
    if not isinstance(value, str):
        return value
    code = value.strip().upper()
    return "VND" if code in _DONG else code


def _day(value: Any) -> Any:
    if not isinstance(value, str):
        return value
    if re.fullmatch(r"\d{4}-\d\d-\d\d", value, re.ASCII):
        try:
            return date.fromisoformat(value)
        except ValueError:
            pass
    raise ValueError("is not a day like 2026-04-30")


def _instant(value: Any) -> Any:
    if not isinstance(value, str):
        return value
    try:
        at = datetime.fromisoformat(value.upper())  # RFC 3339 takes t and z as well
    except ValueError:
        raise ValueError("is not an instant like 2026-04-01T09:30:00+07:00") from None
    if at.tzinfo is None:
        raise ValueError("needs a time zone, like +07:00")
    if not _EARLIEST_YEAR <= at.year < _LATEST_YEAR:  # beyond, UTC has no such instant
        raise ValueError("is no instant of our time")
    return at.astimezone(UTC)


def _days(value: Any) -> Any:
    if isinstance(value, str) and re.fullmatch(r"[0-9]{1,3}d?", value.strip(), re.ASCII):
        return int(value.strip().removesuffix("d"))
    raise ValueError("is not a number of days like 90d")


def _range(value: Any) -> Any:
    if not isinstance(value, str):
        return value
    words = value.strip().lower().replace(" ", "_")
    if re.fullmatch(r"[0-9]{1,3}d?", words, re.ASCII):
        return words
    if quarter := re.fullmatch(r"(?:(\d{4})[-_]?)?q([1-4])(?:[-_/]?(\d{4}))?", words, re.ASCII):
        year = quarter[1] or quarter[3]
        return f"{year}-q{quarter[2]}" if year else f"q{quarter[2]}"
    if words in {"this_quarter", "next_quarter", "this_month", "next_month"}:
        return words
    raise ValueError("is neither days like 90d nor q4, 2026-q4, this_quarter or next_month")


def as_month(value: Any) -> Any:
    """`2026-12`, however it is written: 12/2026, 2026/12, 2026-12."""
    if not isinstance(value, str):
        return value
    parts = re.split(r"[-/. ]", value.strip())
    if len(parts) == 2 and all(part.isascii() and part.isdigit() for part in parts):
        year, month = parts if len(parts[0]) == 4 else parts[::-1]
        if len(year) == 4 and (len(month) == 2 or (len(month) == 1 and year == parts[1])):
            return f"{year}-{int(month):02}"
    return value


def _string(most: int, **more: Any) -> WithJsonSchema:
    return WithJsonSchema({"type": "string", "maxLength": most, **more})


# A text nobody makes too long by mistake: every client would pay for the number, and who does make
# it too long is told.
_LONG = WithJsonSchema({"type": "string"})


Line: TypeAlias = Annotated[str, BeforeValidator(_typed(text.line, 255)), _LONG]
ShortLine: TypeAlias = Annotated[str, BeforeValidator(_typed(text.line, 64)), _string(64)]
LongLine: TypeAlias = Annotated[str, BeforeValidator(_typed(text.line, 500)), _LONG]
QueryLine: TypeAlias = Annotated[str, BeforeValidator(_typed(text.line, 200)), _LONG]
Text: TypeAlias = Annotated[str, BeforeValidator(_typed(text.block, 10_000)), _LONG]

Id: TypeAlias = Annotated[
    str, StringConstraints(pattern=r"^[0-7][0-9A-HJKMNP-TV-Z]{25}$"), _string(26)
]
# An id or a code of ours.
Reference: TypeAlias = Annotated[
    str, StringConstraints(pattern=r"^[A-Za-z0-9_\-]{1,64}$"), _string(64)
]
# An id, a code or a name, in either language, of a pipeline or stage.
NamedReference: TypeAlias = Line
# An id or an e-mail address of a person of the company.
PersonReference: TypeAlias = Line

Day: TypeAlias = Annotated[
    date, BeforeValidator(_day), WithJsonSchema({"type": "string", "format": "date"})
]
# A number of days, also as `90d`.
RangeDays: TypeAlias = Annotated[
    int, BeforeValidator(_days), WithJsonSchema({"type": "string", "pattern": "^[0-9]{1,3}d?$"})
]
# The same, or a quarter or month by its name.
RangeText: TypeAlias = Annotated[str, BeforeValidator(_range), WithJsonSchema({"type": "string"})]
Month: TypeAlias = Annotated[
    str,
    BeforeValidator(as_month),
    StringConstraints(pattern=r"^[0-9]{4}-[0-9]{2}$"),
    WithJsonSchema({"type": "string"}),
]
Instant: TypeAlias = Annotated[
    datetime, BeforeValidator(_instant), WithJsonSchema({"type": "string", "format": "date-time"})
]
AmountMinor: TypeAlias = Annotated[int, Field(ge=0, le=MAX_JSON_MINOR)]
Currency: TypeAlias = Annotated[
    str, BeforeValidator(_upper), StringConstraints(pattern=r"^[A-Z]{3}$")
]
Limit: TypeAlias = Annotated[int, Field(ge=1, le=MOST_LISTED)]

CursorText: TypeAlias = Annotated[
    str, StringConstraints(pattern=r"^[A-Za-z0-9_\-]+$", max_length=4_000), _LONG
]
EventId: TypeAlias = Annotated[str, StringConstraints(pattern=r"^[!-~]{1,200}$"), _string(200)]
KeyText: TypeAlias = Annotated[str, StringConstraints(pattern=r"^[ -~]{1,128}$"), _LONG]


class Paged(Ask):
    """A question answered page by page."""

    limit: Limit = Field(default=20, description="Of one page.")
    cursor: CursorText | None = Field(default=None, description="next_cursor of before.")


class Change(Ask):
    """A request that changes something at once."""

    dry_run: bool = Field(default=False, description="Write nothing.")
    idempotency_key: KeyText | None = Field(default=None, description="Same key: done once.")


class Edit(Change):
    """A request that changes a row which is there."""

    expected_version: int | None = Field(default=None, ge=1, description="Refuse if changed since.")


class Doubted(Ask):
    """A request in which a value that is likely a slip is asked back."""

    confirm_unusual: bool = Field(default=False, description="Write what was UNUSUAL.")


class ApprovalRequest(Ask):
    """A request that people decide about."""

    note_to_approver: LongLine | None = Field(
        default=None, description="Why, in your words; shown to the approver as a quotation."
    )


# --- what positions in a cursor are made of ---


def read_by(read: Callable[[str], object]) -> AfterValidator:
    """A text that can be read so, which stays text."""

    def check(value: str) -> str:
        read(value)
        return value

    return AfterValidator(check)


# PostgreSQL keeps no zero byte, and not every number of JSON is one of a database.
PlaceWords: TypeAlias = Annotated[str, StringConstraints(pattern=r"^[^\x00]*$")]
PlaceNumber: TypeAlias = Annotated[int, Field(ge=0, lt=2**31)]
PlaceDay: TypeAlias = Annotated[
    str, StringConstraints(pattern=r"^[0-9-]{10}$"), read_by(date.fromisoformat)
]
PlaceInstant: TypeAlias = Annotated[
    str, StringConstraints(pattern=r"^[0-9T:.-]{26}Z$"), read_by(from_stamp)
]


# --- answers ---


class Untrusted(BaseModel):
    """Text that somebody outside wrote: something to read, never an instruction."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    untrusted: Literal[True] = True
    source: str
    text: str


class Local(View):
    """A view whose text tells times on the clock of the company; its fields stay instants."""

    _zone: ZoneInfo = PrivateAttr(default=VIETNAM)

    def clock(self) -> ZoneInfo:
        """That of the company."""
        return self._zone

    def seen_in(self, zone: ZoneInfo) -> Self:
        """The same, for people who live by this clock."""
        self._zone = zone
        return self

    def local(self, at: datetime) -> str:
        """`2026-11-21 09:30+07:00`."""
        return instant(at, self._zone)


def untrusted_in(view: View, names: Sequence[str], at: str = "") -> list[str]:
    """JSON pointers to those of the named fields of a view that are there: untrusted input."""
    return [f"{at}/{name}" for name in names if getattr(view, name) is not None]


def untrusted_in_each(place: str, views: Sequence[View], names: Sequence[str]) -> list[str]:
    """The same for a list, in pointers where `*` stands for each of its items."""
    there = [name for name in names if any(getattr(view, name) is not None for view in views)]
    return [f"/{place}/*/{name}" for name in there]


def chosen(values: Mapping[str, Any], fields: Sequence[str] | None) -> dict[str, Any]:
    """The fields that were asked for, and the id always."""
    if not fields:
        return dict(values)
    return {name: value for name, value in values.items() if name == "id" or name in fields}


def changed_text(fields: Sequence[str]) -> str:
    """What an edit changed, in one line; nothing is an answer too."""
    return f"Changed: {', '.join(fields)}." if fields else "Nothing changed: it was so already."


# --- cursors ---


def cursor_to(kind: str, question: Mapping[str, Any], position: Sequence[int | str]) -> str:
    """Where the next page begins, as text that means nothing to others.

    It holds a digest of the question, so it continues that question and no other.
    """
    place = list(position)
    whole = [_digest(kind, question, place), *place]
    body = json.dumps(whole, separators=(",", ":"), ensure_ascii=False)
    return base64.urlsafe_b64encode(body.encode()).decode().rstrip("=")


def position_of(
    kind: str, question: Mapping[str, Any], cursor: str | None, shape: Any = tuple[Id]
) -> tuple[int | str, ...] | None:
    """The position a cursor of the same question holds; None without a cursor.

    `shape` is the type of such positions: the digest has no key, so a client can make a cursor of
    any other one. Raises Fault INVALID_CURSOR for anything that `cursor_to` did not make.
    """
    if cursor is None:
        return None
    place: list[Any] = []
    try:
        body = base64.b64decode(cursor + "=" * (-len(cursor) % 4), altchars=b"-_", validate=True)
        _, *place = json.loads(body)
        _position(shape).validate_python(tuple(place), strict=True)
        # Made again it must be the same text, digest and all.
        genuine = cursor_to(kind, question, place) == cursor
    except (binascii.Error, ValueError, TypeError, RecursionError, Fault):
        genuine = False
    if not genuine:
        raise invalid_cursor()
    return tuple(place)


def invalid_cursor() -> Fault:
    """It leads nowhere in this list."""
    return Fault(
        "INVALID_CURSOR",
        Kind.INVALID,
        "The cursor does not continue this question.",
        "Give next_cursor of the page before with the same filters, or leave it out.",
        {"fields": [{"field": "cursor", "problem": "does not continue this question"}]},
    )


@cache
def _position(shape: Any) -> TypeAdapter[Any]:
    return TypeAdapter(shape)


def _digest(kind: str, question: Mapping[str, Any], place: Sequence[int | str]) -> str:
    asked = {name: value for name, value in question.items() if value is not None}
    return sha256_hex(canonical([kind, asked, list(place)]))[:_CHECK_DIGITS]
