"""Approval guards: which single conditions hold an action back, and in which order?

Each guard is one question over plain values: silence lets pass, a `Refusal` does not; a predicate
says whether an approval counts. They stand in one record, `PRODUCTION`. The model check in
tests/approvals walks every reachable state with that record, then again without each guard, to show
that none can be missed. No other code makes a record of its own.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from types import MappingProxyType
from typing import Final

from domain.approvals.facts import (
    TRANSITIONS,
    ActionFact,
    ActorKind,
    ApprovalFact,
    Canceller,
    Decision,
    KeyStanding,
    Outcome,
    PolicyRelation,
    Present,
    Seen,
    SelfRule,
    Slot,
    State,
    Voter,
)
from domain.approvals.refusals import refusal

ADMIN: Final = "admin"
CLOCK_SKEW: Final = timedelta(minutes=5)  # by which two machines may differ


@dataclass(frozen=True, slots=True, kw_only=True)
class Context:
    """What the guards of a vote and of a claim look at."""

    action: ActionFact
    approvals: tuple[ApprovalFact, ...]
    present: Present


@dataclass(frozen=True, slots=True, kw_only=True)
class Vote(Context):
    """One decision that somebody is about to make."""

    voter: Voter
    slot: Slot
    decision: Decision


@dataclass(frozen=True, slots=True)
class Quorum:
    """All decisions on an action, and among them the approvals that count."""

    action: ActionFact
    approvals: tuple[ApprovalFact, ...]
    counted: tuple[ApprovalFact, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Execution:
    """Somebody wants to send the action out, for the first time or again."""

    action: ActionFact
    now: datetime
    owner: str = ""
    idempotent: bool = False
    same_key: bool = False


@dataclass(frozen=True, slots=True)
class Cancellation:
    """Somebody wants to take the action back."""

    action: ActionFact
    who: Canceller
    now: datetime


@dataclass(frozen=True, slots=True)
class Resolution:
    """Somebody wants to say what became of an action that was sent."""

    action: ActionFact
    voter: Voter


@dataclass(frozen=True, slots=True)
class Move:
    """A row is about to go from what somebody saw to a new state."""

    action: ActionFact
    seen: Seen
    target: State


# --- guards of a vote ---


def _voter_is_a_person(vote: Vote | Resolution) -> None:
    if vote.voter.kind is not ActorKind.HUMAN:
        raise refusal("AGENT_CANNOT_APPROVE")


def _still_pending(vote: Vote) -> None:
    if vote.action.state is not State.PENDING:
        raise refusal("ACTION_NOT_PENDING", state=vote.action.state.value)


def _in_time(context: Context) -> None:
    """At exactly `expires_at` it is over."""
    if context.present.now >= context.action.expires_at:
        raise refusal("ACTION_EXPIRED", State.EXPIRED)


def _asked_before_now(context: Context) -> None:
    """Who may date a request ahead makes it wait for longer than its time: an expiry is only one
    if somebody else holds the clock.
    """
    if context.action.asked_at > context.present.now + CLOCK_SKEW:
        raise refusal("ACTION_POSTDATED", State.STALE)


def _first_decision(vote: Vote) -> None:
    if any(approval.person == vote.voter.person for approval in vote.approvals):
        raise refusal("ALREADY_DECIDED")


def _voter_key_good(vote: Vote | Resolution) -> None:
    if vote.voter.key is KeyStanding.UNKNOWN:
        raise refusal("APPROVER_KEY_UNKNOWN")
    if vote.voter.key is not KeyStanding.GOOD:
        raise refusal("APPROVER_KEY_REVOKED")


def _voter_active(vote: Vote | Resolution) -> None:
    if not vote.voter.active_now:
        raise refusal("ROLE_NOT_ELIGIBLE")


def _voter_has_role(vote: Vote) -> None:
    if vote.voter.roles_now.isdisjoint(vote.slot.roles):
        raise refusal("ROLE_NOT_ELIGIBLE", slot=vote.slot.name)


def _voter_not_self(vote: Vote) -> None:
    if not self_rule_kept(vote.action, vote.slot, vote.voter.person):
        raise refusal("SELF_APPROVAL", slot=vote.slot.name)


def _slot_open(vote: Vote) -> None:
    if vote.slot.name in taken(vote.approvals):
        raise refusal("SLOT_FILLED", slot=vote.slot.name)


def _voter_assured(vote: Vote | Resolution) -> None:
    have, need = vote.voter.assurance, vote.action.min_assurance
    if have < need:
        raise refusal("ASSURANCE_TOO_LOW", have=have, need=need)


def _entity_unchanged(context: Context) -> None:
    here = (context.present.entity_version, context.present.entity_digest)
    if here != (context.action.entity_version, context.action.entity_digest):
        raise refusal("ENTITY_CHANGED", State.STALE)


def _policy_not_stricter(context: Context) -> None:
    if context.present.policy is PolicyRelation.UNAVAILABLE:
        raise refusal("POLICY_UNAVAILABLE")
    if context.present.policy not in (PolicyRelation.SAME, PolicyRelation.LOOSER):
        raise refusal("POLICY_CHANGED", State.STALE)


# --- which approvals count, and when they are enough ---


def _signed(_: ActionFact, approval: ApprovalFact) -> bool:
    return approval.valid_signature


def _key_good(_: ActionFact, approval: ApprovalFact) -> bool:
    return approval.key_ok_now


def _active(_: ActionFact, approval: ApprovalFact) -> bool:
    return approval.active_now


def _assured(action: ActionFact, approval: ApprovalFact) -> bool:
    return approval.assurance >= action.min_assurance


def _has_role(action: ActionFact, approval: ApprovalFact) -> bool:
    here = [slot for slot in action.slots if slot.name == approval.slot]
    return any(not slot.roles.isdisjoint(approval.roles_now) for slot in here)


def _not_self(action: ActionFact, approval: ApprovalFact) -> bool:
    here = [slot for slot in action.slots if slot.name == approval.slot]
    return all(self_rule_kept(action, slot, approval.person) for slot in here)


def _every_slot_filled(quorum: Quorum) -> bool:
    """No slots at all is a broken row, not an action that needs nobody."""
    needed = {slot.name for slot in quorum.action.slots}
    return bool(needed) and needed == {approval.slot for approval in quorum.counted}


def _one_person_each(quorum: Quorum) -> bool:
    """Two roles, or two keys, are still one person, who fills one slot or none."""
    people = {approval.person for approval in quorum.counted}
    return len(people) == len(quorum.counted) == len(quorum.action.slots)


def _unopposed(quorum: Quorum) -> bool:
    """One no anywhere, and nothing counts."""
    return not rejected(quorum.approvals)


# --- guards of a claim, a move, an execution, a cancellation ---

_WHY_NOT_CLAIMED: Final[Mapping[State, str]] = {
    State.REJECTED: "ACTION_REJECTED",
    State.CANCELLED: "ACTION_CANCELLED",
    State.EXPIRED: "ACTION_EXPIRED",
    State.UNKNOWN: "EFFECT_UNKNOWN",
    State.PENDING: "NOT_APPROVED",
    State.STALE: "NOT_APPROVED",
}


def _claimable(context: Context) -> None:
    state = context.action.state
    if state is not State.APPROVED:
        raise refusal(_WHY_NOT_CLAIMED.get(state, "ACTION_CONFLICT"), state=state.value)


def _as_seen(move: Move) -> None:
    if Seen(move.action.state, move.action.state_seq) != move.seen:
        raise refusal("ACTION_CONFLICT", state=move.action.state.value)


def _may_follow(move: Move) -> None:
    """Judged from what was seen: that the row still stands there is the other guard's question."""
    if move.target not in TRANSITIONS[move.seen.state]:
        raise refusal("ACTION_CONFLICT", state=move.action.state.value)


