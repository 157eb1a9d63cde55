"""Copies of a provisioned database: how does each test get one for the price of copying rows?

A worker provisions its companies once, keeps what then stands in the database, and puts it back
before each world. On SQLite that is a file beside the file; on PostgreSQL, where a new database
costs more than provisioning, a schema of plain tables beside the real ones.

    kept = copies.of(url)
    await kept.take()          # nobody may be connected
    await kept.put_back()      # whatever happened since then has not
"""

import shutil
from pathlib import Path
from typing import Protocol

import asyncpg
from sqlalchemy import make_url

from tests.sqlite import by_hand

TIMEOUT_SECONDS = 30


class Copy(Protocol):
    """What stood in a database at one moment."""

    async def take(self) -> None:
        """Keep what stands there now."""

    async def put_back(self) -> None:
        """Let the same stand there again, and nothing else."""


def of(url: str) -> Copy:
    """The copy of a database, which is yet to be taken."""
    parsed = make_url(url)
    if parsed.get_backend_name() == "sqlite":
        return _File(Path(parsed.database or ""))
    return _Schema(url.replace("+asyncpg", "", 1))


class _File:
    """The database file, with its log folded in."""

    def __init__(self, file: Path) -> None:
        self._file = file
        self._kept = file.with_name(f"{file.name}.provisioned")

    async def take(self) -> None:
        with by_hand(self._file) as connection:
            busy, *_ = connection.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchone()
        assert not busy, f"somebody still holds {self._file}"
        shutil.copy(self._file, self._kept)

    async def put_back(self) -> None:
        # A new file: whoever has not let go of the old one keeps that to itself.
        for leftover in ("", "-wal", "-shm"):
            self._file.with_name(f"{self._file.name}{leftover}").unlink(missing_ok=True)
        shutil.copy(self._kept, self._file)


_COLUMNS = """
SELECT c.relname AS name, string_agg(quote_ident(a.attname), ', ' ORDER BY a.attnum) AS columns
  FROM pg_class c
  JOIN pg_attribute a ON a.attrelid = c.oid AND a.attnum > 0 AND NOT a.attisdropped
 WHERE c.relnamespace = 'public'::regnamespace AND c.relkind = 'r' AND a.attgenerated = ''
 GROUP BY c.relname ORDER BY c.relname
"""
_STEPS = (
    "CREATE TABLE provisioned.{0} AS SELECT {1} FROM public.{0}",
    "DELETE FROM public.{0}",
    "SELECT count(*) FROM provisioned.{0}",
    "INSERT INTO public.{0} ({1}) OVERRIDING SYSTEM VALUE SELECT * FROM provisioned.{0}",
)
# Whoever a test has left behind in a transaction would be waited for.
_ALONE = """
SELECT pg_terminate_backend(pid) FROM pg_stat_activity
 WHERE datname = current_database() AND pid <> pg_backend_pid()
"""


class _Schema:
    """The rows of every table, in a schema that no role of the program can see.

    Rows are deleted and inserted as replication does it: no trigger stands in the way.
    """

    def __init__(self, url: str) -> None:
        self._url = url
        self._restoring = ""

    async def take(self) -> None:
        connection = await asyncpg.connect(self._url)
        try:
            await connection.execute(
                "DROP SCHEMA IF EXISTS provisioned CASCADE; CREATE SCHEMA provisioned"
            )
            steps = [_ALONE, "SET LOCAL session_replication_role = replica"]
            for table, columns in await connection.fetch(_COLUMNS):
                keep, empty, count, fill = (step.format(table, columns) for step in _STEPS)
                await connection.execute(keep)
                steps += [empty, fill] if await connection.fetchval(count) else [empty]
            self._restoring = ";\n".join(steps)
        finally:
            await connection.close()

    async def put_back(self) -> None:
        connection = await asyncpg.connect(self._url, timeout=TIMEOUT_SECONDS)
        try:
            async with connection.transaction():
                await connection.execute(self._restoring, timeout=TIMEOUT_SECONDS)
        finally:
            await connection.close()
