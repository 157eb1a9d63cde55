"""Rebuilding: how does a database come back from its rows alone, whatever its schema has become?"""

# ruff: noqa: S608 - the names in the statements come from a schema of ours

import sqlite3
from contextlib import closing
from pathlib import Path
from urllib.parse import quote

from domain.kernel.faults import Fault, Kind
from domain.store import audit_source, sqlite_file
from domain.store.engine import Role, connect, sqlite_url
from domain.store.migrations import runner
from domain.store.revision import found_revision
from domain.store.wires import Wires


async def rebuild(source: Path, target: Path, wires: Wires) -> list[str]:
    """Make the schema of the source's revision, load the rows, bring both to the newest revision.

    Of the source nothing is taken but rows of our tables; the names of its other tables come back.
    Raises SCHEMA_MISSING, SCHEMA_NEW, BACKUP_INVALID.
    """
    copy = audit_source.open_copy(source)
    try:
        revision = await found_revision(copy)
    finally:
        await copy.close()
    if revision not in runner.revisions():
        raise _invalid(f"it is of revision {revision[:20]}, which there never was")
    runner.create_file(target)
    database = connect(sqlite_url(str(target)), role=Role.OWNER, pool_size=1)
    try:
        async with database.writer.begin() as connection:
            await connection.run_sync(runner.run_revisions, revision)
    finally:
        await database.close()
    left_behind = _load_rows(source, target)
    await runner.migrate(sqlite_url(str(target)), wires)
    return left_behind


def _load_rows(source: Path, target: Path) -> list[str]:
    """Fill the tables of one file with the rows of the other, and leave all else of that behind.

    What the target's triggers say about new rows is not asked: these were written long ago. Says
    which further tables the source has. BACKUP_INVALID if it lacks one, or a row does not fit in.
    """
    try:
        with closing(sqlite_file.open_file(target)) as connection:
            connection.execute("PRAGMA foreign_keys=OFF")
            connection.execute("ATTACH ? AS source", (f"file:{quote(str(source))}?mode=ro",))
            connection.execute("BEGIN IMMEDIATE")
            made = "SELECT name, sql FROM main.sqlite_master WHERE type = 'trigger'"
            triggers = connection.execute(made).fetchall()
            for name, _ in triggers:
                connection.execute(f'DROP TRIGGER "{name}"')
            left_behind = _load_tables(connection)
            for _, statement in triggers:
                connection.execute(statement)
            connection.execute("COMMIT")
    except sqlite3.DatabaseError as error:
        raise _invalid("its tables are not those of this program") from error
    return left_behind


def _load_tables(connection: sqlite3.Connection) -> list[str]:
    ours, searches = _tables(connection, "main")
    theirs, _ = _tables(connection, "source")
    for table in ours:
        listed = f"SELECT name FROM main.pragma_table_xinfo('{table}') WHERE hidden = 0"
        names = ", ".join(f'"{name}"' for (name,) in connection.execute(listed))
        if table not in theirs:
            raise sqlite3.DatabaseError(f"no table {table}")
        connection.execute(f'DELETE FROM main."{table}"')
        connection.execute(
            f'INSERT INTO main."{table}" ({names}) SELECT {names} FROM source."{table}"'
            " ORDER BY rowid"
        )
    for search in searches:
        connection.execute(f"INSERT INTO main.{search} ({search}) VALUES ('rebuild')")
    return [name for name in theirs if name not in ours]


def _tables(connection: sqlite3.Connection, of: str) -> tuple[list[str], list[str]]:
    """The plain tables, and those that index words; what SQLite keeps for itself is neither."""
    listed = f"SELECT name, type FROM pragma_table_list WHERE schema = '{of}' ORDER BY name"
    found = [row for row in connection.execute(listed) if not row[0].startswith("sqlite_")]
    return (
        [name for name, kind in found if kind == "table"],
        [name for name, kind in found if kind == "virtual"],
    )


def _invalid(why: str) -> Fault:
    return Fault(
        "BACKUP_INVALID",
        Kind.INVALID,
        f"This is not a backup that can be restored: {why}.",
        "take another one; nothing was changed.",
    )
