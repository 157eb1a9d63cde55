"""Databases to compare: one that was migrated, one that models and descriptors make."""

import os
import re
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from pathlib import Path
from typing import TypeVar

from sqlalchemy import Connection, make_url, text

from domain.store.descriptor import all_tables, modules
from domain.store.engine import Database, Role, connect, sqlite_url
from domain.store.migrations import runner, triggers
from domain.store.migrations.isolation import apply_isolation
from domain.store.schema import Base
from server import wiring
from tests import postgres
from tests.store import catalogue
from tests.store.catalogue import Catalogue

Result = TypeVar("Result")


@asynccontextmanager
async def empty(kind: str, directory: Path, name: str) -> AsyncIterator[Database]:
    """A database in which there is nothing, seen by the role that owns tables."""
    if kind == "sqlite":
        path = directory / f"{name}.db"
        path.touch()
        url = sqlite_url(str(path))
    else:
        worker = os.environ.get("PYTEST_XDIST_WORKER", "main")
        url = await postgres.create_database(f"{postgres.PREFIX}{name}_{worker}")
        await runner.prepare_roles(make_url(url))
    database = connect(url, role=Role.OWNER, pool_size=1)
    try:
        yield database
    finally:
        await database.close()
        if kind == "postgresql":
            await postgres.drop_database(str(make_url(url).database))


async def done(database: Database, work: Callable[[Connection], Result]) -> Result:
    """What the work gives back, in a transaction of its own."""
    async with database.writer.begin() as connection:
        return await connection.run_sync(work)


def migrated(connection: Connection) -> Catalogue:
    """What the catalogue of a migrated database says."""
    runner.upgrade(connection, wiring.wires())
    return catalogue.read(connection)


def modelled(connection: Connection) -> Catalogue:
    """What the catalogue of a database says that models and descriptors make."""
    declared = {table: rules for one in modules() for table, rules in one.tables.items()}
    _describe_partial_indexes()
    for statement in triggers.preparation(connection):
        connection.exec_driver_sql(statement)
    Base.metadata.create_all(connection)
    for model, rules in declared.items():
        table = Base.metadata.tables[model.__tablename__]
        statements = [*triggers.statements(connection, table, rules.guards)]
        if rules.searched:
            statements += triggers.searchable(connection, table, rules.searched.words)
        for statement in statements:
            connection.exec_driver_sql(statement)
    apply_isolation(connection)
    return catalogue.read(connection)


def complaints(by_revisions: Catalogue, by_models: Catalogue) -> list[str]:
    """What revisions and models do not say alike, each with the files that speak of it."""
    return [
        f"{_home(name)}, and the revisions of domain/store/migrations/versions, do not agree on "
        f"{name}: {by_models.get(name, 'absent')[:200]} | {by_revisions.get(name, 'absent')[:200]}"
        for name in sorted(by_revisions.keys() | by_models.keys())
        if by_revisions.get(name) != by_models.get(name)
    ]


def _home(name: str) -> str:
    """The module whose table a row of the catalogue is about."""
    words = re.split(r"[. ]", name)[0].removesuffix("()")
    fitting = [one for one in all_tables() if words == one or words.startswith(f"{one}_")]
    if not fitting:
        return "domain/<module>/module.py (no module has this table)"
    package = all_tables()[max(fitting, key=len)].__module__.split(".")[1]
    return f"domain/{package}/tables.py and module.py"


def _describe_partial_indexes() -> None:
    """Say in the words of each dialect what the models say in none (schema.unique_where)."""
    for table in Base.metadata.tables.values():
        for index in table.indexes:
            if "where" in index.info:
                for dialect in ("sqlite", "postgresql"):
                    index.dialect_options[dialect]["where"] = text(index.info["where"])
