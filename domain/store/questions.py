"""Which questions are asked on every call? Statements made once, with the tenant's wall built in.

Making a statement and putting the wall into it costs more than asking it. A `Question` has both
behind it; `Tx.ask` fills in the tenant, and nothing else can ask one.
"""

from dataclasses import dataclass
from typing import Any

from sqlalchemy import Executable, Select, bindparam
from sqlalchemy.orm import with_loader_criteria

from domain.store.schema import TenantRow

OWN_TENANT = "own_tenant"

_WALL = with_loader_criteria(
    TenantRow,
    lambda row: row.tenant_id == bindparam("own_tenant"),  # written out: names are not seen here
    include_aliases=True,
)


@dataclass(frozen=True, slots=True)
class Question:
    """A statement over columns, with named parameters; `own_tenant` is one of them."""

    statement: Executable


def question(statement: "Select[Any, *tuple[Any, ...]]") -> Question:
    """Prepare a statement; every table of a tenant in it gets the tenant's condition."""
    return Question(statement.options(_WALL))
