"""Audit events of exchange rates, for who writes them and who verifies them."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, ClassVar, Self

from domain.fx.tables import FxRate
from domain.identity.grants import SignedGrant


@dataclass(frozen=True, slots=True)
class RateRecorded(SignedGrant):
    """A rate came in. Limits use it as root or operator signed it."""

    EVENT: ClassVar = "fx.recorded"
    KIND: ClassVar = "fx_rate"

    @classmethod
    def of(cls, row: FxRate) -> Self:
        """What is to be told of a row."""
        told = {
            "base": row.base,
            "quote": row.quote,
            "value": row.value,
            "as_of": row.as_of.isoformat(),
            "source": row.source,
            "column": str(row.column),
        }
        return cls(row.id, told)


def said_by(entry: Mapping[str, Any]) -> str:
    """The kind of whoever an entry says brought the rate."""
    actor = entry.get("actor")
    return str(actor.get("t")) if isinstance(actor, dict) else ""
