"""Audit source: where does the offline verifier read? An unchanging copy, or one snapshot."""

import sqlite3
from collections.abc import Collection
from dataclasses import replace
from pathlib import Path
from typing import Any
from urllib.parse import quote

from sqlalchemy import Connection, event, make_url, select
from sqlalchemy.ext.asyncio import AsyncSession, create_async_engine

from domain.kernel.faults import Fault, Kind
from domain.store.engine import (
    BUSY_TIMEOUT_SECONDS,
    Database,
    Role,
    sqlite_pragmas,
    sqlite_url,
)
from domain.store.inline import InlineConnection
from domain.store.tables import AuditHead


def open_copy(path: Path) -> Database:
    """A copy of an SQLite database, opened so that neither it nor its folder can change.

    DATABASE_MISSING if there is no such file.
    """
    file = path.absolute()
    if not file.is_file():
        raise Fault("DATABASE_MISSING", Kind.NOT_FOUND, "There is no database file at this path.")
    # With a log beside it the file alone is not the whole database; without one, SQLite would
    # create files next to the evidence unless it is told that nobody writes.
    closed = not file.with_name(f"{file.name}-wal").exists()
    address = f"file:{quote(str(file))}?mode=ro{'&immutable=1' if closed else ''}"

    async def opened(*_args: Any, **_options: Any) -> InlineConnection:
        connection = sqlite3.connect(
            address, uri=True, timeout=0, isolation_level=None, check_same_thread=False
        )
        connection.text_factory = _any_text
        return InlineConnection(connection, BUSY_TIMEOUT_SECONDS)

    engine = create_async_engine(
        make_url(sqlite_url(str(file))),
        async_creator=opened,
        pool_size=1,
        max_overflow=0,
        hide_parameters=True,
    )
    event.listen(engine.sync_engine, "connect", sqlite_pragmas(query_only=True))
    event.listen(engine.sync_engine, "begin", _begin)
    return Database(engine.url, Role.INBOX, engine, engine)


def snapshot(database: Database) -> Database:
    """The same database, where a reading transaction sees one moment from beginning to end.

    SQLite does so anyway. PostgreSQL would show every statement the newest rows, and a chain
    that grows while it is read would look broken.
    """
    if database.is_sqlite:
        return database
    reader = database.reader.execution_options(isolation_level="REPEATABLE READ")
    return replace(database, reader=reader)


def _any_text(raw: bytes) -> str:
    # One flipped bit can make text that is not UTF-8. That is a finding with a place, not an error.
    return raw.decode(errors="surrogateescape")


def _begin(connection: Connection) -> None:
    connection.exec_driver_sql("BEGIN")


async def chains_besides(database: Database, known: Collection[str]) -> list[str]:
    """Tenants with a chain that are not among the known ones: SQLite only, where all are seen."""
    async with AsyncSession(database.reader) as session:
        found = await session.scalars(
            select(AuditHead.tenant_id).where(AuditHead.tenant_id.not_in(list(known)))
        )
        return list(found)
