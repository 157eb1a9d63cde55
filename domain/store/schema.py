"""Schema: the declarative base, tenant isolation of rows, and the types both databases share."""

from datetime import UTC, datetime
from typing import Any

from sqlalchemy import BigInteger, DateTime, Dialect, Index, MetaData, String, Table
from sqlalchemy.orm import DeclarativeBase, Mapped, mapped_column
from sqlalchemy.types import TypeDecorator, TypeEngine

from domain.kernel.clock import from_stamp, stamp
from domain.kernel.ids import new_id

_NAMES = {
    "ix": "ix_%(table_name)s_%(column_0_N_name)s",
    "uq": "uq_%(table_name)s_%(column_0_N_name)s",
    "ck": "ck_%(table_name)s_%(constraint_name)s",
    "fk": "fk_%(table_name)s_%(column_0_N_name)s",
    "pk": "pk_%(table_name)s",
}

Id = String(26)
Code = String(64)
Line = String(255)
Digest = String(64)
Minor = BigInteger
# Code point order on both databases, so that a page of names continues where the last one ended.
Folded = String(512).with_variant(String(512, collation="C"), "postgresql")


class Instant(TypeDecorator[datetime]):
    """An instant in UTC: `timestamptz` on PostgreSQL, sortable text on SQLite."""

    impl = String(27)
    cache_ok = True

    def load_dialect_impl(self, dialect: Dialect) -> TypeEngine[Any]:
        if dialect.name == "postgresql":
            return dialect.type_descriptor(DateTime(timezone=True))
        return dialect.type_descriptor(String(27))

    def process_bind_param(self, value: datetime | None, dialect: Dialect) -> Any:
        if value is None or dialect.name == "postgresql":
            return value
        return stamp(value)

    def process_result_value(self, value: Any, dialect: Dialect) -> datetime | None:
        return (_in_utc if dialect.name == "postgresql" else _from_text)(value)

    def result_processor(self, dialect: Dialect, coltype: object) -> Any:
        """The same without asking for the dialect in each of a thousand rows."""
        return _in_utc if dialect.name == "postgresql" else _from_text


def _in_utc(value: datetime | None) -> datetime | None:
    return None if value is None else value.astimezone(UTC)


def _from_text(value: str | None) -> datetime | None:
    return None if value is None else from_stamp(value)


class Base(DeclarativeBase):
    """The one metadata; constraint names are fixed, so migrations can speak of them."""

    metadata = MetaData(naming_convention=_NAMES)
    type_annotation_map = {datetime: Instant()}  # noqa: RUF012 - SQLAlchemy reads a plain dict


class TenantRow(Base):
    """A row that belongs to exactly one tenant.

    `tenant_id` is first in every key and every foreign key, so that a reference from one
    tenant's row to another's cannot be written down, whatever the code above does.
    """

    __abstract__ = True

    tenant_id: Mapped[str] = mapped_column(Id, primary_key=True, sort_order=-2)


class TenantEntity(TenantRow):
    """A tenant's row with an id of its own."""

    __abstract__ = True

    id: Mapped[str] = mapped_column(Id, primary_key=True, default=new_id, sort_order=-1)


def core(kind: type[TenantRow]) -> Table:
    """The table of a kind of row, for statements that make no objects; the store's own affair."""
    table = kind.__table__
    assert isinstance(table, Table)
    return table


def unique_where(name: str, *columns: str, where: str) -> Index:
    """A unique index over the rows of which `where` is true.

    The migrations make it (docs/decisions/0023); here it is only described. To say the condition
    in the types of each dialect would load both dialects, although a process talks to one.
    """
    return Index(name, *columns, unique=True, info={"where": where})
