"""Audit events of the gate, for who writes them and who verifies them.

A call that changed something is no event of these: it has the name of its tool.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, ClassVar, Self

from domain.store.chain import Actor, Event
from domain.store.tx import Tx


@dataclass(frozen=True, slots=True)
class PolicyActivated:
    """A policy table is in force from now on: its version, and its digest beside that."""

    EVENT: ClassVar = "policy.activated"

    table: str
    policy: str

    @classmethod
    def of(cls, version: int, sha256: str) -> Self:
        """What is to be told of a table."""
        return cls(f"policy:{version}", f"{version}:{sha256}")

    def record(self, tx: Tx, actor: Actor) -> None:
        """Chain it with the transaction."""
        tx.record(Event(self.EVENT, actor, object=self.table, policy=self.policy))

    @classmethod
    def read(cls, entry: Mapping[str, Any]) -> Self:
        """The same out of an entry."""
        return cls(str(entry.get("object")), str(entry.get("policy")))


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
