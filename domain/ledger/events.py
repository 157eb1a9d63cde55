"""Audit events of the ledger, for who writes them and who verifies them."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, ClassVar, Self

from domain.ledger.tables import JournalEntry
from domain.store.chain import Actor, Event
from domain.store.tx import Tx


@dataclass(frozen=True, slots=True)
class EntryPosted:
    """An entry came into the books, for a source and on a day."""

    EVENT: ClassVar = "ledger.posted"

    entry_id: str
    source: str
    on: str

    @classmethod
    def of(cls, entry: JournalEntry) -> Self:
        """What is to be told of a row."""
        source = f"{entry.source_kind}:{entry.source_id}:{entry.cause}"
        return cls(entry.id, source, entry.on_date.isoformat())

    def record(self, tx: Tx, actor: Actor) -> None:
        """Chain it with the transaction."""
        data = {"source": self.source, "on": self.on}
        tx.record(Event(self.EVENT, actor, object=self.place(self.entry_id), data=data))

    @classmethod
    def read(cls, entry: Mapping[str, Any]) -> Self:
        """The same out of an entry."""
        data = entry.get("data")
        told = data if isinstance(data, dict) else {}
        id = str(entry.get("object")).removeprefix(cls.place(""))
        return cls(id, str(told.get("source")), str(told.get("on")))

    @staticmethod
    def place(entry_id: str) -> str:
        """The object of the event."""
        return f"journal_entry:{entry_id}"
