"""Audit of rows: is every row of every chained table what was left in it, whoever changes it behind
the program?

Each table is tried because it declares itself chained: every column is changed, a row is taken
away, put in, and given to the other company, with the triggers off.
"""

from collections.abc import Callable, Coroutine
from typing import Any

from sqlalchemy import insert, select, update
from sqlalchemy.exc import DBAPIError

from domain.fx.tables import FxRate
from domain.store.schema import core
from tests.audit.made_up import chained_tables, committed_columns, fill, others, unique_columns
from tests.forgery import Archive, Forger, kept
from tests.world import World


class Row:
    """One row of a chained table, changed behind the program and put back as it was."""

    def __init__(self, name: str, row: Any) -> None:
        self.kind, self.row = chained_tables()[name], row
        self.table = core(self.kind)
        key = [column.name for column in self.table.primary_key if column.name != "tenant_id"]
        self.key, self.unique = key, sorted(unique_columns(self.table))
        self.place = " ".join([name, *(str(getattr(row, column)) for column in key)])

    async def change(self, forger: Forger, column: str) -> bool:
        """Give the column another value that the database takes; whether there is one."""
        for value in others(self.table, column, getattr(self.row, column)):
            if await self._carried_out(forger, self._update({column: value})):
                return True
        return False

    async def move(self, forger: Forger) -> bool:
        """Give the row to the other company; whether it can have one more."""
        return await self._carried_out(forger, self._update({"tenant_id": forger.world.theirs.id}))

    async def copy(self, forger: Forger) -> bool:
        """Put in the same once more under another key; whether there can be one."""
        if not self.key:
            return False
        ways = [others(self.table, name, getattr(self.row, name)) for name in self.unique]
        for values in zip(*ways, strict=False):
            like = {**self.row._mapping, **dict(zip(self.unique, values, strict=True))}
            if await self._carried_out(forger, insert(self.table).values(**like)):
                return True
        return False

    async def remove(self, forger: Forger) -> None:
        await forger.delete(self.kind, **{column: getattr(self.row, column) for column in self.key})

    def _update(self, values: dict[str, Any]) -> Any:
        is_it = [c == getattr(self.row, c.name) for c in self.table.primary_key]
        return update(self.table).where(*is_it).values(values)

    async def _carried_out(self, forger: Forger, statement: Any) -> bool:
        try:
            async with forger.connection.begin_nested():
                return (await forger.connection.execute(statement)).rowcount == 1
        except DBAPIError:
            return False


async def filled(world: World, tmp_path: Any) -> tuple[Archive, list[Row]]:
    """A company with a row in every chained table."""
    await fill(world)
    archive = kept(world, tmp_path)
    async with archive.forging() as forger:
        rows = [Row(name, (await forger.rows(kind))[0]) for name, kind in chained_tables().items()]
    return archive, rows


async def tried(
    archive: Archive, rows: list[Row], change: Callable[[Forger, Row], Coroutine[Any, Any, bool]]
) -> tuple[list[str], list[str], set[str]]:
    """What is said about both companies after this was done to each row, and to which it could
    not be done. Afterwards everything is as it was before.
    """
    async with archive.forging() as forger:
        before = [await forger.everything(row.kind) for row in rows]
        refused = {row.place for row in rows if not await change(forger, row)}
    ours, theirs = await archive.findings(), await archive.findings(archive.world.theirs)
    async with archive.forging() as forger:
        for row, all_of_them in zip(rows, before, strict=True):
            await forger.put_back(row.kind, all_of_them)
    return ours, theirs, refused


def named(findings: list[str], what: str) -> set[str]:
    """The rows about which this is said."""
    return {one.partition(": ")[0] for one in findings if what in one}


async def test_every_column_of_every_chained_row_is_held_to_what_was_left_in_it(world, tmp_path):
    """The first column of every table at once, then the second, and so on."""
    archive, rows = await filled(world, tmp_path)
    columns = {row.place: committed_columns(row.kind) for row in rows}
    before = await archive.findings()
    not_found, unchangeable = set(), set()

    for n in range(max(map(len, columns.values()))):
        these = [row for row in rows if n < len(columns[row.place])]

        async def change(forger: Forger, row: Row, n: int = n) -> bool:
            return await row.change(forger, columns[row.place][n])

        found, _, refused = await tried(archive, these, change)

        said = named(found, "left it") | named(found, "is gone")
        for row in these:
            column = f"{row.table.name}.{columns[row.place][n]}"
            if row.place in refused:
                unchangeable.add(column)
            elif row.place not in said:
                not_found.add(column)

    assert not [one for one in before if "left it" in one or "no entry tells of it" in one]
    assert await archive.findings() == before
    assert sorted(not_found) == []
    assert unchangeable <= ({"payment_request.currency"} if not world.is_sqlite else set())


async def test_a_chained_row_that_is_gone_is_named(world, tmp_path):
    archive, rows = await filled(world, tmp_path)

    async def remove(forger: Forger, row: Row) -> bool:
        await row.remove(forger)
        return True

    found, _, _ = await tried(archive, rows, remove)

    assert {row.place for row in rows} <= named(found, "is gone, and entry")


async def test_a_row_put_into_a_chained_table_is_named(world, tmp_path):
    archive, rows = await filled(world, tmp_path)

    found, _, refused = await tried(archive, rows, lambda forger, row: row.copy(forger))

    tables = {row.table.name for row in rows if row.place not in refused}
    assert {one.split()[0] for one in named(found, "no entry tells of it")} >= tables
    assert refused == {"tenant"}, "a tenant is one row"


async def test_a_chained_row_that_another_company_was_given_is_named_in_both(world, tmp_path):
    archive, rows = await filled(world, tmp_path)

    ours, theirs, refused = await tried(archive, rows, lambda forger, row: row.move(forger))

    moved = {row.place for row in rows} - refused
    assert moved <= named(ours, "is gone, and entry")
    assert moved <= named(theirs, "no entry tells of it")
    both_have_the_like = {"tenant", "workspace", "agent", "policy_version"}
    assert {place.split()[0] for place in refused} <= both_have_the_like


async def test_a_row_that_is_written_once_is_committed_to_once(world, tmp_path):
    """Also by one who appends an entry that fits: what was written stays what it was."""
    await fill(world)
    async with world.without_triggers("fx_rate"), world.owning() as tx:
        rate = await tx.first(select(FxRate))
        rate.value = "2"

    assert f"fx_rate {rate.id}" in named(
        await kept(world, tmp_path).findings(), "is written once, and entry"
    )
