"""Triggers: how do guards become statements, and which revision renders them how?

A revision names the version it was written with. A better renderer is a new file and a new number
here, together with a migration that makes anew what it renders differently.
"""

from collections.abc import Iterable, Iterator

from alembic import op
from sqlalchemy import Connection, Table

from domain.store.guards import Guard
from domain.store.migrations import searching_v1, searching_v2, triggers_v1
from domain.store.migrations.sending import send

NEWEST = 1
_RENDERERS = {1: triggers_v1.Renderer}
_PREPARATIONS = {1: (triggers_v1.PREPARATION, searching_v1.PREPARATION)}
_SEARCH = {1: searching_v1.statements, 2: searching_v2.statements}
_NEWEST_SEARCH = 2


def prepare(*, version: int) -> None:
    """Make the functions that triggers and search of PostgreSQL need."""
    send(op.get_bind(), preparation(op.get_bind(), version=version))


def guard(table: Table, *guards: Guard, version: int) -> None:
    """Put the guards on a table, in a migration."""
    send(op.get_bind(), statements(op.get_bind(), table, guards, version=version))


def make_searchable(table: Table, words: str = "folded", *, version: int) -> None:
    """Make the index of the words in this column, in a migration."""
    send(op.get_bind(), searchable(op.get_bind(), table, words, version=version))


def statements(
    connection: Connection, table: Table, guards: Iterable[Guard], *, version: int = NEWEST
) -> Iterator[str]:
    """What puts the guards on the table."""
    columns = [column.name for column in table.columns]
    return _RENDERERS[version](connection.dialect, table.name, columns).statements(guards)


def preparation(connection: Connection, *, version: int = NEWEST) -> tuple[str, ...]:
    """What has to be there before the first guard of this version."""
    return () if connection.dialect.name == "sqlite" else _PREPARATIONS[version]


def searchable(
    connection: Connection, table: Table, words: str = "folded", *, version: int = _NEWEST_SEARCH
) -> tuple[str, ...]:
    """What makes the table searchable by the words in this column."""
    return _SEARCH[version](connection.dialect.name, table.name, words)
