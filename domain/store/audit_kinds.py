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

    `written_once` rows never change, so a second commitment is a forgery. The program deletes rows
    only where they `may_go`. `besides` are columns that no commitment covers, each with the reason.
    Whoever can append an entry may commit to other rows while they are `free`: people signed for
    nothing of them then, and no law asks who wrote them.
    """

    written_once: bool = False
    may_go: bool = False
    free: str = "always"
    besides: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Derived:
    """No entry commits to the rows, and the verifier proves them all the same: `proof` says how."""

    proof: str


@dataclass(frozen=True, slots=True)
class Unchained:
    """Nothing proves the rows; `why` says what does not depend on them."""

    why: str


AuditKind: TypeAlias = Chained | Derived | Unchained

CHAINED = Chained()
DECIDED = Chained(free="")
GRANTED = Chained(free="in what its signed entry does not tell")
WRITTEN_ONCE = Chained(written_once=True)


def audit_kind(table: type[Base]) -> AuditKind | None:
    """What a table declares about itself; None if it says nothing, which tests/house refuses."""
    declared: AuditKind | None = table.__dict__.get("__audit__")
    return declared
