"""SQLite file: how is it copied while it is in use, checked, and made ready again?

The only place besides the engine that opens SQLite files; nothing here knows what is in them.
"""

import os
import sqlite3
from contextlib import closing
from pathlib import Path
from urllib.parse import quote

from domain.kernel.faults import Fault, Kind
from domain.store.engine import BUSY_TIMEOUT_SECONDS

SIDE_FILES = ("-wal", "-shm", "-journal")  # SQLite's own, of no use to another main file
_MOST_PROBLEMS = 20


def copy(source: Path, target: Path) -> None:
    """Write a copy as of one moment into a new file (0600), while others read and write.

    The copy is one file without a log beside it. Raises DATABASE_MISSING, DATABASE_DAMAGED,
    STORAGE_FULL or DATABASE_BUSY.
    """
    if not source.is_file():
        raise Fault(
            "DATABASE_MISSING",
            Kind.UNAVAILABLE,
            "There is no database where the settings point.",
            "run `cyberos init`, or correct CYBEROS_DATABASE_URL or CYBEROS_DATA_DIR.",
        )
    os.close(os.open(target, os.O_CREAT | os.O_EXCL | os.O_RDWR, 0o600))
    try:
        with closing(open_file(source)) as one, closing(open_file(target)) as other:
            # In a single step SQLite copies one snapshot. In several, a busy writer would make it
            # begin again and again.
            one.backup(other)
            other.execute("PRAGMA journal_mode=DELETE")
    except sqlite3.Error as error:
        raise _fault(error) from error
    _sync(target)


def problems(path: Path) -> list[str]:
    """What SQLite's own check says is wrong with the file; nothing if it is sound."""
    try:
        with closing(open_file(path)) as connection:
            rows = connection.execute("PRAGMA quick_check").fetchmany(_MOST_PROBLEMS)
    except sqlite3.DatabaseError as error:
        if _is_busy(error):
            raise _fault(error) from error
        return ["the file is not a readable SQLite database"]
    return [] if rows == [("ok",)] else [str(row[0]) for row in rows]


def use_write_ahead_log(path: Path) -> None:
    """Bring a copy into the mode the program works in: readers never wait for the writer."""
    try:
        with closing(open_file(path)) as connection:
            connection.execute("PRAGMA journal_mode=WAL")
    except sqlite3.Error as error:
        raise _fault(error) from error
    _sync(path)


def is_open_elsewhere(path: Path) -> bool:
    """Whether another process has the database open at this moment.

    A damaged file is open nowhere: whoever could read it would have said so.
    """
    try:
        with closing(open_file(path, seconds=1)) as connection:
            # Leaving the write-ahead log needs to be alone, and folds the log into the file.
            connection.execute("PRAGMA journal_mode=DELETE")
            connection.execute("BEGIN EXCLUSIVE")
            connection.execute("ROLLBACK")
            connection.execute("PRAGMA journal_mode=WAL")
    except sqlite3.Error as error:
        return _is_busy(error)
    return False


def open_file(path: Path, *, seconds: int = BUSY_TIMEOUT_SECONDS) -> sqlite3.Connection:
    """A connection that commits by itself, to a file that is there; its schema is not trusted."""
    address = f"file:{quote(str(path.absolute()))}?mode=rw"
    connection = sqlite3.connect(address, uri=True, timeout=seconds, isolation_level=None)
    connection.execute("PRAGMA trusted_schema=OFF")
    return connection


def _sync(path: Path) -> None:
    handle = os.open(path, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)


def _is_busy(error: sqlite3.Error) -> bool:
    primary = (getattr(error, "sqlite_errorcode", 0) or 0) & 0xFF
    return primary in (sqlite3.SQLITE_BUSY, sqlite3.SQLITE_LOCKED)


def _fault(error: sqlite3.Error) -> Fault:
    primary = (getattr(error, "sqlite_errorcode", 0) or 0) & 0xFF
    if primary in (sqlite3.SQLITE_BUSY, sqlite3.SQLITE_LOCKED):
        return Fault(
            "DATABASE_BUSY",
            Kind.UNAVAILABLE,
            "The database is busy with somebody else's work.",
            "repeat the command in a few seconds.",
        )
    if primary in (sqlite3.SQLITE_FULL, sqlite3.SQLITE_IOERR, sqlite3.SQLITE_CANTOPEN):
        return Fault(
            "STORAGE_FULL",
            Kind.UNAVAILABLE,
            "The copy could not be written.",
            "free space, or choose another place.",
        )
    return Fault(
        "DATABASE_DAMAGED",
        Kind.UNAVAILABLE,
        "The database file is damaged.",
        "keep it, and restore the newest backup with `cyberos restore`.",
    )
