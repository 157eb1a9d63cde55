"""Migration runner: how does a database get to the newest revision?"""

import os
from pathlib import Path

from alembic import command
from alembic.config import Config
from alembic.script import ScriptDirectory
from sqlalchemy import URL, Connection, event, make_url, text
from sqlalchemy.exc import DBAPIError
from sqlalchemy.ext.asyncio import AsyncConnection, create_async_engine

from domain.kernel.faults import Fault, Kind
from domain.store.engine import (
    BUSY_TIMEOUT_SECONDS,
    SEARCHER,
    Role,
    connect,
    sqlite_pragmas,
)
from domain.store.migrations.isolation import apply_isolation
from domain.store.wires import Wires, write

_TRIES = 10
_LONG_SECONDS = 300  # a table of millions of rows is written anew in three times that
_LOST_RACES = {
    "42710",  # duplicate_object
    "23505",  # unique_violation, in the catalogue of roles
    "XX000",  # "tuple concurrently updated"
}


def revisions() -> list[str]:
    """Every revision there is a script for, oldest first."""
    scripts = ScriptDirectory.from_config(_config()).walk_revisions()
    return [script.revision for script in scripts][::-1]


async def migrate(url: str, wires: Wires) -> None:
    """Bring the database to the newest revision, creating it if it is an absent SQLite file.

    `wires` say which tools open which guards; without any, what needs people cannot be done.
    """
    parsed = make_url(url)
    if parsed.get_backend_name() == "sqlite":
        create_file(Path(parsed.database or ""))
    else:
        await prepare_roles(parsed)
    is_sqlite = parsed.get_backend_name() == "sqlite"
    lock_timeout = BUSY_TIMEOUT_SECONDS if is_sqlite else _LONG_SECONDS
    database = connect(url, role=Role.OWNER, pool_size=1, busy_seconds=lock_timeout)
    try:
        async with database.writer.begin() as connection:
            await connection.run_sync(upgrade, wires)
        if database.is_sqlite:
            await _use_write_ahead_log(parsed)
    finally:
        await database.close()


def upgrade(connection: Connection, wires: Wires) -> None:
    """The same within a transaction of the owner."""
    run_revisions(connection)
    apply_isolation(connection)
    write(connection, wires)


def run_revisions(connection: Connection, to: str = "head") -> None:
    """Run the revisions that are missing; what every migration ends with is not done here."""
    config = _config()
    config.attributes["connection"] = connection
    command.upgrade(config, to)


def _config() -> Config:
    config = Config()
    config.set_main_option("script_location", str(Path(__file__).parent).replace("%", "%%"))
    config.set_main_option("path_separator", "os")
    return config


def create_file(path: Path) -> None:
    """An empty database file that nobody else may read; one that is there stays as it is."""
    path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
    os.close(os.open(path, os.O_CREAT | os.O_RDWR, 0o600))


async def _use_write_ahead_log(url: URL) -> None:
    engine = create_async_engine(url)
    event.listen(engine.sync_engine, "connect", sqlite_pragmas(query_only=False))
    try:
        async with engine.connect() as connection:
            await connection.exec_driver_sql("PRAGMA journal_mode=WAL")
    finally:
        await engine.dispose()


async def prepare_roles(url: URL) -> None:
    """Create the roles if they are missing; tables will belong to the owner role.

    Roles belong to the whole server and locks to one database of it, so another database may be
    prepared at the same moment. Every step can be repeated: whoever lost such a race tries again.
    """
    engine = create_async_engine(
        url.set(drivername="postgresql+asyncpg"), isolation_level="AUTOCOMMIT"
    )
    try:
        for tries_left in reversed(range(_TRIES)):
            try:
                async with engine.connect() as connection:
                    return await _create_and_grant(connection)
            except DBAPIError as error:
                if not tries_left or getattr(error.orig, "sqlstate", None) not in _LOST_RACES:
                    raise _may_not_create_roles() from error
    finally:
        await engine.dispose()


async def _create_and_grant(connection: AsyncConnection) -> None:
    for name in (SEARCHER, *(role.value for role in Role)):
        found = await connection.scalar(
            text("select 1 from pg_roles where rolname = :name"), {"name": name}
        )
        if not found:
            await connection.exec_driver_sql(f"CREATE ROLE {name} NOLOGIN")
    for role in Role:
        # Of the searcher this login is no member: it would see as little as the searcher does.
        await connection.exec_driver_sql(f"GRANT {role.value} TO CURRENT_USER")
        if role is Role.PUBLIC:  # it searches for nothing
            await connection.exec_driver_sql(f"ALTER ROLE {role.value} NOINHERIT")
            continue
        may = text("select pg_has_role(:name, :searcher, 'MEMBER')")
        if not await connection.scalar(may, {"name": role.value, "searcher": SEARCHER}):
            # It may become the searcher. If it inherited from it, it would see no more than it.
            await connection.exec_driver_sql(f"ALTER ROLE {role.value} NOINHERIT")
            await connection.exec_driver_sql(f"GRANT {SEARCHER} TO {role.value}")
    await connection.exec_driver_sql(f"GRANT USAGE, CREATE ON SCHEMA public TO {Role.OWNER.value}")
    for name in (SEARCHER, *(role.value for role in Role if role is not Role.OWNER)):
        await connection.exec_driver_sql(f"GRANT USAGE ON SCHEMA public TO {name}")


def _may_not_create_roles() -> Fault:
    return Fault(
        "DATABASE_ROLE_DENIED",
        Kind.FORBIDDEN,
        "This login may not create the CyberOS roles, or the database does not answer.",
        "run the command once with a login that has CREATEROLE; see docs/operating.md.",
    )