def _is_executing(execution: Execution) -> None:
    if execution.action.state is not State.EXECUTING:
        raise refusal("ACTION_CONFLICT", state=execution.action.state.value)


def _owns_lease(execution: Execution) -> None:
    if execution.owner != execution.action.lease_owner:
        raise refusal("ACTION_CONFLICT", state=execution.action.state.value)


def _lease_alive(execution: Execution) -> None:
    if not lease_lives(execution.action, execution.now):
        raise refusal("ACTION_CONFLICT", state=execution.action.state.value)


def _first_attempt(execution: Execution) -> None:
    if execution.action.attempt > 0:
        raise refusal("EFFECT_UNKNOWN")


def _is_unknown(execution: Execution) -> None:
    if execution.action.state is not State.UNKNOWN:
        raise refusal("ACTION_CONFLICT", state=execution.action.state.value)


def _provider_idempotent(execution: Execution) -> None:
    if not execution.idempotent:
        raise refusal("EFFECT_UNKNOWN")


def _key_of_first_attempt(execution: Execution) -> None:
    if not execution.same_key:
        raise refusal("EFFECT_UNKNOWN")


def _key_remembered(execution: Execution) -> None:
    """After the settle window the provider may have forgotten the key and act a second time."""
    if execution.action.settle_until is None or execution.now >= execution.action.settle_until:
        raise refusal("EFFECT_UNKNOWN")


