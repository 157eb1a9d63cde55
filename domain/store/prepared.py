"""Prepared queries: what is asked and changed on every call, isolation built in.

Making a statement and putting the criteria of tenant and viewer into it costs more than running it.
A `PreparedQuery` over columns and a `PreparedEntityQuery` have both behind them. `Tx.fetch` and
`Tx.one` fill in who asks; only the chain asks without them, and writes by statements made here too.
Frozen: for what docs/decisions/0031 lists.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import lru_cache
from typing import Any, Generic, TypeVar

from sqlalchemy import Dialect, Executable, Select, bindparam, insert, select
from sqlalchemy.orm import with_loader_criteria

from domain.store.compiled import CompiledQuery, Wordings
from domain.store.schema import TenantEntity, TenantRow, core
from domain.store.visibility import Restricted

OWN_TENANT = "own_tenant"
_ISOLATED = "cyberos_isolated"

Entity = TypeVar("Entity")
Identified = TypeVar("Identified", bound=TenantEntity)

_ISOLATION = with_loader_criteria(
    TenantRow,
    lambda row: row.tenant_id == bindparam("own_tenant"),  # written out: names are not seen here
    include_aliases=True,
)
_SEEN = with_loader_criteria(Restricted, lambda row: row.seen_by_asker(), include_aliases=True)


@dataclass(frozen=True, slots=True)
class PreparedQuery:
    """A statement over columns, with named parameters; `own_tenant` is one of them."""

    statement: Executable
    _said: dict[tuple[str, ...], Wordings] = field(default_factory=dict, compare=False, repr=False)

    def compiled(
        self, dialect: Dialect, values: Mapping[str, Any], *, is_change: bool = False
    ) -> CompiledQuery:
        """How this kind of database says it; a change is said of the columns that get values."""
        said = (dialect.name, *values) if is_change else (dialect.name,)
        known = self._said.get(said)
        if known is None:
            known = self._said[said] = Wordings(self.statement, dialect, said[1:])
        return known.for_values(values)


def prepared_query(statement: "Select[Any, *tuple[Any, ...]]") -> PreparedQuery:
    """Prepare a statement; every table in it gets the conditions of tenant and viewer."""
    return PreparedQuery(statement.options(_ISOLATION, _SEEN))


@dataclass(frozen=True, slots=True)
class PreparedEntityQuery(Generic[Entity]):
    """A statement over whole entities, which are then there to be changed."""

    statement: "Select[Entity]"


def entities(
    statement: "Select[Entity]", *, lock: type[TenantRow] | None = None
) -> PreparedEntityQuery[Entity]:
    """Prepare a statement over entities; `lock` holds their rows until the end (PostgreSQL)."""
    if lock is not None:
        statement = statement.with_for_update(of=lock)
        statement = statement.execution_options(populate_existing=True)
    # Said by identity: no other statement can claim to be isolated already.
    return PreparedEntityQuery(
        statement.options(_ISOLATION, _SEEN).execution_options(**{_ISOLATED: _ISOLATION})
    )


@lru_cache(maxsize=256)
def by_id(entity: type[Identified], *, lock: bool) -> PreparedEntityQuery[Identified]:
    """The query for one row by its id."""
    statement = select(entity).where(entity.id == bindparam("id"))
    return entities(statement, lock=entity if lock else None)


@lru_cache(maxsize=256)
def new_row(entity: type[TenantRow]) -> PreparedQuery:
    """The statement by which the chain writes a row of this kind from the values it is given."""
    return PreparedQuery(insert(core(entity)))


def is_isolated(options: Mapping[str, Any]) -> bool:
    """Whether a statement with these execution options was prepared here."""
    return options.get(_ISOLATED) is _ISOLATION
