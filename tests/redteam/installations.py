"""Installations to break: a demo that a test may damage as whoever holds the database can."""

import os
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import anyio
import asyncpg
from sqlalchemy import make_url

from server.app import run
from tests import postgres
from tests.cli.console import Place, environ
from tests.sqlite import by_hand

_MADE: dict[str, dict[str, str]] = {}


def embedded(paths, capsys) -> Place:
    """The embedded demo of this process, as it was made; tests damage copies of it."""
    return Place(_demo("sqlite", paths), capsys)


def a_copy(place: Place, folder: Path) -> Place:
    """A copy of an embedded installation, to damage."""
    shutil.copytree(place.data_dir, folder)
    return Place({"CYBEROS_DATA_DIR": str(folder)}, place.capsys)


def served(paths, capsys) -> Place:
    """The demo of this process on PostgreSQL; whoever damages it mends it again."""
    return Place(_demo("postgresql", paths), capsys)


def _demo(kind: str, paths) -> dict[str, str]:
    if kind not in _MADE:
        env = {"CYBEROS_DATA_DIR": str(paths.mktemp("redteam") / "data")}
        if kind == "postgresql":
            worker = os.environ.get("PYTEST_XDIST_WORKER", "main")
            name = f"{postgres.PREFIX}{worker}_redteam"
            env["CYBEROS_DATABASE_URL"] = anyio.run(postgres.create_database, name)
        with environ(env):
            assert run(["init", "--demo"]) == 0
        _MADE[kind] = env
    return _MADE[kind]


@contextmanager
def damaged(place: Place, *statements: str) -> Iterator[None]:
    """The schema after these statements; each is `damage` or, on PostgreSQL, `damage --; undo`."""
    for one in statements:
        by_statement(place, one.partition("--;")[0])
    try:
        yield
    finally:
        for one in reversed(statements):
            by_statement(place, one.partition("--;")[2])


def by_statement(place: Place, statement: str) -> None:
    """Carry it out as somebody who holds the database, and whom nothing is in the way of."""
    if place.is_embedded:
        with by_hand(place.data_dir / "cyberos.db") as raw:
            raw.execute("PRAGMA writable_schema=ON")
            raw.executescript(statement)
        return

    async def execute() -> None:
        url = make_url(place.env["CYBEROS_DATABASE_URL"]).set(drivername="postgresql")
        connection = await asyncpg.connect(url.render_as_string(hide_password=False))
        try:
            await connection.execute(statement)
        finally:
            await connection.close()

    if statement.strip():
        anyio.run(execute)
