"""Which single conditions hold a pending action back, and in which order are they asked?

Each guard is one question over plain values: silence is a yes, a `Refusal` is a no, and a predicate
says whether an approval counts. They stand in one record, `PRODUCTION`. The model check in
tests/approvals walks every reachable state with that record, then again without each guard, to show
that none can be missed. No other code makes a record of its own.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from types import MappingProxyType
from typing import Final

from domain.approvals.facts import (
    TRANSITIONS,
    ActionFact,
    ApprovalFact,
    Canceller,
    Decision,
    KeyStanding,
    Outcome,
    PolicyRelation,
    Present,
    Principal,
    Seen,
    SelfRule,
    Slot,
    State,
    Voter,
)
from domain.approvals.refusals import refusal

ADMIN: Final = "admin"


@dataclass(frozen=True, slots=True, kw_only=True)
class Case:
    """What the guards of a vote and of a claim look at."""

    action: ActionFact
    approvals: tuple[ApprovalFact, ...]
    present: Present


@dataclass(frozen=True, slots=True, kw_only=True)
class Ballot(Case):
    """One decision that somebody is about to make."""

    voter: Voter
    slot: Slot
    decision: Decision


@dataclass(frozen=True, slots=True)
class Count:
    """All decisions on an action, and among them the approvals that count."""

    action: ActionFact
    approvals: tuple[ApprovalFact, ...]
    counted: tuple[ApprovalFact, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Errand:
    """Somebody wants to send the action out, for the first time or again."""

    action: ActionFact
    now: datetime
    owner: str = ""
    idempotent: bool = False
    same_key: bool = False


@dataclass(frozen=True, slots=True)
class Withdrawal:
    """Somebody wants to take the action back."""

    action: ActionFact
    who: Canceller
    now: datetime


@dataclass(frozen=True, slots=True)
class Word:
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


def _voter_is_a_person(ballot: Ballot | Word) -> None:
    if ballot.voter.kind is not Principal.HUMAN:
        raise refusal("AGENT_CANNOT_APPROVE")


def _still_pending(ballot: Ballot) -> None:
    if ballot.action.state is not State.PENDING:
        raise refusal("ACTION_NOT_PENDING", state=ballot.action.state.value)


def _in_time(case: Case) -> None:
    """At exactly `expires_at` it is over."""
    if case.present.now >= case.action.expires_at:
        raise refusal("ACTION_EXPIRED", State.EXPIRED)


def _first_decision(ballot: Ballot) -> None:
    if any(approval.person == ballot.voter.person for approval in ballot.approvals):
        raise refusal("ALREADY_DECIDED")


def _voter_key_good(ballot: Ballot | Word) -> None:
    if ballot.voter.key is KeyStanding.UNKNOWN:
        raise refusal("APPROVER_KEY_UNKNOWN")
    if ballot.voter.key is not KeyStanding.GOOD:
        raise refusal("APPROVER_KEY_REVOKED")


def _voter_active(ballot: Ballot | Word) -> None:
    if not ballot.voter.active_now:
        raise refusal("ROLE_NOT_ELIGIBLE")


def _voter_has_role(ballot: Ballot) -> None:
    if ballot.voter.roles_now.isdisjoint(ballot.slot.roles):
        raise refusal("ROLE_NOT_ELIGIBLE", slot=ballot.slot.name)


def _voter_not_self(ballot: Ballot) -> None:
    if not self_rule_kept(ballot.action, ballot.slot, ballot.voter.person):
        raise refusal("SELF_APPROVAL", slot=ballot.slot.name)


def _slot_open(ballot: Ballot) -> None:
    if ballot.slot.name in taken(ballot.approvals):
        raise refusal("SLOT_FILLED", slot=ballot.slot.name)


def _voter_assured(ballot: Ballot | Word) -> None:
    have, need = ballot.voter.assurance, ballot.action.min_assurance
    if have < need:
        raise refusal("ASSURANCE_TOO_LOW", have=have, need=need)


def _entity_unchanged(case: Case) -> None:
    here = (case.present.entity_version, case.present.entity_digest)
    if here != (case.action.entity_version, case.action.entity_digest):
        raise refusal("ENTITY_CHANGED", State.STALE)


def _policy_not_stricter(case: Case) -> None:
    if case.present.policy is PolicyRelation.UNAVAILABLE:
        raise refusal("POLICY_UNAVAILABLE")
    if case.present.policy not in (PolicyRelation.SAME, PolicyRelation.LOOSER):
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


def _every_slot_filled(count: Count) -> bool:
    """No slots at all is a broken row, not an action that needs nobody."""
    needed = {slot.name for slot in count.action.slots}
    return bool(needed) and needed == {approval.slot for approval in count.counted}


def _one_person_each(count: Count) -> bool:
    """Two roles, or two keys, are still one person; she fills one slot or none."""
    people = {approval.person for approval in count.counted}
    return len(people) == len(count.counted) == len(count.action.slots)


def _unopposed(count: Count) -> bool:
    """One no anywhere, and nothing counts."""
    return not rejected(count.approvals)


# --- guards of a claim, a move, an errand, a withdrawal ---

_WHY_NOT_CLAIMED: Final[Mapping[State, str]] = {
    State.REJECTED: "ACTION_REJECTED",
    State.CANCELLED: "ACTION_CANCELLED",
    State.EXPIRED: "ACTION_EXPIRED",
    State.UNKNOWN: "EFFECT_UNKNOWN",
    State.PENDING: "NOT_APPROVED",
    State.STALE: "NOT_APPROVED",
}


def _claimable(case: Case) -> None:
    state = case.action.state
    if state is not State.APPROVED:
        raise refusal(_WHY_NOT_CLAIMED.get(state, "ACTION_CONFLICT"), state=state.value)


def _as_seen(move: Move) -> None:
    if Seen(move.action.state, move.action.state_seq) != move.seen:
        raise refusal("ACTION_CONFLICT", state=move.action.state.value)


def _may_follow(move: Move) -> None:
    """Judged from what was seen: that the row still stands there is the other guard's question."""
    if move.target not in TRANSITIONS[move.seen.state]:
        raise refusal("ACTION_CONFLICT", state=move.action.state.value)


