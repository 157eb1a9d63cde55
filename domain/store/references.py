"""References: what is the thing called that a row refers to, in a module that owns its table?"""

from dataclasses import dataclass
from typing import Any

from sqlalchemy import ColumnElement, FromClause, and_, column, func, or_, select, table
from sqlalchemy.orm import InstrumentedAttribute

from domain.store.schema import Instant


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
