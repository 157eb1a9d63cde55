"""Sending migrations: their statements on the way to the database, many in one round trip."""

from collections.abc import Iterable

from sqlalchemy import Connection

_BEGIN, _BETWEEN, _END = "DO $migration$ BEGIN\n", ";\n--;\n", ";\nEND $migration$"


def send(connection: Connection, statements: Iterable[str]) -> None:
    """Run statements that take no parameters and answer nothing, in order."""
    if connection.dialect.name == "sqlite":
        for statement in statements:
            connection.exec_driver_sql(statement)
    elif block := _BETWEEN.join(statements):
        connection.exec_driver_sql(_BEGIN + block + _END)


def in_one_block(sent: str) -> list[str]:
    """The statements that were sent together; none if it was something else."""
    if not sent.startswith(_BEGIN):
        return []
    return sent.removeprefix(_BEGIN).removesuffix(_END).split(_BETWEEN)
