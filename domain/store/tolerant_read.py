"""Tolerant read: which rows can still be read when somebody has damaged some of them?

A value that is none of its column's type breaks the whole answer it stands in. Then each key is
asked for alone, so that one row costs nobody but itself.
"""

from collections.abc import Sequence
from typing import Any, TypeVar

from sqlalchemy import Select
from sqlalchemy.exc import DBAPIError

from domain.store.schema import Base
from domain.store.tx import Tx

Row = TypeVar("Row", bound=Base)


def unreadable(error: Exception) -> bool:
    """Whether a value in the answer caused this, and not the database or the statement."""
    if isinstance(error, DBAPIError):  # SQLite keeps bytes in a column of text if it is made to
        return "decode to UTF-8" in str(error.orig)
    return isinstance(error, (AttributeError, TypeError, ValueError))


async def read_tolerantly(
    tx: Tx, statement: Select[Row], key: Any, keys: Sequence[str]
) -> tuple[list[Row], list[str]]:
    """The rows with these keys, and the keys of which a row cannot be read."""
    try:
        return list(await tx.all(statement.where(key.in_(keys)))), []
    except Exception as error:
        if not unreadable(error):
            raise
    found: list[Row] = []
    damaged: list[str] = []
    for one in keys:
        try:
            found += await tx.all(statement.where(key == one))
        except Exception as error:
            if not unreadable(error):
                raise
            damaged.append(one)
    return found, damaged
