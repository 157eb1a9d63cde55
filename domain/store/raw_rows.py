"""Raw rows: what are the bytes of a chained row, as the driver gives it to the offline verifier?

No value passes through the types of the models: what somebody mangled behind the program is a
finding with a place and not an error. Pages follow the primary key.
"""

import json
import re
from collections.abc import AsyncIterator, Callable, Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime
from typing import Any, Final, TypeAlias

from sqlalchemy import (
    JSON,
    BigInteger,
    Boolean,
    Column,
    Date,
    Integer,
    LargeBinary,
    String,
    Table,
    bindparam,
    func,
    select,
    tuple_,
    type_coerce,
)

from domain.store.audit_kinds import Chained
from domain.store.prepared import PreparedQuery
from domain.store.schema import Instant
from domain.store.tx import Tx

_LARGEST: Final = 2**53 - 1
_BLANK: Final = re.compile(r"[\x00-\x20]")
_write = json.JSONEncoder(ensure_ascii=False, allow_nan=False, separators=(",", ":")).encode
_write_json = json.JSONEncoder(ensure_ascii=False, sort_keys=True, separators=(",", ":")).encode

_Make: TypeAlias = Callable[[Any], Any]
_UNFIT = (AttributeError, KeyError, OverflowError, RecursionError, TypeError, ValueError)


@dataclass(frozen=True, slots=True)
class Unfit:
    """A row of which no bytes can be made."""


class RawShape:
    """How the rows of a chained table are read and become bytes again."""

    def __init__(self, table: Table, declared: Chained, *, is_sqlite: bool) -> None:
        self.name = table.name
        columns = [one for one in table.columns if one.name not in declared.besides]
        self._names = sorted(column.name for column in columns)
        self._makes = [
            (place, make)
            for place, name in enumerate(self._names)
            if (make := _maker(table.columns[name], is_sqlite=is_sqlite)) is not None
        ]
        self._table, self._is_sqlite = table, is_sqlite
        self._key = [column for column in table.primary_key if column.name != "tenant_id"]
        self._key_places = [self._names.index(column.name) for column in self._key]
        self._mine = table.columns.tenant_id == bindparam("own_tenant", type_=String)
        read = [type_coerce(table.columns[name], String).label(name) for name in self._names]
        self._first = select(*read).where(self._mine).order_by(*self._key)

    async def pages(self, tx: Tx, size: int) -> AsyncIterator[Sequence[tuple[str, bytes | Unfit]]]:
        """Key and bytes of each row, in the order of the keys."""
        ends: dict[str, Any] = {}
        statement = PreparedQuery(self._first.limit(size))
        while True:
            rows = await tx.fetch(statement, **ends)
            if fit := self._with_keys(rows):
                yield self._read(fit)
            if len(rows) < size or not self._key:
                return
            if not ends:
                statement = PreparedQuery(self._first.where(self._is_after()).limit(size))
            ends = {f"after_{n}": rows[-1][place] for n, place in enumerate(self._key_places)}

    async def count(self, tx: Tx) -> int:
        """How many rows the tenant has, whatever their keys are."""
        counting = select(func.count()).select_from(self._table).where(self._mine)
        found: int = (await tx.session.execute(counting, {"own_tenant": tx.tenant_id})).scalar_one()
        return found

    async def present(self, tx: Tx, keys: Sequence[str]) -> Collection[str]:
        """Which of these keys there are rows for."""
        own = {"own_tenant": tx.tenant_id}
        if not self._key:
            return {""} if await self.count(tx) else set()
        parts = [part for key in keys if (part := self._parts(key)) is not None]
        columns = [type_coerce(column, String) for column in self._key]
        wanted = select(*columns).where(self._mine, tuple_(*self._key).in_(parts))
        return {" ".join(map(_word, row)) for row in await tx.session.execute(wanted, own)}

    def _parts(self, key: str) -> tuple[Any, ...] | None:
        words = key.split(" ")
        try:
            pairs = zip(self._key, words, strict=True)
            return tuple(_read_word(column, word) for column, word in pairs)
        except ValueError:
            return None  # somebody committed to a key that no row can have

    def _is_after(self) -> Any:
        ends = [
            bindparam(f"after_{n}", type_=self._bound_type(column))
            for n, column in enumerate(self._key)
        ]
        return tuple_(*self._key) > tuple_(*ends)

    def _bound_type(self, column: Column[Any]) -> Any:
        is_text = self._is_sqlite and not isinstance(column.type, Integer)
        return String() if is_text else column.type

    def _with_keys(self, rows: Sequence[Any]) -> Sequence[tuple[str, Any]]:
        """The rows that have a key of ours. SQLite keeps anything if it is made to."""
        if len(self._key_places) == 1:
            (place,) = self._key_places
            keys = [row[place] for row in rows]
            if {str}.issuperset(map(type, keys)) and all(keys) and not _BLANK.search("".join(keys)):
                return list(zip(keys, rows, strict=True))
        return [
            (" ".join(_word(row[place]) for place in self._key_places), row)
            for row in rows
            if self._has_key(row)
        ]

    def _has_key(self, row: Any) -> bool:
        """Whether the key is one of ours. SQLite keeps anything if it is made to."""
        for column, place in zip(self._key, self._key_places, strict=True):
            part = row[place]
            if isinstance(column.type, Integer):
                if not isinstance(part, int):
                    return False
            elif not isinstance(part, (str, date)) or min(str(part), default=" ") <= " ":
                return False
        return True

    def _read(self, fit: Sequence[tuple[str, Any]]) -> Sequence[tuple[str, bytes | Unfit]]:
        try:
            bodies = self._bodies([row for _, row in fit])
        except _UNFIT:
            return [(key, self._body(row)) for key, row in fit]
        return [(key, body) for (key, _), body in zip(fit, bodies, strict=True)]

    def _body(self, row: Any) -> bytes | Unfit:
        try:
            return self._bodies([row])[0]
        except _UNFIT:
            return Unfit()

    def _bodies(self, rows: Sequence[Any]) -> list[bytes]:
        """Column by column, which is quicker than row by row."""
        columns: list[Any] = list(zip(*rows, strict=True))
        for place, make in self._makes:
            columns[place] = map(make, columns[place])
        # One text for all rows: inside a JSON text a quotation mark never follows a brace, so what
        # stands between two rows stands nowhere else.
        names = self._names
        text = _write([dict(zip(names, row, strict=True)) for row in zip(*columns, strict=True)])
        parts = text[len('[{"') : -len("}]")].split('},{"')
        return [f'{self.name}\n{{"{part}}}'.encode() for part in parts]


