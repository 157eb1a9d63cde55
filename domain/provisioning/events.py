"""Audit events of provisioning, for who writes them and who verifies them."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, ClassVar, Self

from domain.store.audit_claims import data_of
from domain.store.chain import Actor, Event
from domain.store.tx import Tx


@dataclass(frozen=True, slots=True, kw_only=True)
class Genesis:
    """The first entry of a chain: which installation it belongs to, and whose keys count.

    Keys are named by their ids; `root_public_key` is hexadecimal.
    """

    EVENT: ClassVar = "genesis"

    deploy: str
    root_key: str
    root_public_key: str
    checkpoint_key: str

    def record(self, tx: Tx, actor: Actor) -> None:
        """Chain it with the transaction."""
        data = {
            "deploy": self.deploy,
            "root_key": self.root_key,
            "root_public_key": self.root_public_key,
            "checkpoint_key": self.checkpoint_key,
        }
        tx.record(Event(self.EVENT, actor, data=data))

    @classmethod
    def read(cls, entry: Mapping[str, Any]) -> Self:
        """The same out of an entry."""
        data = data_of(entry)
        return cls(
            deploy=str(data.get("deploy")),
            root_key=str(data.get("root_key")),
            root_public_key=str(data.get("root_public_key")),
            checkpoint_key=str(data.get("checkpoint_key")),
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class Restored:
    """The company came back from a backup of that instant: what was later is not in the chain.

    `older` if it went back on purpose behind what a checkpoint had seen; `retired` actions were
    waiting, and have to be asked for again.
    """

    EVENT: ClassVar = "installation.restored"

    created_at: str
    older: bool
    retired: int

    def record(self, tx: Tx, actor: Actor) -> None:
        """Chain it with the transaction."""
        numbers = {"older": int(self.older), "retired": self.retired}
        tx.record(Event(self.EVENT, actor, data={"created_at": self.created_at, **numbers}))
