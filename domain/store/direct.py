"""Direct execution: a prepared statement straight to the driver, in SQLAlchemy's transaction.

Connections, transactions, their ends and the exceptions stay SQLAlchemy's; only the execution of
statements that are made once is ours (docs/decisions/0021).
"""

import sqlite3
from collections.abc import Mapping, Sequence
from typing import Any, NoReturn

from sqlalchemy.exc import DBAPIError, IntegrityError
from sqlalchemy.ext.asyncio import AsyncConnection

from domain.store.errors import spoils_connections
from domain.store.inline import InlineConnection
from domain.store.prepared import PreparedQuery

# SQLSTATE (PostgreSQL documentation, appendix A).
_INTEGRITY = "23"  # a class of them
_STALE = "0A000"  # among others: a table has changed since this connection prepared the statement


class Direct:
    """The driver under the connection of a transaction that has begun."""

    def __init__(self, connection: AsyncConnection) -> None:
        below = connection.sync_connection
        assert below is not None
        self._connection = connection
        self._driver: Any = below.connection.driver_connection

    def check_open(self) -> None:
        """Whoever goes on after a failure that ended the transaction, or after its block, must
        not: SQLite would carry a statement out all the same, and nobody could take it back.
        """
        is_open = self._connection.in_transaction() and self._driver.is_in_transaction()
        assert is_open, "the transaction is over"

    async def rows(self, query: PreparedQuery, values: Mapping[str, Any]) -> list[Any]:
        """Every row of the answer, as named tuples."""
        self.check_open()
        compiled = query.compiled(self._connection.dialect, values)
        given = compiled.values(values)
        try:
            names, found = await self._fetched(compiled.text, given)
        except BaseException as error:
            await self._failed(compiled.text, error)
        return compiled.rows(names, found) if found else []

    async def run(self, change: PreparedQuery, *rows: Mapping[str, Any]) -> int:
        """Carry out a change with these values, or with each of several; how many rows it met."""
        self.check_open()
        compiled = change.compiled(self._connection.dialect, rows[0], is_change=True)
        given = [compiled.values(values) for values in rows]
        try:
            return await self._run(compiled.text, given)
        except BaseException as error:
            await self._failed(compiled.text, error)

    async def _fetched(self, text: str, values: list[Any]) -> tuple[Any, Sequence[Any]]:
        if isinstance(self._driver, InlineConnection):
            return await self._driver.fetched(text, values)
        records = await self._driver.fetch(text, *values)
        return (tuple(records[0].keys()), records) if records else ((), ())

    async def _run(self, text: str, rows: list[list[Any]]) -> int:
        if isinstance(self._driver, InlineConnection):
            return await self._driver.run(text, rows)
        if len(rows) > 1:
            await self._driver.executemany(text, rows)
            return len(rows)
        status: str = await self._driver.execute(text, *rows[0])
        return int(status.rpartition(" ")[2])

    async def _failed(self, text: str, error: BaseException) -> NoReturn:
        """Say it as SQLAlchemy would, without the values; a connection that may go on failing, or
        that was left in the middle of something, is given up.
        """
        state = getattr(error, "sqlstate", None) or ""
        if isinstance(error, sqlite3.IntegrityError) or state.startswith(_INTEGRITY):
            raise IntegrityError(text, None, error) from error
        lost = self._driver.is_closed()
        if isinstance(error, sqlite3.Error):
            gone = spoils_connections(error)
        else:
            gone = lost or state in ("", _STALE)
        if gone:
            await self._connection.invalidate()
        is_of_driver = isinstance(error, sqlite3.Error) or state or lost
        if is_of_driver and isinstance(error, Exception):
            raise DBAPIError(text, None, error, connection_invalidated=gone) from error
        raise error
