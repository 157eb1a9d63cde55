"""Inline SQLite: no thread; it runs where it is called, and waits asynchronously.

The usual asynchronous driver hands every statement to a thread of its own. The hop costs several
times what the statement does, and a call of ours makes a dozen of them. SQLite answers in
microseconds, so its statements run right here; only one thing takes long, waiting for somebody
else's transaction, and that is done by sleeping and trying again, so the event loop goes on.

The classes have the shape of aiosqlite's, which is what SQLAlchemy's dialect talks to. `fetched`
and `run` are for statements that go past it (domain/store/direct.py).
"""

import random
import sqlite3
import time
from collections.abc import Callable, Sequence
from typing import Any, Self, TypeVar

import anyio

_FIRST_PAUSE_SECONDS = 0.001
_LONGEST_PAUSE_SECONDS = 0.05

Result = TypeVar("Result")


class InlineConnection:
    """A connection whose methods can be awaited and seldom make anybody wait."""

    def __init__(self, connection: sqlite3.Connection, busy_seconds: float) -> None:
        self._connection: sqlite3.Connection | None = connection
        self._busy_seconds = busy_seconds

    @property
    def _conn(self) -> sqlite3.Connection:
        if self._connection is None:
            raise ValueError("no active connection")  # what the dialect expects to hear
        return self._connection

    @property
    def isolation_level(self) -> str | None:
        return self._conn.isolation_level

    def cursor(self) -> "InlineCursor":
        """A new cursor; the dialect enters it as a context."""
        return InlineCursor(self, self._conn.cursor())

    async def patiently(self, attempt: Callable[[], Result]) -> Result:
        """Do it, again and again while somebody else holds the database.

        The pauses grow and are of random length, so that many waiting processes take turns;
        SQLite's own waiting lets one of them starve.
        """
        deadline = time.monotonic() + self._busy_seconds
        pause = _FIRST_PAUSE_SECONDS
        while True:
            try:
                return attempt()
            except sqlite3.OperationalError as error:
                busy = error.sqlite_errorcode & 0xFF in (sqlite3.SQLITE_BUSY, sqlite3.SQLITE_LOCKED)
                if not busy or time.monotonic() >= deadline:
                    raise
            await anyio.sleep(pause * random.uniform(0.5, 1.5))  # noqa: S311 - not a secret
            pause = min(pause * 2, _LONGEST_PAUSE_SECONDS)

    async def fetched(self, text: str, values: Sequence[Any]) -> tuple[list[str], list[Any]]:
        """The names of the columns, and every row."""
        cursor = await self.patiently(lambda: self._conn.execute(text, values))
        return [column[0] for column in cursor.description or ()], cursor.fetchall()

    async def run(self, text: str, rows: Sequence[Sequence[Any]]) -> int:
        """How many rows a change met, carried out with each of these values."""
        return (await self.patiently(lambda: self._conn.executemany(text, rows))).rowcount

    def is_closed(self) -> bool:
        return self._connection is None

    def is_in_transaction(self) -> bool:
        return self._connection is not None and self._connection.in_transaction

    async def commit(self) -> None:
        await self.patiently(self._conn.commit)

    async def rollback(self) -> None:
        self._conn.rollback()

    async def create_function(self, *args: Any, **options: Any) -> None:
        self._conn.create_function(*args, **options)

    async def close(self) -> None:
        self.stop()

    def stop(self) -> None:
        """Close at once; also what the pool does to a connection nobody gave back."""
        if self._connection is not None:
            self._connection.close()
            self._connection = None


class InlineCursor:
    """A cursor that runs its statements where it is called."""

    def __init__(self, owner: InlineConnection, cursor: sqlite3.Cursor) -> None:
        self._owner = owner
        self._cursor = cursor

    async def __aenter__(self) -> Self:
        return self

    @property
    def description(self) -> Any:
        return self._cursor.description

    @property
    def rowcount(self) -> int:
        return self._cursor.rowcount

    @property
    def lastrowid(self) -> int | None:
        return self._cursor.lastrowid

    @property
    def arraysize(self) -> int:
        return self._cursor.arraysize

    @arraysize.setter
    def arraysize(self, value: int) -> None:
        self._cursor.arraysize = value

    async def execute(self, operation: str, parameters: Sequence[Any] = ()) -> Self:
        await self._owner.patiently(lambda: self._cursor.execute(operation, parameters))
        return self

    async def executemany(self, operation: str, parameters: Sequence[Sequence[Any]]) -> Self:
        await self._owner.patiently(lambda: self._cursor.executemany(operation, parameters))
        return self

    async def fetchone(self) -> Any:
        return self._cursor.fetchone()

    async def fetchmany(self, size: int | None = None) -> list[Any]:
        return self._cursor.fetchmany(size or self._cursor.arraysize)

    async def fetchall(self) -> list[Any]:
        return self._cursor.fetchall()

    async def close(self) -> None:
        self._cursor.close()


async def open_inline(address: str, *, busy_seconds: float) -> InlineConnection:
    """Open a database file by its URI, in autocommit mode: transactions are begun by hand."""
    connection = sqlite3.connect(
        address, uri=True, timeout=0, isolation_level=None, check_same_thread=False
    )
    return InlineConnection(connection, busy_seconds)
