"""Database errors: what does it mean for the caller when the database fails?"""

import sqlite3

from sqlalchemy.exc import DBAPIError
from sqlalchemy.exc import TimeoutError as PoolTimeout

from domain.kernel.faults import Fault, Kind

_SQLITE_FAULTS = {
    sqlite3.SQLITE_BUSY: "DATABASE_BUSY",
    sqlite3.SQLITE_LOCKED: "DATABASE_BUSY",
    sqlite3.SQLITE_FULL: "STORAGE_FULL",
    sqlite3.SQLITE_IOERR: "STORAGE_FAILED",
    sqlite3.SQLITE_READONLY: "STORAGE_READ_ONLY",
    sqlite3.SQLITE_CORRUPT: "DATABASE_DAMAGED",
    sqlite3.SQLITE_NOTADB: "DATABASE_DAMAGED",
    sqlite3.SQLITE_CANTOPEN: "DATABASE_MISSING",
}
# What a file system says of a full disk, a quota or a file that may not grow.
_NO_ROOM = {sqlite3.SQLITE_IOERR_WRITE, sqlite3.SQLITE_IOERR_TRUNCATE, sqlite3.SQLITE_IOERR_SHMSIZE}

# SQLSTATE prefixes (PostgreSQL documentation, appendix A).
_POSTGRES_FAULTS = {
    "53100": "STORAGE_FULL",
    "25006": "STORAGE_READ_ONLY",
    "55P03": "DATABASE_BUSY",
    "57014": "DATABASE_BUSY",
    "40001": "DATABASE_BUSY",
    "40P01": "DATABASE_BUSY",
    "53300": "DATABASE_BUSY",
    "XX001": "DATABASE_DAMAGED",
    "XX002": "DATABASE_DAMAGED",
    "42501": "DATABASE_ROLE_DENIED",
    "3D000": "DATABASE_MISSING",
    "42P01": "DATABASE_DAMAGED",
}

_SENTENCES = {
    "DATABASE_BUSY": (
        "The database is busy with somebody else's work.",
        "nothing was changed; repeat the call in a few seconds.",
    ),
    "STORAGE_FULL": (
        "The disk could not take the write.",
        "nothing was changed; an operator frees space, then repeat the call.",
    ),
    "STORAGE_FAILED": (
        "The disk failed to read or write.",
        "nothing was changed; an operator checks the disk before anything else.",
    ),
    "STORAGE_READ_ONLY": (
        "The database cannot be written.",
        "nothing was changed; an operator checks the file and its folder.",
    ),
    "DATABASE_DAMAGED": (
        "The database file is damaged.",
        "stop, and restore the newest backup with `cyberos restore`.",
    ),
    "DATABASE_MISSING": (
        "There is no database where the settings point, or this account may not open it.",
        "run `cyberos init`, or correct CYBEROS_DATABASE_URL or CYBEROS_DATA_DIR.",
    ),
    "DATABASE_ROLE_DENIED": (
        "The database does not let this process do that.",
        "use the command that has the right role; see docs/operating.md.",
    ),
    "DATABASE_UNAVAILABLE": (
        "The database does not answer.",
        "nothing was changed; repeat the call in a few seconds.",
    ),
}


_LOST_COMMIT = (
    "The database went away while it was committing: the change may or may not be written.",
    "look before you repeat the call; with the same idempotency_key it is safe to repeat.",
)


def as_fault(error: Exception, *, committing: bool = False) -> Fault:
    """Translate a driver's failure; an unknown one stays our mistake and is raised again."""
    code = _code(error)
    message, hint = _SENTENCES[code]
    if committing and code == "DATABASE_UNAVAILABLE":
        message, hint = _LOST_COMMIT
    return Fault(code, Kind.UNAVAILABLE, message, hint)


def spoils_connections(error: sqlite3.Error) -> bool:
    """Whether a connection that met this failure may go on failing when the cause is gone."""
    return (_sqlite_code(error) or "DATABASE_BUSY") != "DATABASE_BUSY"


def _code(error: Exception) -> str:
    if isinstance(error, PoolTimeout):
        return "DATABASE_BUSY"
    if isinstance(error, OSError):
        return "DATABASE_UNAVAILABLE"
    if not isinstance(error, DBAPIError):
        raise error
    origin = error.orig
    if isinstance(origin, sqlite3.Error):
        if code := _sqlite_code(origin):
            return code
        if "no such table" in str(origin):  # the file was emptied while we were at work
            return "DATABASE_DAMAGED"
    state = getattr(origin, "sqlstate", None)
    if state in _POSTGRES_FAULTS:
        return _POSTGRES_FAULTS[state]
    if error.connection_invalidated or (state or "")[:2] in {"08", "57"}:
        return "DATABASE_UNAVAILABLE"
    raise error


def _sqlite_code(error: sqlite3.Error) -> str | None:
    number = getattr(error, "sqlite_errorcode", 0)
    return "STORAGE_FULL" if number in _NO_ROOM else _SQLITE_FAULTS.get(number & 0xFF)
