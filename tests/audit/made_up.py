"""Made-up rows: a row of every chained table, and another value for every column of it.

Made from the tables alone, so that a new table is tried without another line.
"""

import re
import secrets
from collections.abc import Iterator, Mapping
from datetime import timedelta
from itertools import product
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
from sqlalchemy.exc import IntegrityError

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
    """A row in every chained table of our company that has none yet, and in those they refer to."""
    chained, all_of_them = chained_tables(), all_tables()
    referred = {
        key.elements[0].column.table.name
        for kind in chained.values()
        for key in core(kind).foreign_key_constraints
    }
    names = [table.name for table in Base.metadata.sorted_tables]
    kinds = {name: all_of_them[name] for name in names if name in referred | chained.keys()}
    async with world.looking() as tx:
        rows = {name: (await tx.all(select(kind)))[:1] for name, kind in kinds.items()}
    for name, kind in kinds.items():
        if not rows[name]:
            rows[name] = [await _put_in(world, kind, rows)]


async def _put_in(world: World, kind: type[Base], rows: Mapping[str, Any]) -> Base:
    """A row that the CHECKs of its table let in, of the ways there are to make one up."""
    table = core(kind)
    words = {c.name: list(_allowed(table, c.name)) for c in table.columns if not c.nullable}
    choices = [[(name, word) for word in of_it] for name, of_it in words.items() if of_it]
    refused = None
    for chosen in product(*choices):
        made = kind(**{**_values(table, rows), **dict(chosen)})
        try:
            async with world.without_triggers(table.name), world.owning() as tx:
                tx.add(made)
                await tx.flush()
        except IntegrityError as error:
            refused = error
        else:
            return made
    raise AssertionError(f"no row of {table.name} could be made up") from refused


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
    for whole, parts in sums_of(table).items():
        known[whole] = sum(known[part] for part in parts)
    known.pop("tenant_id", None)
    return known


def _bounds(table: Table, name: str) -> tuple[int, int]:
    """Between what a CHECK of the table wants a number."""
    for constraint in table.constraints:
        if isinstance(constraint, CheckConstraint) and (
            found := re.search(rf"\b{name} BETWEEN (-?\d+) AND (\d+)", str(constraint.sqltext))
        ):
            return int(found[1]), int(found[2])
    return 0, 2**61


def tied_columns(table: Table) -> set[str]:
    """The columns that a CHECK ties to others, so that a database may not take another value."""
    checks = [str(c.sqltext) for c in table.constraints if isinstance(c, CheckConstraint)]
    named = [{c.name for c in table.columns if re.search(rf"\b{c.name}\b", s)} for s in checks]
    return {name for names in named if len(names) > 1 for name in names}


def sums_of(table: Table) -> dict[str, list[str]]:
    """The columns that a CHECK of the table makes the sum of others."""
    checks = [c for c in table.constraints if isinstance(c, CheckConstraint)]
    equations = [re.fullmatch(r"(\w+) = (\w+(?: \+ \w+)+)", str(c.sqltext)) for c in checks]
    return {found[1]: found[2].split(" + ") for found in equations if found}


def _first_values(table: Table, column: Any) -> Iterator[Any]:
    match column.type:
        case Boolean():
            yield False
        case BigInteger():
            low, high = _bounds(table, column.name)
            yield low + secrets.randbelow(high - low)
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