def _is_executing(errand: Errand) -> None:
    if errand.action.state is not State.EXECUTING:
        raise refusal("ACTION_CONFLICT", state=errand.action.state.value)


def _owns_lease(errand: Errand) -> None:
    if errand.owner != errand.action.lease_owner:
        raise refusal("ACTION_CONFLICT", state=errand.action.state.value)


def _lease_alive(errand: Errand) -> None:
    if not lease_lives(errand.action, errand.now):
        raise refusal("ACTION_CONFLICT", state=errand.action.state.value)


def _first_attempt(errand: Errand) -> None:
    if errand.action.attempt > 0:
        raise refusal("EFFECT_UNKNOWN")


def _is_unknown(errand: Errand) -> None:
    if errand.action.state is not State.UNKNOWN:
        raise refusal("ACTION_CONFLICT", state=errand.action.state.value)


def _provider_idempotent(errand: Errand) -> None:
    if not errand.idempotent:
        raise refusal("EFFECT_UNKNOWN")


def _key_of_first_attempt(errand: Errand) -> None:
    if not errand.same_key:
        raise refusal("EFFECT_UNKNOWN")


def _key_remembered(errand: Errand) -> None:
    """After the settle window the provider may have forgotten the key and act a second time."""
    if errand.action.settle_until is None or errand.now >= errand.action.settle_until:
        raise refusal("EFFECT_UNKNOWN")


def _not_claimed(withdrawal: Withdrawal) -> None:
    state = withdrawal.action.state
    if state not in (State.PENDING, State.APPROVED):
        raise refusal("ACTION_NOT_PENDING", state=state.value)


def _not_over(withdrawal: Withdrawal) -> None:
    if withdrawal.now >= withdrawal.action.expires_at:
        raise refusal("ACTION_EXPIRED", State.EXPIRED)


