"""A writer's kit: what can somebody do to a row who writes the database past the program?

With full power, in a transaction that nobody commits: no trigger speaks, keys of other tables and
CHECKs of an embedded database bind nothing, and the verifier judges what then stands there.
"""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from sqlalchemy import Table, delete, insert, make_url, text, update
from sqlalchemy.exc import DBAPIError
from sqlalchemy.ext.asyncio import AsyncEngine, create_async_engine

from domain.store.audit_report import Report
from domain.store.audit_rows import verify_rows
from domain.store.engine import Role, connect
from domain.store.schema import Base, core
from domain.store.tx import Tx
from domain.store.visibility import SYSTEM
from policies.audit import verify
from tests.audit.made_up import others, unique_columns
from tests.forgery import Archive, Forger
from tests.sqlite import by_hand
from tests.world import Company, copy_of


@dataclass
class Writer:
    """Somebody in the middle of it, and what is said of what they did."""

    archive: Archive
    forger: Forger

    @asynccontextmanager
    async def undone(self) -> AsyncIterator[None]:
        """What is done in the block has not happened afterwards."""
        before = await self.forger.connection.begin_nested()
        try:
            yield
        finally:
            await before.rollback()

    async def found(self, company: Company | None = None, *, rows_alone: bool = False) -> list[str]:
        """What the verifier finds in what stands there now; or that part of it which holds each row
        against what entries commit to.
        """
        world = self.archive.world
        tenant_id = (company or world.ours).id
        report = Report(tenant_id)
        tx = Tx(self.forger.connection, tenant_id, world.clock.now(), SYSTEM)
        if rows_alone:
            await verify_rows(tx, report)
        else:
            await verify.judge(tx, report, self.archive.sources)
        await tx.session.close()
        return [str(one) for one in report.findings]


@asynccontextmanager
async def writing_over(archive: Archive) -> AsyncIterator[Writer]:
    """The kit in the hands of somebody; the database is left as it is."""
    engine = _engine(archive)
    try:
        async with engine.connect() as connection, connection.begin() as whole:
            if connection.dialect.name == "postgresql":
                await connection.execute(text("SET LOCAL session_replication_role = replica"))
            else:
                await connection.execute(text("PRAGMA defer_foreign_keys = ON"))
                await connection.execute(text("PRAGMA ignore_check_constraints = ON"))
            yield Writer(archive, Forger(connection, archive.world))
            await whole.rollback()
    finally:
        await engine.dispose()


def _engine(archive: Archive) -> AsyncEngine:
    world = archive.world
    if not world.is_sqlite:
        return create_async_engine(make_url(world.url))
    target = Path(world.owner_side.url.database or "").with_name("written_over.db")
    target.unlink(missing_ok=True)
    copy_of(world.url, target)
    with by_hand(target) as raw:
        for (name,) in raw.execute(
            "SELECT name FROM sqlite_master WHERE type = 'trigger'"
        ).fetchall():
            raw.execute(f'DROP TRIGGER "{name}"')
    return connect(f"sqlite+aiosqlite:///{target}", role=Role.OWNER).writer


class Row:
    """One row of a table, and what can be done to it."""

    def __init__(self, kind: type[Base], row: Any) -> None:
        self.kind, self.row, self.table = kind, row, core(kind)
        key = [column.name for column in self.table.primary_key if column.name != "tenant_id"]
        self.key, self.unique = key, sorted(unique_columns(self.table))
        self.place = " ".join([self.table.name, *(str(getattr(row, name)) for name in key)])

    async def change(self, forger: Forger, column: str) -> bool:
        """Give the column another value that the database takes; whether there is one."""
        for value in others(self.table, column, getattr(self.row, column)):
            if await _carried_out(forger, self._update({column: value})):
                return True
        return False

    async def move(self, forger: Forger) -> bool:
        """Give the row to the other company; whether it can have one more."""
        if not has_tenant(self.table):
            return False
        return await _carried_out(forger, self._update({"tenant_id": forger.world.theirs.id}))

    async def copy(self, forger: Forger) -> bool:
        """Put in the same once more under another key; whether there can be one."""
        if not self.key:
            return False
        ways = [others(self.table, name, getattr(self.row, name)) for name in self.unique]
        for values in zip(*ways, strict=False):
            like = {**self.row._mapping, **dict(zip(self.unique, values, strict=True))}
            if await _carried_out(forger, insert(self.table).values(**like)):
                return True
        return False

    async def remove(self, forger: Forger) -> bool:
        """Take the row away."""
        return await _carried_out(forger, delete(self.table).where(*self._is_it()))

    def _update(self, values: dict[str, Any]) -> Any:
        return update(self.table).where(*self._is_it()).values(values)

    def _is_it(self) -> list[Any]:
        return [column == getattr(self.row, column.name) for column in self.table.primary_key]


def has_tenant(table: Table) -> bool:
    """Whether its rows belong to companies."""
    return "tenant_id" in table.columns


async def _carried_out(forger: Forger, statement: Any) -> bool:
    try:
        async with forger.connection.begin_nested():
            return (await forger.connection.execute(statement)).rowcount == 1
    except DBAPIError:
        return False


def named(findings: list[str], what: str) -> set[str]:
    """The rows about which this is said."""
    return {one.partition(": ")[0] for one in findings if what in one}
