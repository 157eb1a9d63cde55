"""References: what is the thing called that a row refers to, in a module that owns its table?"""

from dataclasses import dataclass
from functools import cache
from typing import Any

from sqlalchemy import ColumnElement, FromClause, Table, and_, column, func, or_, select, table
from sqlalchemy.orm import InstrumentedAttribute

from domain.store.schema import Base, Instant
from domain.store.visibility import load_tables


@dataclass(frozen=True, slots=True)
class Referred:
    """Columns of a table that is joined by tenant and id, as its foreign key is.

    So what isolates the row that refers isolates what it refers to.
    """

    table: FromClause
    condition: ColumnElement[bool]

    @property
    def columns(self) -> Any:
        """The columns by name."""
        return self.table.c


def referred(name: str, *columns: str, by: InstrumentedAttribute[Any]) -> Referred:
    """The named columns of the table that the attribute `by` refers to."""
    other = table(name, column("tenant_id"), column("id"), *(column(one) for one in columns))
    return Referred(other, and_(other.c.tenant_id == by.class_.tenant_id, other.c.id == by))


def last_of(
    name: str,
    instant: str,
    *,
    by: str,
    of: InstrumentedAttribute[Any],
    kinds: tuple[str, ...],
) -> Any:
    """The latest `instant` among the rows of a table whose column `by` is the id `of`, or null.

    Of rows of one of these `kinds` alone.
    """
    other = table(name, column("tenant_id"), column(by), column("kind"), column(instant, Instant()))
    kind = or_(*(other.c.kind == one for one in kinds))
    return (
        select(func.max(other.c[instant]))
        .where(other.c.tenant_id == of.class_.tenant_id, other.c[by] == of, kind)
        .correlate(of.class_)
        .scalar_subquery()
    )


def moved_on(row: Any) -> ColumnElement[bool]:
    """Whether what a row is about is no longer there in the version it was read in.

    The row says by `entity_type`, `entity_id` and `entity_version` what it is about: a row of any
    table that counts its versions. Of others it is never said, and 0 is the version of what is not
    there yet.
    """
    return and_(
        row.entity_version > 0,
        or_(
            *(
                and_(
                    row.entity_type == one.name,
                    ~select(one.c.id)
                    .where(
                        one.c.tenant_id == row.tenant_id,
                        one.c.id == row.entity_id,
                        one.c.version == row.entity_version,
                    )
                    .exists(),
                )
                for one in _versioned()
            )
        ),
    )


@cache
def _versioned() -> tuple[Table, ...]:
    load_tables()
    there = sorted(Base.metadata.tables.values(), key=lambda one: one.name)
    return tuple(one for one in there if {"tenant_id", "id", "version"} <= set(one.c.keys()))
