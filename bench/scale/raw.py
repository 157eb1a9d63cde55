"""Baseline statements: the least an operation can cost, straight to the driver.

`sqlite3` and asyncpg, on the database that ours is measured on and with its durability. Statements
are written with `?`; PostgreSQL is told `$1`. What is written goes to tables of the floor's own.
"""

import hashlib
import itertools
import json
import sqlite3
from collections.abc import Sequence
from pathlib import Path
from typing import Any, Protocol

import asyncpg

from domain.kernel.folding import fold
from domain.kernel.ids import new_id

_CANDIDATES, _PAGE = 200, 20
_ACCOUNT = (
    "id, name, folded, account_type, vn_mst, vn_mst_status, vn_mst_checked_at, industry,"
    " address, lead_source, owner_id, created_at, version"
)
_FROM_SQLITE = (
    "SELECT account.id, account.name, account.folded FROM account_search"
    " CROSS JOIN account ON account.search_key = account_search.rowid"
    " WHERE account_search MATCH ? AND account.tenant_id = ? LIMIT ?"
)
_FROM_POSTGRESQL = (
    "SELECT id, name, folded FROM account"
    " WHERE search_words @@ CAST(CAST(? AS text) AS tsquery) AND tenant_id = ? LIMIT ?"
)
_TABLES = (
    "CREATE TABLE floor_deal (id text PRIMARY KEY, stage text, version bigint)",
    "CREATE TABLE floor_move (deal_id text, n bigint, said text, PRIMARY KEY (deal_id, n))",
    "CREATE TABLE floor_activity (id text PRIMARY KEY, said text)",
    "CREATE TABLE floor_outbox (id text PRIMARY KEY, topic text, payload text)",
    "CREATE TABLE floor_entry (seq bigint PRIMARY KEY, body text, hash text)",
    "CREATE TABLE floor_head (one bigint PRIMARY KEY, seq bigint, hash text)",
    "INSERT INTO floor_head VALUES (1, 0, '')",
    "INSERT INTO floor_deal VALUES ('deal', 'qualifying', 1)",
)


class Driver(Protocol):
    """A connection of its own, by whatever speaks to this kind of database."""

    begin: str

    async def rows(self, statement: str, *values: Any) -> Sequence[Any]:
        """What a statement answers, if anything."""
        ...

    async def close(self) -> None:
        """Hang up."""
        ...


class Sqlite:
    """The standard library's driver."""

    begin = "BEGIN IMMEDIATE"

    def __init__(self, path: Path) -> None:
        self._connection = sqlite3.connect(path, isolation_level=None)
        self._connection.execute("PRAGMA synchronous=FULL")

    async def rows(self, statement: str, *values: Any) -> Sequence[Any]:
        return self._connection.execute(statement, values).fetchall()

    async def close(self) -> None:
        self._connection.close()


class Postgres:
    """asyncpg, as somebody whom no row level security hinders."""

    begin = "BEGIN"

    def __init__(self, connection: Any) -> None:
        self._connection = connection

    @classmethod
    async def connected(cls, url: str) -> "Postgres":
        settings = {"plan_cache_mode": "force_custom_plan"}
        address = url.replace("+asyncpg", "", 1)
        return cls(await asyncpg.connect(address, server_settings=settings))

    async def rows(self, statement: str, *values: Any) -> Sequence[Any]:
        parts = statement.split("?")
        numbered = "".join(f"{part}${n}" for n, part in enumerate(parts[:-1], 1)) + parts[-1]
        rows: Sequence[Any] = await self._connection.fetch(numbered, *values)
        return rows

    async def close(self) -> None:
        await self._connection.close()


