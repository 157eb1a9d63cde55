"""Column operations that Alembic lacks: a unique index over some of the rows, on both databases."""

from sqlalchemy import Index, text


def unique_where(name: str, *columns: str, where: str) -> Index:
    """A unique index over the rows of which `where` is true."""
    condition = text(where)
    return Index(name, *columns, unique=True, sqlite_where=condition, postgresql_where=condition)
