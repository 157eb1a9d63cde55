"""Wires of guards: which tools open a guard that asks for an approved action?

The triggers read it from a table, so that renaming a tool is no migration. `cyberos migrate` writes
there what the tools say of themselves (policies/gate/wires.py), nobody else may, and doctor and
verifier hold the table against the tools.
"""

from collections.abc import Iterable

from sqlalchemy import Connection, delete, insert, select
from sqlalchemy.exc import DBAPIError
from sqlalchemy.exc import TimeoutError as PoolTimeout
from sqlalchemy.ext.asyncio import AsyncSession

from domain.store.engine import Database
from domain.store.errors import as_fault
from domain.store.tables import GuardTool
from domain.store.tx import Tx

# Each the name of a guard, and the id of a tool that opens it.
Wires = frozenset[tuple[str, str]]

_ALL = select(GuardTool.guard, GuardTool.tool)


def write(connection: Connection, wires: Wires) -> None:
    """Make the table say this and nothing else; the owner's migration alone does it."""
    there = _wires(connection.execute(_ALL))
    for guard, tool in there - wires:
        mine = (GuardTool.guard == guard) & (GuardTool.tool == tool)
        connection.execute(delete(GuardTool).where(mine))
    for guard, tool in sorted(wires - there):
        connection.execute(insert(GuardTool).values(guard=guard, tool=tool))


async def installed(database: Database) -> Wires:
    """What the database listens to now."""
    try:
        async with AsyncSession(database.reader) as session:
            return _wires(await session.execute(_ALL))
    except (DBAPIError, PoolTimeout, OSError) as error:
        raise as_fault(error) from error


async def seen(tx: Tx) -> Wires:
    """The same within a transaction."""
    rows = await tx.all(select(GuardTool))
    return frozenset((row.guard, row.tool) for row in rows)


def complaint(there: Wires, wanted: Wires) -> str | None:
    """One sentence about what is not as the tools say; None if all is."""
    more = [f"{guard} opens for {tool}" for guard, tool in sorted(there - wanted)]
    less = [f"{guard} does not open for {tool}" for guard, tool in sorted(wanted - there)]
    return "; ".join((*more, *less)) or None


def _wires(rows: Iterable[tuple[str, str]]) -> Wires:
    return frozenset((guard, tool) for guard, tool in rows)