def _word(part: Any) -> str:
    return part.isoformat() if isinstance(part, date) else str(part)


def _read_word(column: Column[Any], word: str) -> Any:
    if isinstance(column.type, Integer):
        return int(word)
    return date.fromisoformat(word) if isinstance(column.type, Date) else word


def _maker(column: Column[Any], *, is_sqlite: bool) -> _Make | None:
    """What makes of a driver's value the one that was hashed; None where it is that one.

    A value of another type than its column's either fails here or gives other bytes.
    """
    match column.type:
        case JSON():
            return _json if is_sqlite else _json_read
        case LargeBinary():
            return _hex
        case Boolean():
            return _TRUTH.__getitem__ if is_sqlite else None
        case Instant():
            return None if is_sqlite else _stamp
        case Date():
            return None if is_sqlite else _day
        case BigInteger():
            return _number
        case _:
            return None


_TRUTH: Mapping[Any, bool | None] = {None: None, 0: False, 1: True}


def _json(text: str | None) -> str | None:
    if text == "{}" or text == "[]":
        return text
    value = None if text is None else json.loads(text)
    return None if value is None else _write_json(value)


def _json_read(value: Any) -> str | None:
    return None if value is None else _write_json(value)  # the driver of PostgreSQL has read it


def _hex(value: bytes | None) -> str | None:
    return None if value is None else value.hex()


def _stamp(value: datetime | None) -> str | None:
    if value is None:
        return None
    return value.astimezone(UTC).isoformat(timespec="microseconds").removesuffix("+00:00") + "Z"


def _day(value: date | None) -> str | None:
    return None if value is None else value.isoformat()


def _number(value: int | None) -> str | int | None:
    return value if value is None or -_LARGEST <= value <= _LARGEST else str(value)
