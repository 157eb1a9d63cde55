"""Column operations that Alembic lacks: tables of the baseline, and an index over some rows."""

from alembic import op
from sqlalchemy import Index, MetaData, Table, text
from sqlalchemy.schema import CreateIndex, CreateTable, SchemaItem


def create_table(name: str, *items: SchemaItem) -> Table:
    """`op.create_table` for the baseline, whose tables refer to no other than its own.

    Alembic's copies every column and makes each table that is referred to once more, because it
    may not be known. That took a fifth of a migration.
    """
    known: MetaData = op.get_context().opts["target_metadata"]
    table = Table(name, known, *items)
    connection = op.get_bind()
    connection.execute(CreateTable(table))
    for index in sorted(table.indexes, key=lambda index: str(index.name)):
        connection.execute(CreateIndex(index))
    return table


def unique_where(name: str, *columns: str, where: str) -> Index:
    """A unique index over the rows of which `where` is true."""
    condition = text(where)
    return Index(name, *columns, unique=True, sqlite_where=condition, postgresql_where=condition)
