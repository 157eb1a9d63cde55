"""Audit events of e-invoices, for who writes them and who verifies them."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, ClassVar, Self

from domain.einvoices.tables import EInvoice
from domain.store.chain import Actor, Event
from domain.store.tx import Tx


@dataclass(frozen=True, slots=True)
class EInvoiceMoved:
    """A hóa đơn was signed, handed over, accepted or refused, with which bytes, by which action."""

    EVENT: ClassVar = "einvoice.moved"

    einvoice_id: str
    state: str
    xml_sha256: str
    action_id: str

    @classmethod
    def of(cls, row: EInvoice) -> Self:
        """What is to be told of a row."""
        return cls(row.id, row.state, row.xml_sha256, row.action_id)

    def record(self, tx: Tx, actor: Actor) -> None:
        """Chain it with the transaction."""
        data = {"state": self.state, "xml_sha256": self.xml_sha256, "by_action": self.action_id}
        tx.record(Event(self.EVENT, actor, object=f"einvoice:{self.einvoice_id}", data=data))

    @classmethod
    def read(cls, entry: Mapping[str, Any]) -> Self:
        """The same out of an entry."""
        told = entry.get("data")
        data = told if isinstance(told, dict) else {}
        place = str(entry.get("object")).removeprefix("einvoice:")
        state, digest, action = (data.get(name) for name in ("state", "xml_sha256", "by_action"))
        return cls(place, str(state), str(digest), str(action))
