"""Audit events of the gate, for who writes them and who verifies them.

A call that changed something is no event of these: it has the name of its tool.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, ClassVar, Self

from domain.identity.grants import Signature, SignedGrant
from domain.store.chain import Actor, Event
from domain.store.tx import Tx
from policies.gate import shipped


@dataclass(frozen=True, slots=True)
class PolicyActivated(SignedGrant):
    """A policy table is in force from now on: its version, and its digest beside that.

    The root signs it, unless the program ships the table.
    """

    EVENT: ClassVar = "policy.activated"
    KIND: ClassVar = "policy"
    BY_ROOT: ClassVar = True

    @classmethod
    def of(cls, version: int, sha256: str) -> Self:
        """What is to be told of a table."""
        return cls(str(version), {"policy": f"{version}:{sha256}"})

    @property
    def is_shipped(self) -> bool:
        """Whether the program brings this table, in this version or an older one."""
        return self.told["policy"].partition(":")[2] in shipped.digests()

    def record(self, tx: Tx, actor: Actor, signature: Signature | None = None) -> None:
        """Chain it with the transaction."""
        data = signature.told if signature is not None else {}
        policy = self.told["policy"]
        tx.record(Event(self.EVENT, actor, object=self.object, policy=policy, data=data))

    @classmethod
    def read(cls, entry: Mapping[str, Any]) -> Self:
        """The same out of an entry."""
        version = str(entry.get("object")).partition(":")[2]
        return cls(version, {"policy": str(entry.get("policy"))})


@dataclass(frozen=True, slots=True)
class CallsDenied:
    """So many calls of a tool were refused to somebody within a minute."""

    EVENT: ClassVar = "call.denied"

    tool: str
    count: int

    def record(self, tx: Tx, actor: Actor, code: str) -> None:
        """Chain it with the transaction; `code` says why they were refused."""
        tx.record(
            Event(
                self.EVENT,
                actor,
                object=f"tool:{self.tool}",
                outcome="denied",
                code=code,
                data={"count": self.count},
            )
        )
