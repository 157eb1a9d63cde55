"""Audit kinds: what does the chain prove about the rows of a table? Each table declares it.

`__audit__` stands in the class of the table. A chained row is committed to by every transaction
that writes it (domain/store/commitments.py) and compared by `cyberos audit verify`; of the others
the table says what proves them instead, or why nothing does.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import TypeAlias

from domain.store.schema import Base


@dataclass(frozen=True, slots=True)
class Chained:
    """Every write commits to the row it leaves.

    `written_once` rows never change, so a second commitment is a forgery. `besides` are columns
    that no commitment covers, each with the reason.
    """

    written_once: bool = False
    besides: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Derived:
    """The rows follow from others: `proof` says how they are made again, or what checks them."""

    proof: str


@dataclass(frozen=True, slots=True)
class Unchained:
    """Nothing proves the rows; `why` says what does not depend on them."""

    why: str


AuditKind: TypeAlias = Chained | Derived | Unchained

CHAINED = Chained()
WRITTEN_ONCE = Chained(written_once=True)


def audit_kind(table: type[Base]) -> AuditKind | None:
    """What a table declares about itself; None if it says nothing, which tests/house refuses."""
    declared: AuditKind | None = table.__dict__.get("__audit__")
    return declared
