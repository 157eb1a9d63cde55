"""Audit events of documents, for who writes them and who verifies them."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, ClassVar, Self

from domain.documents.tables import Document
from domain.store.chain import Actor, Event
from domain.store.tx import Tx


@dataclass(frozen=True, slots=True)
class DocumentStored:
    """A document was filed: its bytes lie in the store, and this says which they are."""

    EVENT: ClassVar = "document.stored"

    document_id: str
    path: str
    sha256: str

    @classmethod
    def record(cls, tx: Tx, row: Document, actor: Actor) -> None:
        """Chain it with the transaction."""
        data = {"path": row.path, "sha256": row.sha256, "action": row.created_by_action}
        tx.record(Event(cls.EVENT, actor, object=f"document:{row.id}", data=data))

    @classmethod
    def read(cls, entry: Mapping[str, Any]) -> Self:
        """The same out of an entry."""
        data = entry.get("data")
        said = data if isinstance(data, dict) else {}
        document_id = str(entry.get("object")).removeprefix("document:")
        return cls(document_id, str(said.get("path")), str(said.get("sha256")))
