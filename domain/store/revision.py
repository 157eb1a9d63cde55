"""Revision check: is the database of the revision this program was written for?"""

import os
import re
from pathlib import Path

from sqlalchemy import text
from sqlalchemy.exc import DBAPIError

from domain.kernel.faults import Fault, Kind
from domain.store.engine import Database
from domain.store.errors import as_fault

# The newest revision is the greatest number in the name of a script: `v0001_baseline.py`.
_SCRIPT = re.compile(r"v(\d{4})_\w+\.py$")


def newest() -> str:
    """The number of the newest script there is."""
    return max(
        found[1]
        for name in os.listdir(Path(__file__).parent / "migrations" / "versions")
        if (found := _SCRIPT.match(name))
    )


HEAD = newest()


async def check_revision(database: Database) -> None:
    """Raise SCHEMA_OLD, SCHEMA_NEW or SCHEMA_MISSING, each with the one thing to do."""
    if (found := await found_revision(database)) < HEAD:
        raise _fault(
            "SCHEMA_OLD", f"The database is at revision {found}, not {HEAD}.", "cyberos migrate"
        )


async def found_revision(database: Database) -> str:
    """The revision of the database, at most ours; raises SCHEMA_NEW or SCHEMA_MISSING."""
    try:
        async with database.reader.connect() as connection:
            found = await connection.scalar(text("select version_num from alembic_version"))
    except (DBAPIError, OSError) as error:
        if _no_such_table(error):
            raise _fault("SCHEMA_MISSING", "The database is empty.", "cyberos init") from error
        raise as_fault(error) from error
    if found is None:
        raise _fault("SCHEMA_MISSING", "The database is empty.", "cyberos init")
    if found > HEAD:
        raise Fault(
            "SCHEMA_NEW",
            Kind.UNAVAILABLE,
            "The database was written by a newer CyberOS.",
            "install that version; this one must not touch it.",
        )
    return str(found)


def _fault(code: str, message: str, command: str) -> Fault:
    return Fault(code, Kind.UNAVAILABLE, message, f"run `{command}`.")


def _no_such_table(error: Exception) -> bool:
    origin = getattr(error, "orig", None)
    missing = getattr(origin, "sqlstate", None) == "42P01"
    return missing or "no such table" in str(origin)