class Floor:
    """The operations, with nothing around them."""

    def __init__(self, driver: Driver, tenant_id: str) -> None:
        self._driver = driver
        self._tenant = tenant_id
        self._numbers = itertools.count(1)
        self._is_sqlite = isinstance(driver, Sqlite)

    async def prepare(self) -> None:
        """Make the tables that the floor writes to."""
        for statement in _TABLES:
            await self._driver.rows(statement)

    async def search(self, typed: str) -> int:
        """At most 200 candidates in no order, ranked here, and the rows of one page."""
        words = fold(typed).split()
        if self._is_sqlite:
            query = " AND ".join(
                [f'tenant_id : "{self._tenant}"', *(f'folded : "{word}" *' for word in words)]
            )
            statement = _FROM_SQLITE
        else:
            query = " & ".join(f"'{word}'" if len(word) <= 7 else f"'{word}':*" for word in words)
            statement = _FROM_POSTGRESQL
        found = await self._driver.rows(statement, query, self._tenant, _CANDIDATES)
        ranked = sorted((not row[2].startswith(words[0]), row[2], row[0]) for row in found)
        ids = [row[2] for row in ranked[:_PAGE]]
        if not ids:
            return 0
        marks = ", ".join("?" * len(ids))
        # Put together from our own constants and question marks, here and below.
        page = await self._driver.rows(
            f"SELECT {_ACCOUNT} FROM account WHERE tenant_id = ? AND id IN ({marks})",  # noqa: S608
            self._tenant,
            *ids,
        )
        return len(json.dumps([tuple(row) for row in page], default=str))

    async def account(self, id: str) -> None:
        """One row by its key."""
        await self._driver.rows(
            f"SELECT {_ACCOUNT} FROM account WHERE tenant_id = ? AND id = ?",  # noqa: S608
            self._tenant,
            id,
        )

    async def deals(self, limit: int) -> int:
        """Deals with the names of their accounts, and their JSON."""
        rows = await self._driver.rows(
            "SELECT deal.*, account.name FROM deal JOIN account"
            " ON account.tenant_id = deal.tenant_id AND account.id = deal.account_id"
            " WHERE deal.tenant_id = ? AND deal.status = 'open' ORDER BY deal.id DESC LIMIT ?",
            self._tenant,
            limit,
        )
        return len(json.dumps([tuple(row) for row in rows], default=str))

    async def move(self) -> None:
        """Read, update by version, history, outbox, chain; one durable commit."""
        tell, number = self._driver.rows, next(self._numbers)
        await tell(self._driver.begin)
        row = (await tell("SELECT stage, version FROM floor_deal WHERE id = ?", "deal"))[0]
        await tell("SELECT count(*) FROM floor_move WHERE deal_id = ?", str(number))
        await tell(
            "UPDATE floor_deal SET stage = ?, version = version + 1 WHERE id = ? AND version = ?",
            "discovery" if row[0] == "qualifying" else "qualifying", "deal", row[1],
        )  # fmt: skip
        await tell("INSERT INTO floor_move VALUES (?, ?, ?)", str(number), number, row[0])
        await self._promise_and_chain("deal.stage_moved")

    async def activity(self) -> None:
        """An activity, outbox, chain; one durable commit."""
        await self._driver.rows(self._driver.begin)
        await self._driver.rows("INSERT INTO floor_activity VALUES (?, ?)", new_id(), "a call")
        await self._promise_and_chain("activity.logged")

    async def _promise_and_chain(self, topic: str) -> None:
        tell, payload = self._driver.rows, json.dumps({"topic": topic, "deal_id": new_id()})
        await tell("INSERT INTO floor_outbox VALUES (?, ?, ?)", new_id(), topic, payload)
        head = "SELECT seq, hash FROM floor_head WHERE one = 1"
        seq, last = (await tell(head if self._is_sqlite else f"{head} FOR UPDATE"))[0]
        link = hashlib.sha256(f"{last}{payload}".encode()).hexdigest()
        await tell("INSERT INTO floor_entry VALUES (?, ?, ?)", seq + 1, payload, link)
        await tell("UPDATE floor_head SET seq = ?, hash = ? WHERE one = 1", seq + 1, link)
        await tell("COMMIT")
