"""Audit events of exchange rates, for who writes them and who verifies them."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, ClassVar, Self

from domain.fx.tables import FxRate
from domain.store.chain import Actor, Event
from domain.store.tx import Tx


@dataclass(frozen=True, slots=True)
class RateRecorded:
    """A rate came in; `said_by` is the kind of whoever brought it."""

    EVENT: ClassVar = "fx.recorded"

    rate_id: str
    said_by: str

    @classmethod
    def record(cls, tx: Tx, row: FxRate, actor: Actor) -> None:
        """Chain it with the transaction."""
        data = {
            "base": row.base,
            "quote": row.quote,
            "value": row.value,
            "as_of": row.as_of.isoformat(),
            "source": row.source,
        }
        tx.record(Event(cls.EVENT, actor, object=f"fx_rate:{row.id}", data=data))

    @classmethod
    def read(cls, entry: Mapping[str, Any]) -> Self:
        """The same out of an entry."""
        actor = entry.get("actor")
        kind = str(actor.get("t")) if isinstance(actor, dict) else ""
        return cls(str(entry.get("object")).removeprefix("fx_rate:"), kind)
