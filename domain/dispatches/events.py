"""Audit events of dispatches, for who writes them and who verifies them."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import ClassVar, Self

from domain.dispatches.rules import State
from domain.dispatches.tables import Dispatch
from domain.store.audit_claims import Trace
from domain.store.chain import Actor, Event
from domain.store.tx import Tx


@dataclass(frozen=True, slots=True)
class Stepped:
    """A dispatch took a step, and is in this state now."""

    EVENTS: ClassVar[Mapping[State, str]] = {
        State.WAITING: "dispatch.postponed",
        State.LEASED: "dispatch.begun",
        State.DONE: "dispatch.done",
        State.FAILED: "dispatch.failed",
        State.UNKNOWN: "dispatch.unknown",
    }

    state: State

    def record(self, tx: Tx, row: Dispatch, actor: Actor, code: str = "") -> None:
        """Chain it with the transaction; `code` says why it went wrong."""
        tx.record(
            Event(
                self.EVENTS[self.state],
                actor,
                object=_about(row),
                outcome="error" if code else "ok",
                code=code,
                action=row.action_id,
                data={"kind": row.kind, "attempt": row.attempts},
            )
        )

    @classmethod
    def read(cls, trace: Trace) -> Self | None:
        """The same out of an entry; None if it tells of something else."""
        told = (state for state, event in cls.EVENTS.items() if event == trace.event)
        return next((cls(state) for state in told), None)


@dataclass(frozen=True, slots=True)
class DispatchResolved:
    """A person said what became of a dispatch of unknown outcome, with a signature in a row."""

    EVENT: ClassVar = "dispatch.resolved_by"

    dispatch_id: str
    outcome: str

    def record(self, tx: Tx, row: Dispatch, person_id: str, reason: str) -> None:
        """Chain it with the transaction; only a commitment to the reason goes into the chain."""
        tx.record(
            Event(
                self.EVENT,
                Actor("human", person_id),
                object=_about(row),
                action=row.action_id,
                data={"dispatch": self.dispatch_id, "kind": row.kind, "outcome": self.outcome},
                private={"resolution": {"reason": reason}},
            )
        )

    @classmethod
    def read(cls, trace: Trace) -> Self | None:
        """The same out of an entry; None if it tells of something else."""
        if trace.event != cls.EVENT:
            return None
        return cls(str(trace.data.get("dispatch")), str(trace.data.get("outcome")))


def _about(row: Dispatch) -> str:
    return f"dispatch:{row.id}"