def _not_claimed(cancellation: Cancellation) -> None:
    state = cancellation.action.state
    if state not in (State.PENDING, State.APPROVED):
        raise refusal("ACTION_NOT_PENDING", state=state.value)


def _not_over(cancellation: Cancellation) -> None:
    if cancellation.now >= cancellation.action.expires_at:
        raise refusal("ACTION_EXPIRED", State.EXPIRED)


def _entitled(cancellation: Cancellation) -> None:
    """An agent takes back what it asked for itself; a person what they asked for or may approve."""
    action, who = cancellation.action, cancellation.who
    if who.kind is ActorKind.AGENT:
        own = action.requester_kind is ActorKind.AGENT and action.requester_id == who.id
    else:
        approver = any(not slot.roles.isdisjoint(who.roles_now) for slot in action.slots)
        own = who.active_now and (who.person == action.requester_person or approver)
    if not own:
        raise refusal("POLICY_DENIED")


# --- guards of a resolution: what a person says became of what was sent ---


def _resolver_has_role(resolution: Resolution) -> None:
    """Whoever might have signed the action, or an admin."""
    if ADMIN not in resolution.voter.roles_now and not _slots_of_voter(resolution):
        raise refusal("ROLE_NOT_ELIGIBLE")


def _resolver_not_self(resolution: Resolution) -> None:
    """The requester resolves only what they might have signed: "never left" asks for another."""
    kept = [
        self_rule_kept(resolution.action, slot, resolution.voter.person)
        for slot in _slots_of_voter(resolution)
    ]
    if resolution.voter.person == resolution.action.requester_person and not any(kept):
        raise refusal("SELF_APPROVAL")


def _slots_of_voter(resolution: Resolution) -> list[Slot]:
    return [
        slot
        for slot in resolution.action.slots
        if not slot.roles.isdisjoint(resolution.voter.roles_now)
    ]


# --- facts that several guards share ---


def self_rule_kept(action: ActionFact, slot: Slot, person: str) -> bool:
    """The exception is for a person who signs what their agent asked for; the rule for all else."""
    if person != action.requester_person:
        return True
    by_agent = action.requester_kind is ActorKind.AGENT
    return by_agent and action.self_rule is SelfRule.OBO and slot.self_allowed


def rejected(approvals: Sequence[ApprovalFact]) -> bool:
    """Whether anybody said no; one is enough."""
    return any(approval.decision is Decision.REJECT for approval in approvals)


def refused(action: ActionFact, approvals: Sequence[ApprovalFact]) -> bool:
    """Whether somebody with the role for a slot really signed a no; the self rule binds no no."""
    tests = (_signed, _key_good, _active, _has_role)
    return any(all(test(action, one) for test in tests) for one in approvals if rejected([one]))


