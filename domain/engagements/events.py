"""Audit events of engagements, for who writes them and who verifies them."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, ClassVar, Self

from domain.store.chain import Actor, Event
from domain.store.tx import Tx


@dataclass(frozen=True, slots=True)
class EngagementBegun:
    """An engagement that was there from the beginning; later ones are set by an action of people.

    What it is set to is in the rows that the same entry commits to.
    """

    EVENT: ClassVar = "engagement.begun"

    engagement_id: str

    def record(self, tx: Tx, actor: Actor) -> None:
        """Chain it with the transaction."""
        tx.record(Event(self.EVENT, actor, object=f"engagement:{self.engagement_id}"))

    @classmethod
    def read(cls, entry: Mapping[str, Any]) -> Self:
        """The same out of an entry."""
        return cls(str(entry.get("object")).removeprefix("engagement:"))