def _entitled(withdrawal: Withdrawal) -> None:
    """An agent takes back what it asked for itself; a person what she asked for or may approve."""
    action, who = withdrawal.action, withdrawal.who
    if who.kind is Principal.AGENT:
        own = action.requester_kind is Principal.AGENT and action.requester_id == who.id
    else:
        approver = any(not slot.roles.isdisjoint(who.roles_now) for slot in action.slots)
        own = who.active_now and (who.person == action.requester_person or approver)
    if not own:
        raise refusal("POLICY_DENIED")


# --- guards of a person's word about what was sent ---


def _speaker_has_role(word: Word) -> None:
    """Whoever might have signed the action, or an admin."""
    if ADMIN not in word.voter.roles_now and not _hers(word):
        raise refusal("ROLE_NOT_ELIGIBLE")


def _speaker_not_self(word: Word) -> None:
    """Who asked closes it only where she might have signed it: "it never left" asks for another."""
    kept = [self_rule_kept(word.action, slot, word.voter.person) for slot in _hers(word)]
    if word.voter.person == word.action.requester_person and not any(kept):
        raise refusal("SELF_APPROVAL")


def _hers(word: Word) -> list[Slot]:
    return [slot for slot in word.action.slots if not slot.roles.isdisjoint(word.voter.roles_now)]


# --- facts that several guards share ---


def self_rule_kept(action: ActionFact, slot: Slot, person: str) -> bool:
    """The exception is for a person who signs what her agent asked for; the rule for all else."""
    if person != action.requester_person:
        return True
    by_agent = action.requester_kind is Principal.AGENT
    return by_agent and action.self_rule is SelfRule.OBO and slot.self_allowed


def rejected(approvals: Sequence[ApprovalFact]) -> bool:
    """Whether anybody said no; one is enough."""
    return any(approval.decision is Decision.REJECT for approval in approvals)


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
    """Every rule of the machine as a value. `vote` is for any decision, `approve` for a yes."""

    vote: tuple[Callable[[Ballot], None], ...] = (
        _voter_is_a_person,
        _still_pending,
        _in_time,
        _first_decision,
        _voter_key_good,
        _voter_active,
        _voter_has_role,
    )
    approve: tuple[Callable[[Ballot], None], ...] = (
        _voter_not_self,
        _slot_open,
        _voter_assured,
        _entity_unchanged,
        _policy_not_stricter,
    )
    counts: tuple[Callable[[ActionFact, ApprovalFact], bool], ...] = (
        _signed,
        _key_good,
        _active,
        _has_role,
        _assured,
        _not_self,
    )
    complete: tuple[Callable[[Count], bool], ...] = (
        _every_slot_filled,
        _one_person_each,
        _unopposed,
    )
    claim: tuple[Callable[[Case], None], ...] = (
        _claimable,
        _in_time,
        _entity_unchanged,
        _policy_not_stricter,
    )
    move: tuple[Callable[[Move], None], ...] = (_as_seen, _may_follow)
    cancel: tuple[Callable[[Withdrawal], None], ...] = (_not_claimed, _not_over, _entitled)
    start: tuple[Callable[[Errand], None], ...] = (
        _is_executing,
        _owns_lease,
        _lease_alive,
        _first_attempt,
    )
    retry: tuple[Callable[[Errand], None], ...] = (
        _is_unknown,
        _provider_idempotent,
        _key_of_first_attempt,
        _key_remembered,
    )
    resolve: tuple[Callable[[Word], None], ...] = (
        _voter_is_a_person,
        _voter_key_good,
        _voter_active,
        _speaker_has_role,
        _speaker_not_self,
        _voter_assured,
    )
    kills: Callable[[Sequence[ApprovalFact]], bool] = rejected
    settled: Callable[[ActionFact, datetime], bool] = settled
    lease_lost: State = State.UNKNOWN
    outcome_target: Callable[[State, Outcome], State | None] = outcome_target


PRODUCTION: Final = Guards()
