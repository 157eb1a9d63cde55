"""Audit events of receipts, each for who writes it and who verifies it."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, ClassVar, Self

from domain.identity.grants import SignedGrant
from domain.receipts.tables import WebhookEndpoint
from domain.store.audit_claims import data_of
from domain.store.chain import Actor, Event
from domain.store.tx import Tx

_ENDPOINT = "webhook_endpoint:"


@dataclass(frozen=True, slots=True)
class EndpointAdded(SignedGrant):
    """An address that a bank feed may call. Root or operator sign it, with both its secrets."""

    EVENT: ClassVar = "webhook_endpoint.added"
    KIND: ClassVar = "webhook_endpoint"

    @classmethod
    def of(cls, row: WebhookEndpoint) -> Self:
        """What is to be told of a row."""
        told = {
            "rail": row.rail,
            "own_account": row.own_account,
            "endpoint_key_sha256": row.endpoint_key_sha256,
            "secret_sha256": row.secret_sha256,
        }
        return cls(row.id, told)


def said_by(entry: Mapping[str, Any]) -> str:
    """The kind of whoever an entry names."""
    actor = entry.get("actor")
    return str(actor.get("t")) if isinstance(actor, dict) else ""


@dataclass(frozen=True, slots=True)
class ConflictTold:
    """An event came again with other content, and whoever subscribes is told of it."""

    EVENT: ClassVar = "webhook_conflict.told"

    @classmethod
    def record(cls, tx: Tx, conflict_id: str, actor: Actor) -> None:
        """Chain it with the transaction."""
        tx.record(Event(cls.EVENT, actor, object=f"webhook_conflict:{conflict_id}"))


@dataclass(frozen=True, slots=True)
class EndpointRevoked:
    """An address that answers nobody any more."""

    EVENT: ClassVar = "webhook_endpoint.revoked"

    endpoint_id: str

    @classmethod
    def record(cls, tx: Tx, row: WebhookEndpoint, actor: Actor) -> None:
        """Chain it with the transaction."""
        tx.record(Event(cls.EVENT, actor, object=f"{_ENDPOINT}{row.id}"))

    @classmethod
    def read(cls, entry: Mapping[str, Any]) -> Self:
        """The same out of an entry."""
        return cls(str(entry.get("object")).removeprefix(_ENDPOINT))


@dataclass(frozen=True, slots=True)
class ReceiptsRecorded:
    """Money that a bank feed told of was taken down: the digest of each event by its receipt.

    One entry for a batch: the events themselves are not chained one by one.
    """

    EVENT: ClassVar = "receipts.recorded"

    digests: Mapping[str, str]

    def record(self, tx: Tx, actor: Actor) -> None:
        """Chain it with the transaction."""
        tx.record(Event(self.EVENT, actor, data=dict(self.digests)))

    @classmethod
    def read(cls, entry: Mapping[str, Any]) -> Self:
        """The same out of an entry."""
        return cls({str(receipt): str(sha256) for receipt, sha256 in data_of(entry).items()})


@dataclass(frozen=True, slots=True)
class ReceiptsReviewed:
    """Receipts wait for something else than before; for nothing any more if it is empty."""

    EVENT: ClassVar = "receipts.reviewed"

    reasons: Mapping[str, str]

    def record(self, tx: Tx, actor: Actor) -> None:
        """Chain it with the transaction."""
        tx.record(Event(self.EVENT, actor, data=dict(self.reasons)))

    @classmethod
    def read(cls, entry: Mapping[str, Any]) -> Self:
        """The same out of an entry."""
        return cls({str(receipt): str(reason) for receipt, reason in data_of(entry).items()})


@dataclass(frozen=True, slots=True)
class ReceiptsApplied:
    """Money was applied to invoices: the receipt of each application by its id."""

    EVENT: ClassVar = "receipts.applied"

    receipts: Mapping[str, str]

    def record(self, tx: Tx, actor: Actor) -> None:
        """Chain it with the transaction."""
        tx.record(Event(self.EVENT, actor, data=dict(self.receipts)))

    @classmethod
    def read(cls, entry: Mapping[str, Any]) -> Self:
        """The same out of an entry."""
        return cls(
            {str(application): str(receipt) for application, receipt in data_of(entry).items()}
        )
