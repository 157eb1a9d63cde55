"""Recorded statements: what does something say to the database? Every statement, in its order."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any
from unittest import mock

from sqlalchemy import Engine, event

from domain.store.direct import Direct
from domain.store.engine import Database

_WRITES = ("INSERT", "UPDATE", "DELETE")
_READS = ("SELECT", "WITH")


class Traffic(list[str]):
    """Statements, without those that only open a transaction or name its tenant."""

    @property
    def reads(self) -> list[str]:
        return [one for one in self if one.upper().startswith(_READS)]

    @property
    def writes(self) -> list[str]:
        return [one for one in self if one.upper().startswith(_WRITES)]


@contextmanager
def traffic(database: Database) -> Iterator[Traffic]:
    """What is sent through both engines of a database meanwhile."""
    pools = {id(database.writer.sync_engine.pool), id(database.reader.sync_engine.pool)}
    seen = Traffic()

    def note(connection: Any, statement: str) -> None:
        said = statement.strip()
        ours = id(connection.engine.pool) in pools
        if ours and said.upper().startswith(_READS + _WRITES) and "set_config" not in said:
            seen.append(said)

    with overheard(note):
        yield seen


@contextmanager
def overheard(note: Callable[[Any, str], None]) -> Iterator[None]:
    """Tell of every statement before it is sent, whichever of its two ways it takes."""

    def before(connection: Any, _cursor: Any, statement: str, *_rest: Any) -> None:
        note(connection, statement)

    def telling(send: Any) -> Any:
        def told(self: Any, text: str, values: Any) -> Any:
            note(self._connection.sync_connection, text)
            return send(self, text, values)

        return told

    event.listen(Engine, "before_cursor_execute", before)
    try:
        with (
            mock.patch.object(Direct, "_fetched", telling(Direct._fetched)),
            mock.patch.object(Direct, "_run", telling(Direct._run)),
        ):
            yield
    finally:
        event.remove(Engine, "before_cursor_execute", before)
