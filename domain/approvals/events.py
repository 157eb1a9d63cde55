"""Audit events of approvals, for who writes them and who verifies them.

The effect of an action that was carried out is no event of these: it has the name of the tool.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, ClassVar, Final, Self

from domain.approvals.facts import Decision, Outcome, State
from domain.approvals.tables import PendingAction
from domain.store.audit_claims import Trace
from domain.store.chain import Actor, Event
from domain.store.events import SUCCEEDED
from domain.store.tx import Tx


@dataclass(frozen=True, slots=True)
class Proposed:
    """An action begins to wait for people: `told` is all of it that people will sign."""

    EVENT: ClassVar = "action.proposed"

    told: Mapping[str, Any]

    def record(self, tx: Tx, row: PendingAction, actor: Actor, *, request: str) -> None:
        """Chain it with the transaction; only a commitment to the summary goes into the chain."""
        tx.record(
            Event(
                self.EVENT,
                actor,
                object=_about(row),
                action=row.id,
                policy=_policy(row),
                request=request,
                data=self.told,
                private={"summary": row.summary},
            )
        )

    @classmethod
    def read(cls, trace: Trace) -> Self:
        """The same out of an entry."""
        return cls(trace.data)


@dataclass(frozen=True, slots=True)
class Moved:
    """An action took a step, and is in this state now."""

    EVENTS: ClassVar[Mapping[State, str]] = {
        State.APPROVED: "action.approved",
        State.EXECUTING: "action.executing",
        State.UNKNOWN: "action.unknown",
        State.SUCCEEDED: SUCCEEDED,
        State.FAILED: "action.failed",
        State.REJECTED: "action.rejected",
        State.EXPIRED: "action.expired",
        State.CANCELLED: "action.cancelled",
        State.STALE: "action.stale",
    }

    state: State

    def record(self, tx: Tx, row: PendingAction, actor: Actor, code: str = "") -> None:
        """Chain it with the transaction; `code` says why it went wrong."""
        outcome = "error" if code else "ok"
        tx.record(_step(row, actor, self.EVENTS[self.state], self.state, outcome, code))

    @classmethod
    def read(cls, trace: Trace) -> Self | None:
        """The same out of an entry; None if it tells of something else."""
        state = _STATES.get(trace.event)
        return cls(state) if state is not None else None


@dataclass(frozen=True, slots=True)
class HandedOver:
    """The other side has an action whose outcome is still unknown, and will answer."""

    EVENT: ClassVar = "action.handed_over"

    def record(self, tx: Tx, row: PendingAction, actor: Actor) -> None:
        """Chain it with the transaction; its reference stands in the row alone."""
        tx.record(_step(row, actor, self.EVENT, row.state))

    @classmethod
    def read(cls, trace: Trace) -> Self | None:
        """The same out of an entry; None if it tells of something else."""
        return cls() if trace.event == cls.EVENT else None


_STATES: Final = {Proposed.EVENT: State.PENDING} | {
    event: state for state, event in Moved.EVENTS.items()
}


@dataclass(frozen=True, slots=True)
class Voted:
    """A person approved or rejected an action, with a signature that stands in a row."""

    EVENTS: ClassVar[Mapping[Decision, str]] = {
        Decision.APPROVE: "action.approved_by",
        Decision.REJECT: "action.rejected_by",
    }

    decision: Decision

    def record(self, tx: Tx, row: PendingAction, person_id: str, reason: str | None) -> None:
        """Chain it with the transaction.

        The reason is not signed, and may be about somebody: the entry only commits to it.
        """
        event = self.EVENTS[self.decision]
        told = {"decision": {"reason": reason}}
        verb = event.partition(".")[2]
        tx.record(_step(row, Actor("human", person_id), event, verb, private=told))

    @classmethod
    def read(cls, trace: Trace) -> Self | None:
        """The same out of an entry; None if it tells of something else."""
        told = (one for one, event in cls.EVENTS.items() if event == trace.event)
        return next((cls(decision) for decision in told), None)


@dataclass(frozen=True, slots=True)
class Resolved:
    """A person said what became of an action of unknown outcome, with a signature in a row."""

    EVENT: ClassVar = "action.resolved_by"

    outcome: str

    @classmethod
    def of(cls, outcome: Outcome) -> Self:
        """What is to be told of a resolution."""
        return cls(outcome.value)

    def record(self, tx: Tx, row: PendingAction, person_id: str, reason: str) -> None:
        """Chain it with the transaction; only a commitment to the reason goes into the chain."""
        tx.record(
            Event(
                self.EVENT,
                Actor("human", person_id),
                object=_about(row),
                action=row.id,
                policy=_policy(row),
                data={"tool": row.tool, "outcome": self.outcome},
                private={"resolution": {"reason": reason}},
            )
        )

    @classmethod
    def read(cls, trace: Trace) -> Self | None:
        """The same out of an entry; None if it tells of something else."""
        return cls(str(trace.data.get("outcome"))) if trace.event == cls.EVENT else None


@dataclass(frozen=True, slots=True)
class VoteRefused:
    """Somebody with a key tried what they may not: worth proving later."""

    EVENT: ClassVar = "action.decision_refused"

    person_id: str
    key_id: str
    wanted: str

    def record(self, tx: Tx, row: PendingAction, actor: Actor, code: str) -> None:
        """Chain it with the transaction; `code` says why it was refused."""
        tx.record(
            Event(
                self.EVENT,
                actor,
                object=_about(row),
                outcome="denied",
                code=code,
                action=row.id,
                data={"person": self.person_id, "key": self.key_id, "decision": self.wanted},
            )
        )


def _step(
    row: PendingAction,
    actor: Actor,
    event: str,
    verb: str,
    outcome: str = "ok",
    code: str = "",
    private: Mapping[str, Any] | None = None,
) -> Event:
    return Event(
        event,
        actor,
        object=_about(row),
        outcome=outcome,
        code=code,
        action=row.id,
        policy=_policy(row),
        data={"tool": row.tool, "args_sha256": row.args_sha256, "state": verb},
        private=private or {},
    )


def _about(row: PendingAction) -> str:
    return f"{row.entity_type}:{row.entity_id}@{row.entity_version}"


def _policy(row: PendingAction) -> str:
    return f"{row.policy_version}:{row.policy_sha256}"
