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
