"""Audit events of the store itself."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, ClassVar, Final, Self

from domain.kernel.canonical import canonical
from domain.store.chain import Actor, Event
from domain.store.tx import Tx

# What people approved was carried out. The module of approvals writes it, as the step of an action
# into this state; it stands here because laws of every module ask for it.
SUCCEEDED: Final = "action.succeeded"


@dataclass(frozen=True, slots=True)
class Erased:
    """A private value was erased: the salt and the body that an entry commits to."""

    EVENT: ClassVar = "gdpr.erase"

    value: str

    @classmethod
    def of(cls, seq: int, field: str) -> Self:
        """What has to be told of a value that is gone."""
        return cls(f"private_value:{seq}/{field}")

    @classmethod
    def read(cls, entry: Mapping[str, Any]) -> Self:
        """The same out of an entry."""
        return cls(str(entry.get("object")))


@dataclass(frozen=True, slots=True, kw_only=True)
class DamageSealed:
    """The owner knows that the chain is damaged in these places, and goes on after them.

    `seals` are digests (audit_repair.py), joined by blanks. It counts with the root key's signature
    over `to_be_signed` alone, which is hexadecimal here.
    """

    EVENT: ClassVar = "audit.damage_sealed"

    seals: str
    signature: str

    @staticmethod
    def to_be_signed(deploy: str, tenant: str, at: str, seals: str) -> bytes:
        """Prefix, a zero byte, RFC 8785; `at` is the instant of the entry."""
        return b"cyberos.seal.v1\x00" + canonical(
            {"v": 1, "typ": "seal", "deploy": deploy, "tenant": tenant, "at": at, "seals": seals}
        )

    def record(self, tx: Tx, actor: Actor) -> None:
        """Chain it with the transaction."""
        tx.record(Event(self.EVENT, actor, data={"seals": self.seals, "signature": self.signature}))

    @classmethod
    def read(cls, entry: Mapping[str, Any]) -> Self:
        """The same out of an entry."""
        data = entry.get("data")
        told = data if isinstance(data, dict) else {}
        return cls(seals=str(told.get("seals")), signature=str(told.get("signature")))
