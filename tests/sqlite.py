"""A database file opened by hand: to look into it, or to break it."""

import sqlite3
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path


@contextmanager
def by_hand(file: Path | str) -> Iterator[sqlite3.Connection]:
    """A connection that commits and is closed at the end; its own context would leave it open."""
    with closing(sqlite3.connect(file)) as connection, connection:
        yield connection


@contextmanager
def without_triggers(file: Path | str) -> Iterator[sqlite3.Connection]:
    """The same while no trigger speaks; afterwards each is there again."""
    with by_hand(file) as connection:
        triggers = connection.execute("SELECT name, sql FROM sqlite_master WHERE type = 'trigger'")
        kept = triggers.fetchall()
        for name, _ in kept:
            connection.execute(f'DROP TRIGGER "{name}"')
        yield connection
        for _, statement in kept:
            connection.execute(statement)
