"""Audit events of payments, each for who writes it and who verifies it."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, ClassVar, Self

from domain.kernel.canonical import canonical, sha256_hex
from domain.payments.tables import BankAccount
from domain.store.audit_claims import data_of
from domain.store.chain import Actor, Event
from domain.store.tx import Tx


@dataclass(frozen=True, slots=True)
class BankAccountAdded:
    """An account that was there from the beginning; later ones are added by an action of people.

    `details` are what the id is not made of, and None when they were erased; their digest stays.
    """

    EVENT: ClassVar = "bank_account.added"
    PRIVATE: ClassVar = "bank_account"

    account_id: str
    details: Mapping[str, Any] | None
    sha256: str

    @classmethod
    def of(cls, account: BankAccount) -> Self:
        """What is to be told of a row."""
        details = {"account_name": account.account_name, "currency": account.currency}
        return cls(account.id, details, sha256_hex(canonical(details)))

    def record(self, tx: Tx, actor: Actor) -> None:
        """Chain it with the transaction."""
        private = {self.PRIVATE: dict(self.details or {})}
        place = f"bank_account:{self.account_id}"
        told = {"details_sha256": self.sha256}
        tx.record(Event(self.EVENT, actor, object=place, data=told, private=private))

    @classmethod
    def read(cls, entry: Mapping[str, Any], private: Mapping[str, Any] | None) -> Self:
        """The same out of an entry and of what it commits to."""
        account_id = str(entry.get("object")).removeprefix("bank_account:")
        return cls(account_id, private, str(data_of(entry).get("details_sha256")))
