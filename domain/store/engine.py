"""Database engines: how is a database reached? One that writes, one that cannot."""

import sqlite3
from collections.abc import Callable
from dataclasses import dataclass
from enum import StrEnum
from typing import Any
from urllib.parse import quote

from sqlalchemy import URL, Connection, ExceptionContext, event, make_url
from sqlalchemy.ext.asyncio import AsyncEngine, create_async_engine

from domain.kernel.trust import Trust
from domain.store import postgres_login
from domain.store.errors import spoils_connections
from domain.store.inline import InlineConnection, open_inline

BUSY_TIMEOUT_SECONDS = 10
# What every role of PostgreSQL becomes for one statement: it sees the rows that are searched
# for, and of these only those of its tenant (domain/store/search.py, docs/decisions/0019).
SEARCHER = "cyberos_search"


class Role(StrEnum):
    """What a process is to PostgreSQL (docs/operating.md). SQLite has no roles."""

    OWNER = "cyberos_owner"  # migrations only
    AGENT = "cyberos_agent"  # serve, http: proposes, never approves
    INBOX = "cyberos_inbox"  # people's commands: records approvals
    EXECUTOR = "cyberos_executor"  # work: carries out what was approved
    PUBLIC = "cyberos_public"  # http --doors public: keeps what it is told, reads next to nothing


@dataclass(frozen=True, slots=True)
class Database:
    """One database, seen through a writing and a reading engine.

    `trust` says whose signatures make its rows count; None where nobody knows.
    """

    url: URL
    role: Role
    writer: AsyncEngine
    reader: AsyncEngine
    trust: Trust | None = None

    @property
    def is_sqlite(self) -> bool:
        return self.url.get_backend_name() == "sqlite"

    async def close(self) -> None:
        """Give every connection back."""
        await self.writer.dispose()
        await self.reader.dispose()


def connect(
    url: str,
    *,
    role: Role,
    pool_size: int = 5,
    busy_seconds: float = BUSY_TIMEOUT_SECONDS,
    trust: Trust | None = None,
) -> Database:
    """Prepare both engines; nothing is opened until the first transaction.

    `busy_seconds` is how long a statement waits for somebody else's lock; on PostgreSQL also for
    a connection. A statement that takes three times as long is given up there.
    """
    parsed = make_url(url)
    if parsed.get_backend_name() == "sqlite":
        return Database(
            parsed,
            role,
            _sqlite(parsed, pool_size, busy_seconds, read=False),
            _sqlite(parsed, pool_size, busy_seconds, read=True),
            trust,
        )
    engine = _postgres(parsed, role, pool_size, busy_seconds)
    reader = engine.execution_options(postgresql_readonly=True)
    return Database(parsed, role, engine, reader, trust)


def sqlite_url(path: str) -> str:
    """The address of an embedded database file, which must be an absolute path."""
    return f"sqlite+aiosqlite:///{path}"


def _sqlite(url: URL, pool_size: int, busy_seconds: float, *, read: bool) -> AsyncEngine:
    # mode=rw: a server must never bring an empty database into being by a typing mistake.
    address = f"file:{quote(url.database or '')}?mode=rw"

    async def opened(*_args: Any, **_options: Any) -> InlineConnection:
        return await open_inline(address, busy_seconds=busy_seconds)

    engine = create_async_engine(
        url,
        async_creator=opened,
        hide_parameters=True,
        pool_size=pool_size,
        max_overflow=0,
        pool_timeout=30,
    )
    event.listen(engine.sync_engine, "connect", sqlite_pragmas(query_only=read))
    event.listen(engine.sync_engine, "begin", _begin("BEGIN" if read else "BEGIN IMMEDIATE"))
    event.listen(engine.sync_engine, "handle_error", _forget_spoilt_connections)
    return engine


def sqlite_pragmas(*, query_only: bool) -> Callable[[Any, Any], None]:
    """What each SQLite connection is told once."""
    pragmas = [
        "foreign_keys=ON",
        "recursive_triggers=ON",  # else INSERT OR REPLACE would slip past the append-only triggers
        "synchronous=FULL",
        # A writer must trust the schema: SQLite lets no trigger touch a search table otherwise.
        *(["query_only=ON", "trusted_schema=OFF"] if query_only else []),
    ]

    def apply(connection: Any, _record: Any) -> None:
        cursor = connection.cursor()
        for pragma in pragmas:
            cursor.execute(f"PRAGMA {pragma}")
        cursor.close()

    return apply


def _forget_spoilt_connections(context: ExceptionContext) -> None:
    # A file that was opened while it could not be written stays read-only for this connection,
    # also when the cause is gone. The pool drops what it holds, and the next call opens it anew.
    if isinstance(context.original_exception, sqlite3.Error):
        context.is_disconnect |= spoils_connections(context.original_exception)


def _begin(statement: str) -> Callable[[Connection], None]:
    # The driver's own BEGIN is off (isolation_level None): it would be a deferred one, and a
    # deferred transaction that turns into a writer fails instead of waiting its turn.
    def begin(connection: Connection) -> None:
        connection.exec_driver_sql(statement)

    return begin


def _postgres(url: URL, role: Role, pool_size: int, busy_seconds: float) -> AsyncEngine:
    settings = {
        "application_name": f"cyberos:{role.value}",
        "role": role.value,
        "timezone": "UTC",
        "lock_timeout": f"{int(busy_seconds * 1_000)}ms",
        "statement_timeout": f"{int(busy_seconds * 3_000)}ms",
        "idle_in_transaction_session_timeout": "60s",
        "search_path": "public",
    }
    return create_async_engine(
        url.set(drivername="postgresql+asyncpg"),
        connect_args={
            "async_creator_fn": postgres_login.connect,
            "server_settings": settings,
            "timeout": busy_seconds,
            # A timeout of our own, for a server that has stopped answering without hanging up.
            "command_timeout": busy_seconds * 3.5,
        },
        hide_parameters=True,  # values are other people's, and exceptions end up in logs
        pool_size=pool_size,
        max_overflow=0,
        pool_timeout=30,
    )
