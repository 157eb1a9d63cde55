"""Approval facts: which states can an action be in, and what must be known to decide anything?

Plain values only: the guards take these instead of rows, so that the same functions
serve the store, the inbox page, the executor and a walk over every reachable state.

    pending ── last slot filled ─▶ approved ── claim ─▶ executing ──▶ succeeded | failed
       └─▶ rejected                    │                    └─▶ unknown ──▶ succeeded | failed
       └─▶ expired cancelled stale ◀───┘

Nothing leads to executing but approved, and nothing leads back.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from types import MappingProxyType
from typing import Final

# How long what was sent can still arrive, where a tool says nothing else.
SETTLE_WINDOW: Final = timedelta(minutes=15)


class State(StrEnum):
    PENDING = "pending"
    APPROVED = "approved"
    EXECUTING = "executing"
    UNKNOWN = "unknown"  # sent, and nobody knows what became of it
    SUCCEEDED = "succeeded"
    FAILED = "failed"
    REJECTED = "rejected"
    EXPIRED = "expired"
    CANCELLED = "cancelled"
    STALE = "stale"  # what people signed is no longer what would happen


TRANSITIONS: Final[Mapping[State, frozenset[State]]] = MappingProxyType(
    {state: frozenset[State]() for state in State}
    | {
        State.PENDING: frozenset(
            {State.APPROVED, State.REJECTED, State.EXPIRED, State.CANCELLED, State.STALE}
        ),
        State.APPROVED: frozenset({State.EXECUTING, State.EXPIRED, State.CANCELLED, State.STALE}),
        State.EXECUTING: frozenset({State.SUCCEEDED, State.FAILED, State.UNKNOWN}),
        State.UNKNOWN: frozenset({State.SUCCEEDED, State.FAILED}),
    }
)


class Decision(StrEnum):
    APPROVE = "approve"
    REJECT = "reject"


class SelfRule(StrEnum):
    """Whether the person an agent acts for may fill one slot too, by a signature of their own."""

    NEVER = "never"
    OBO = "obo"


class ActorKind(StrEnum):
    AGENT = "agent"
    HUMAN = "human"


class KeyStanding(StrEnum):
    GOOD = "good"
    REVOKED = "revoked"
    UNKNOWN = "unknown"  # not enrolled, not endorsed, or somebody else's


class PolicyRelation(StrEnum):
    """The policy of now beside the one an action was proposed under, as far as it concerns it."""

    SAME = "same"
    LOOSER = "looser"  # the slots of then are still required
    STRICTER = "stricter"  # also when neither contains the other
    UNAVAILABLE = "unavailable"


class Outcome(StrEnum):
    """What one attempt, or one question about it, has taught us."""

    OK = "ok"  # the effect was seen
    DECLINED = "declined"  # a definite no: there was no effect and there will be none
    TIMEOUT = "timeout"  # no answer, a broken answer, or a crash
    NOT_FOUND = "not_found"  # the provider does not know it, which may mean: not yet
    CLOSED = "closed"  # a person looked and says that nothing happened
    SEEN = "seen"  # a person looked and says that it happened


@dataclass(frozen=True, slots=True)
class Slot:
    """One signature that is needed. Names are unique within an action.

    `self_allowed` can only narrow the self rule of the action: an escalation says False.
    """

    name: str
    roles: frozenset[str]
    self_allowed: bool = True


@dataclass(frozen=True, slots=True, kw_only=True)
class ActionFact:
    """A pending action as the guards need it. Instants are aware, digests hexadecimal text.

    `requester_person` is the person who asked, or for whom the agent that asked acts. `asked_at`
    is what the clock of whoever asked said.
    `settle_until` is the instant from which nothing that was sent can still arrive: the later of
    lease end and last retry, plus the provider's settle window; None until the action is claimed.
    """

    state: State
    state_seq: int
    requester_kind: ActorKind
    requester_id: str
    requester_person: str
    self_rule: SelfRule
    slots: tuple[Slot, ...]
    min_assurance: int
    asked_at: datetime
    expires_at: datetime
    entity_version: int
    entity_digest: str
    lease_owner: str | None = None
    lease_until: datetime | None = None
    settle_until: datetime | None = None
    attempt: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class ApprovalFact:
    """One stored decision, beside what is true of its author now.

    `valid_signature`: the bytes rebuilt from the rows verify under this key.
    `key_ok_now`: the key is enrolled to this very person, endorsed, and not revoked.
    """

    person: str
    slot: str
    decision: Decision
    assurance: int
    valid_signature: bool
    roles_now: frozenset[str]
    active_now: bool
    key_ok_now: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Voter:
    """Who wants to vote, as the store knows them now."""

    kind: ActorKind
    person: str
    roles_now: frozenset[str]
    active_now: bool
    key: KeyStanding
    assurance: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Canceller:
    """Who wants to take an action back. `id` is the agent's own, or the person's."""

    kind: ActorKind
    id: str
    person: str
    roles_now: frozenset[str]
    active_now: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Present:
    """The world as the asking transaction sees it. An entity that is gone has None twice."""

    now: datetime
    entity_version: int | None
    entity_digest: str | None
    policy: PolicyRelation


@dataclass(frozen=True, slots=True)
class Seen:
    """The state somebody had read when they decided to move the row on."""

    state: State
    state_seq: int
