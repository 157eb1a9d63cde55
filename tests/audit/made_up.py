"""Made-up rows: a row of every chained table, and another value for every column of it.

Made from the tables alone, so that a new table is tried without another line.
"""

import re
import secrets
from collections.abc import Iterator, Mapping
from datetime import timedelta
from typing import Any

from sqlalchemy import (
    JSON,
    BigInteger,
    Boolean,
    CheckConstraint,
    Date,
    Index,
    Integer,
    LargeBinary,
    PrimaryKeyConstraint,
    Table,
    UniqueConstraint,
    select,
)

from domain.kernel.ids import new_id
from domain.store.audit_kinds import Chained, audit_kind
from domain.store.descriptor import all_tables
from domain.store.schema import Base, Instant, core
from tests.world import NOW, World


def chained_tables() -> dict[str, type[Base]]:
    """Every table whose rows are committed to, parents before children."""
    all_of_them = all_tables()
    names = [table.name for table in Base.metadata.sorted_tables]
    kinds = {name: all_of_them[name] for name in names}
    return {name: kind for name, kind in kinds.items() if isinstance(audit_kind(kind), Chained)}


def committed_columns(kind: type[Base]) -> list[str]:
    """The columns that a commitment covers, but the tenant."""
    declared = audit_kind(kind)
    assert isinstance(declared, Chained)
    names = [column.name for column in core(kind).columns]
    return [name for name in names if name not in declared.besides and name != "tenant_id"]


async def fill(world: World) -> None:
    """A row in every chained table of our company that has none yet."""
    kinds = chained_tables()
    async with world.looking() as tx:
        rows = {name: (await tx.all(select(kind)))[:1] for name, kind in kinds.items()}
    for name, kind in kinds.items():
        if rows[name]:
            continue
        async with world.without_triggers(name), world.owning() as tx:
            made = kind(**_values(core(kind), rows))
            tx.add(made)
            await tx.flush()
            rows[name] = [made]


def _values(table: Table, rows: Mapping[str, Any]) -> dict[str, Any]:
    known: dict[str, Any] = {}
    for constraint in table.foreign_key_constraints:
        for column, element in zip(constraint.columns, constraint.elements, strict=True):
            parents = rows.get(element.column.table.name)
            if parents:
                known[column.name] = getattr(parents[0], element.column.name)
    for column in table.columns:
        if column.name != "tenant_id" and column.name not in known and not column.nullable:
            known[column.name] = next(_first_values(table, column))
    known.pop("tenant_id", None)
    return known


def _first_values(table: Table, column: Any) -> Iterator[Any]:
    match column.type:
        case Boolean():
            yield False
        case BigInteger():
            yield secrets.randbelow(2**62)
        case Integer():
            yield 1
        case Instant():
            yield NOW
        case Date():
            yield NOW.date()
        case LargeBinary():
            yield b"made up"
        case JSON():
            yield ["made up"]
        case _:
            yield from _allowed(table, column.name)
            yield new_id()[: column.type.length]


def others(table: Table, name: str, value: Any) -> Iterator[Any]:
    """Other values for a column that has this one; the database may refuse some of them."""
    column = table.columns[name]
    match column.type:
        case Boolean():
            yield not value
        case Integer():
            yield from ((value or 0) + step for step in (1, 2, -1, 40))
        case Instant() | Date():
            yield from (
                (value or NOW if isinstance(column.type, Instant) else value or NOW.date())
                + timedelta(days=step)
                for step in (1, -1, 400)
            )
        case LargeBinary():
            yield bytes(64) if value != bytes(64) else b"other"
        case JSON():
            yield {"made": "up"}
        case _:
            yield from (one for one in _allowed(table, name) if one != value)
            yield f"{(value or 'x')[:-1]}{'b' if (value or 'x')[-1] == 'a' else 'a'}"
            yield "7" * len(value or "x")
    if column.nullable and value is not None:
        yield None


def _allowed(table: Table, name: str) -> Iterator[str]:
    """The words a CHECK of the table names beside this column."""
    for constraint in table.constraints:
        if isinstance(constraint, CheckConstraint) and re.search(
            rf"\b{name}\b", str(constraint.sqltext)
        ):
            yield from re.findall(r"'([^']*)'", str(constraint.sqltext))


def unique_columns(table: Table) -> set[str]:
    """The columns of which a second row needs other values."""
    keys = [*table.constraints, *(index for index in table.indexes if index.unique)]
    unique = (UniqueConstraint, PrimaryKeyConstraint, Index)
    return {column.name for key in keys if isinstance(key, unique) for column in key.columns} - {
        "tenant_id"
    }
