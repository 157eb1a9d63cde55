"""Schema check: does the schema still stand as the migrations made it, or has it been changed?

A trigger that was dropped and a policy that was added leave every row sound, so only looking at the
schema finds them. What has to stand there is written down beside this file, one list for each kind
of database, by `make schema`. The program's own objects have to be there as they were made. What
acts on rows or lets somebody write them (a trigger, a function, a policy, a grant) must be nobody
else's; what only reads (an index, a view, a role that may select) is told and does no harm.
"""

import json
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from sqlalchemy.exc import DBAPIError
from sqlalchemy.exc import TimeoutError as PoolTimeout

from domain.kernel.faults import Fault, Kind
from domain.store import schema_objects
from domain.store.engine import Database
from domain.store.errors import as_fault
from domain.store.schema_objects import Objects

_HARMLESS: Final = ("index", "view", "table", "sequence")
_READING: Final = {"SELECT", "USAGE"}


@dataclass(frozen=True, slots=True)
class Schema:
    """What was found: `changed` must not be, `further` may be there."""

    changed: tuple[str, ...]
    further: tuple[str, ...]


def expected_file(dialect: str) -> Path:
    """The list of what has to stand in a database of this kind."""
    return Path(__file__).with_name(f"expected_{dialect}.json")


async def look(database: Database) -> Schema:
    """Hold the schema against the list."""
    try:
        async with database.reader.connect() as connection:
            there = await connection.run_sync(schema_objects.read)
    except (DBAPIError, PoolTimeout, OSError) as error:
        raise as_fault(error) from error
    dialect = "sqlite" if database.is_sqlite else "postgresql"
    return compare(json.loads(expected_file(dialect).read_bytes()), there)


def compare(expected: Objects, there: Objects) -> Schema:
    """What is missing or made otherwise, and what is there besides, each in a few words."""
    further = sorted(there.keys() - expected.keys())
    harmless = [name for name in further if _only_reads(name, there[name])]
    changed = [*_changes(expected, there)]
    changed += [f"{name} is not of this program" for name in further if name not in harmless]
    return Schema(tuple(changed), tuple(harmless))


async def check(database: Database) -> None:
    """Raise SCHEMA_CHANGED if the schema is not as the migrations made it."""
    if found := (await look(database)).changed:
        first, *others = found
        more = f" (and {len(others)} more)" if others else ""
        raise Fault(
            "SCHEMA_CHANGED",
            Kind.UNAVAILABLE,
            f"The schema of the database was changed: {first}{more}.",
            "`cyberos doctor` names everything; docs/operating.md says how to make it anew.",
        )


def _changes(expected: Objects, there: Objects) -> Iterator[str]:
    for name, how in expected.items():
        if name not in there:
            yield f"{name} is missing"
        elif there[name] != how:
            yield f"{name} was changed"


def _only_reads(name: str, how: str) -> bool:
    kind = name.partition(" ")[0]
    return kind in _HARMLESS or (kind == "grant" and set(how.split(",")) <= _READING)
