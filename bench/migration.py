"""Migration benchmark: how many times as long as its statements straight to the driver?

In turns, each into a new database and in one commit. Modules are imported before: what they cost
is paid once by `cyberos migrate`, and never by a server.
"""

import asyncio
import os
import sqlite3
import tempfile
import time
from collections.abc import Awaitable, Callable
from contextlib import closing
from pathlib import Path
from typing import Any

import asyncpg
from sqlalchemy import event, make_url

from domain.store.engine import Role, connect, sqlite_pragmas, sqlite_url
from domain.store.migrations import runner, sending
from domain.store.wires import Wires
from server import wiring
from tests import postgres

_ROUNDS = 7
_CHANGES = ("CREATE", "ALTER", "DROP", "GRANT", "REVOKE", "INSERT INTO ALEMBIC")
# An embedded database answers at once, so there one sees what SQLAlchemy needs to make the tables
# and to word them: five times what SQLite takes for all of it (docs/decisions/0023).
LIMITS = {"sqlite": 8.0, "postgresql": 2.0}


def figures() -> dict[str, dict[str, Any]]:
    """Both figures by their names."""
    wires = wiring.wires()
    with tempfile.TemporaryDirectory(prefix="cyberos-migration-") as directory:
        embedded = asyncio.run(_embedded(Path(directory), wires))
    with postgres.offered():
        served = asyncio.run(_served(wires))
    return {"migrate_empty_sqlite": embedded, "migrate_empty_postgresql": served}


async def _embedded(directory: Path, wires: Wires) -> dict[str, Any]:
    files = iter(directory / f"{number}.db" for number in range(3 * _ROUNDS))

    async def new() -> str:
        return sqlite_url(str(next(files)))

    async def raw(url: str, statements: list[str]) -> None:
        file = make_url(url).database or ""
        with closing(sqlite3.connect(file, isolation_level=None)) as connection:
            sqlite_pragmas(query_only=False)(connection, None)
            for statement in ("BEGIN IMMEDIATE", *statements, "COMMIT", "PRAGMA journal_mode=WAL"):
                connection.execute(statement)

    return await _figure(new, raw, wires)


async def _served(wires: Wires) -> dict[str, Any]:
    async def new() -> str:
        url = await postgres.create_database(f"{postgres.PREFIX}migration")
        await runner.prepare_roles(make_url(url))
        return url

    async def raw(url: str, statements: list[str]) -> None:
        address = url.replace("+asyncpg", "", 1)
        connection = await asyncpg.connect(address, server_settings={"role": Role.OWNER.value})
        async with connection.transaction():
            for statement in statements:
                await connection.execute(statement)
        await connection.close()

    return await _figure(new, raw, wires)


async def _figure(
    new: Callable[[], Awaitable[str]],
    raw: Callable[[str, list[str]], Awaitable[None]],
    wires: Wires,
) -> dict[str, Any]:
    statements = await _said(await new())
    ours, floor = [], []
    for _ in range(_ROUNDS):
        url = await new()
        ours.append(await _seconds(runner.migrate(url, wires)))
        url = await new()
        floor.append(await _seconds(raw(url, statements)))
    ratio, limit = round(min(ours) / min(floor), 2), LIMITS[make_url(url).get_backend_name()]
    return {
        "ratio": ratio,
        "ours_ms": round(min(ours) * 1_000, 1),
        "floor_ms": round(min(floor) * 1_000, 1),
        "of": f"minimum of {_ROUNDS} databases, {len(statements)} statements",
        "limit": limit,
        "ok": ratio <= limit,
    }


async def _said(url: str) -> list[str]:
    """Every statement that makes the database, one by one."""
    said: list[str] = []

    def listen(*heard: Any) -> None:
        statement = heard[2].strip()
        block = sending.in_one_block(statement)
        if block or statement.upper().startswith(_CHANGES):
            said.extend(block or [statement])

    if url.startswith("sqlite"):
        os.close(os.open(make_url(url).database or "", os.O_CREAT))
    database = connect(url, role=Role.OWNER, pool_size=1)
    event.listen(database.writer.sync_engine, "before_cursor_execute", listen)
    async with database.writer.begin() as connection:
        await connection.run_sync(runner.upgrade, frozenset())
    await database.close()
    return said


async def _seconds(work: Awaitable[None]) -> float:
    begun = time.perf_counter()
    await work
    return time.perf_counter() - begun
