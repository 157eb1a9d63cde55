"""Events of taxpayers: what the chain tells of who may be asked about."""

from dataclasses import dataclass
from typing import ClassVar

from domain.store.chain import Actor, Event
from domain.store.tx import Tx


@dataclass(frozen=True, slots=True)
class AskingAboutPersons:
    """The operator said whether the numbers of people may be sent to a taxpayer registry."""

    EVENT: ClassVar = "tenant.asks_about_persons"

    allow: bool

    def record(self, tx: Tx, actor: Actor) -> None:
        """Chain it with the transaction."""
        tx.record(Event(self.EVENT, actor, data={"allow": self.allow}))