def taken(approvals: Sequence[ApprovalFact]) -> frozenset[str]:
    """Slots that hold an approval, whether or not it counts: the store keeps one for each."""
    yes = (approval for approval in approvals if approval.decision is Decision.APPROVE)
    return frozenset(approval.slot for approval in yes)


def lease_lives(action: ActionFact, now: datetime) -> bool:
    """Whether the worker that claimed the action may still send; not at the lease's end itself."""
    return action.lease_until is not None and now < action.lease_until


def settled(action: ActionFact, now: datetime) -> bool:
    """Whether nothing that was sent can still arrive, so that absence is evidence."""
    return action.settle_until is not None and now >= action.settle_until


# Absent pairs are refused. Failure by absence (not_found, closed) waits for the settle window.
OUTCOMES: Final[Mapping[tuple[State, Outcome], State]] = MappingProxyType(
    {
        (State.EXECUTING, Outcome.OK): State.SUCCEEDED,
        (State.EXECUTING, Outcome.DECLINED): State.FAILED,
        (State.EXECUTING, Outcome.TIMEOUT): State.UNKNOWN,
        (State.EXECUTING, Outcome.NOT_FOUND): State.UNKNOWN,
        (State.UNKNOWN, Outcome.OK): State.SUCCEEDED,
        (State.UNKNOWN, Outcome.DECLINED): State.FAILED,
        (State.UNKNOWN, Outcome.TIMEOUT): State.UNKNOWN,
        (State.UNKNOWN, Outcome.NOT_FOUND): State.FAILED,
        (State.UNKNOWN, Outcome.CLOSED): State.FAILED,
        (State.UNKNOWN, Outcome.SEEN): State.SUCCEEDED,
    }
)


def outcome_target(state: State, outcome: Outcome) -> State | None:
    """Where an outcome leads; None where it has no place."""
    return OUTCOMES.get((state, outcome))


@dataclass(frozen=True, slots=True, kw_only=True)
class Guards:
    """Every rule of the machine as a value. `vote` is for any decision, `approve` for approvals."""

    vote: tuple[Callable[[Vote], None], ...] = (
        _voter_is_a_person,
        _still_pending,
        _in_time,
        _first_decision,
        _voter_key_good,
        _voter_active,
        _voter_has_role,
    )
    approve: tuple[Callable[[Vote], None], ...] = (
        _voter_not_self,
        _slot_open,
        _voter_assured,
        _entity_unchanged,
        _policy_not_stricter,
        _asked_before_now,
    )
    counts: tuple[Callable[[ActionFact, ApprovalFact], bool], ...] = (
        _signed,
        _key_good,
        _active,
        _has_role,
        _assured,
        _not_self,
    )
    complete: tuple[Callable[[Quorum], bool], ...] = (
        _every_slot_filled,
        _one_person_each,
        _unopposed,
    )
    claim: tuple[Callable[[Context], None], ...] = (
        _claimable,
        _in_time,
        _entity_unchanged,
        _policy_not_stricter,
        _asked_before_now,
    )
    move: tuple[Callable[[Move], None], ...] = (_as_seen, _may_follow)
    cancel: tuple[Callable[[Cancellation], None], ...] = (_not_claimed, _not_over, _entitled)
    start: tuple[Callable[[Execution], None], ...] = (
        _is_executing,
        _owns_lease,
        _lease_alive,
        _first_attempt,
    )
    retry: tuple[Callable[[Execution], None], ...] = (
        _is_unknown,
        _provider_idempotent,
        _key_of_first_attempt,
        _key_remembered,
    )
    resolve: tuple[Callable[[Resolution], None], ...] = (
        _voter_is_a_person,
        _voter_key_good,
        _voter_active,
        _resolver_has_role,
        _resolver_not_self,
        _voter_assured,
    )
    kills: Callable[[Sequence[ApprovalFact]], bool] = rejected
    settled: Callable[[ActionFact, datetime], bool] = settled
    lease_lost: State = State.UNKNOWN
    outcome_target: Callable[[State, Outcome], State | None] = outcome_target


PRODUCTION: Final = Guards()
