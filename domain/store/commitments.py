"""Row commitments: what does a transaction leave in each chained row, bound to its entry?

The bytes (docs/decisions/0028):

    row      canonical JSON (RFC 8785) of every column: instants as stamps, days as ISO 8601, bytes
             in hexadecimal, stored JSON as text with sorted members, integers beyond 2^53-1 as text
    digest   SHA-256("cyberos.row.v1\\n" || salt || table || "\\n" || row)
    rows     SHA-256("cyberos.rows.v1\\n" || lines), each "n table key digest\\n", n from 1

`rows` stands in the last entry of the transaction; salts and digests lie in `audit_row`. What is
committed to is what was flushed or returned by the database, never what a caller says it wrote.
"""

import hashlib
import json
import secrets
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from functools import lru_cache
from typing import Any, TypeAlias

from sqlalchemy import (
    JSON,
    Boolean,
    Column,
    Date,
    Integer,
    LargeBinary,
    String,
    Table,
    event,
    inspect,
    select,
)
from sqlalchemy.ext.asyncio import AsyncSession
from sqlalchemy.orm import Session

from domain.kernel.canonical import LARGEST_INTEGER
from domain.kernel.clock import stamp
from domain.store.audit_kinds import Chained, audit_kind
from domain.store.schema import Base, Instant, TenantRow, core
from domain.store.tenancy import TenantSession

_ROW = b"cyberos.row.v1\n"
_ROWS = b"cyberos.rows.v1\n"
_SALT_BYTES = 16

# Sorted names of plain letters, texts, small integers, true, false and null: RFC 8785 as it is.
_write = json.JSONEncoder(ensure_ascii=False, allow_nan=False, separators=(",", ":")).encode
_write_json = json.JSONEncoder(ensure_ascii=False, sort_keys=True, separators=(",", ":")).encode

_Encode: TypeAlias = Callable[[Any], str | int | bool | None]


@dataclass(frozen=True, slots=True)
class RowLeft:
    """One row as a transaction left it; no salt and no digest if it is gone."""

    table: str
    key: str
    salt: bytes | None = None
    digest: bytes | None = None


@dataclass(frozen=True, slots=True)
class RowShape:
    """How the rows of a chained table become bytes."""

    table: Table
    key: Sequence[str]
    columns: Sequence[tuple[str, _Encode]]

    def key_of(self, values: Mapping[str, Any]) -> str:
        """The key of a row without its tenant, as one word for each column."""
        return " ".join(_word(values[name]) for name in self.key)

    def left(self, values: Mapping[str, Any]) -> RowLeft:
        """The commitment to a row with these values."""
        row = {
            name: None if (value := values.get(name)) is None else encode(value)
            for name, encode in self.columns
        }
        salt = secrets.token_bytes(_SALT_BYTES)
        body = f"{self.table.name}\n{_write(row)}".encode()
        digest = hashlib.sha256(_ROW + salt + body).digest()
        return RowLeft(self.table.name, self.key_of(values), salt, digest)


@lru_cache(maxsize=1024)
def chained_shape(kind: type[Base]) -> RowShape | None:
    """The shape of a table's rows; None if the table is not chained."""
    declared = audit_kind(kind)
    if not isinstance(declared, Chained):
        return None
    assert issubclass(kind, TenantRow), "a chain belongs to a tenant, and so do its rows"
    table = core(kind)
    strange = set(declared.besides) - set(table.columns.keys())
    assert not strange, f"{table.name} has no {sorted(strange)}"
    committed = sorted(
        (column.name, _encoder(column))
        for column in table.columns
        if column.name not in declared.besides
    )
    key = [column.name for column in table.primary_key if column.name != "tenant_id"]
    return RowShape(table, key, committed)


def _encoder(column: Column[Any]) -> _Encode:
    match column.type:
        case Instant():
            return stamp
        case Date():
            return _day
        case LargeBinary():
            return bytes.hex
        case JSON():
            return _write_json
        case Boolean():
            return bool
        case Integer():
            return _number
        case String():
            return str.__str__
        case _:
            raise AssertionError(f"{column} has a type that no commitment covers")


def _day(value: date) -> str:
    return value.isoformat()


def _number(value: int) -> str | int:
    return value if -LARGEST_INTEGER <= value <= LARGEST_INTEGER else str(value)


def _word(part: Any) -> str:
    word = part.isoformat() if isinstance(part, date) else str(part)
    assert word and min(word) > " ", "a key is made of words"
    return word


class Ledger:
    """The chained rows that a transaction has written so far, by table and key."""

    def __init__(self) -> None:
        self._objects: dict[tuple[type[Base], str], Any] = {}
        self._values: dict[tuple[type[Base], str], Mapping[str, Any] | None] = {}

    def __bool__(self) -> bool:
        return bool(self._objects or self._values)

    def flushed(self, row: Base, *, is_gone: bool = False) -> None:
        """An object was written; what it holds in the end is read when the transaction ends."""
        kind = type(row)
        shape = chained_shape(kind)
        if shape is None:
            return
        place = kind, shape.key_of(row.__dict__)
        if is_gone:
            self._objects.pop(place, None)
            self._values[place] = None
        else:
            self._objects[place] = row

    def returned(self, kind: type[Base], rows: Iterable[Mapping[str, Any]], is_gone: bool) -> None:
        """A statement wrote rows of which there need be no objects; here is what it left."""
        shape = chained_shape(kind)
        assert shape is not None
        for values in rows:
            place = kind, shape.key_of(values)
            self._objects.pop(place, None)
            self._values[place] = None if is_gone else values

    async def left(self, session: AsyncSession | None) -> list[RowLeft]:
        """The commitments to all of them, each once, as it is in the end."""
        found: list[RowLeft] = []
        for kind, key in {**self._values, **self._objects}:
            shape = chained_shape(kind)
            assert shape is not None
            row = self._objects.get((kind, key))
            values = self._values.get((kind, key)) if row is None else row.__dict__
            # An object does not know what a statement wrote, nor what only the database knows.
            if row is not None and ((kind, key) in self._values or inspect(row).expired_attributes):
                assert session is not None
                values = await _read_again(session, shape, row.__dict__)
            found.append(RowLeft(shape.table.name, key) if values is None else shape.left(values))
        return found


async def _read_again(
    session: AsyncSession, shape: RowShape, known: Mapping[str, Any]
) -> Mapping[str, Any]:
    is_it = [column == known[column.name] for column in shape.table.primary_key]
    return (await session.execute(select(shape.table).where(*is_it))).one()._asdict()


def left_in(kind: type[Base], rows: Iterable[Mapping[str, Any]]) -> list[RowLeft]:
    """The commitments to rows of a chained table with these values."""
    shape = chained_shape(kind)
    assert shape is not None
    return [shape.left(values) for values in rows]


def rows_digest(rows: Sequence[RowLeft]) -> str:
    """What an entry says about the rows of its transaction; nothing if there are none."""
    if not rows:
        return ""
    lines = "".join(
        f"{n} {row.table} {row.key} {row.digest.hex() if row.digest else 'deleted'}\n"
        for n, row in enumerate(rows, 1)
    )
    return hashlib.sha256(_ROWS + lines.encode()).hexdigest()


@event.listens_for(TenantSession, "after_flush")
def _note(session: Session, _context: Any) -> None:
    ledger: Ledger = session.info["ledger"]
    for row in session.new:
        ledger.flushed(row)
    for row in session.dirty:
        if session.is_modified(row):
            ledger.flushed(row)
    for row in session.deleted:
        ledger.flushed(row, is_gone=True)
