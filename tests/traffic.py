"""What does something say to the database? Every statement, in its order."""

from collections.abc import Iterator
from contextlib import contextmanager

from sqlalchemy import Engine, event

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

    def note(connection, _cursor, statement: str, *_rest) -> None:
        said = statement.strip()
        ours = id(connection.engine.pool) in pools
        if ours and said.upper().startswith(_READS + _WRITES) and "set_config" not in said:
            seen.append(said)

    event.listen(Engine, "before_cursor_execute", note)
    try:
        yield seen
    finally:
        event.remove(Engine, "before_cursor_execute", note)
