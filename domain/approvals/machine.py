"""Approval state machine: who may vote, is the quorum there, and where does the action go next?

Every answer is a pure function over the values of facts.py. Whoever asks has loaded the rows under
a lock and writes the answer in the same transaction. Silence lets pass; else there is a `Refusal`,
which may name the state that the action belongs in now. The conditions stand in guards.py.
"""

from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime

from domain.approvals.facts import (
    TRANSITIONS,
    ActionFact,
    ApprovalFact,
    Canceller,
    Decision,
    Outcome,
    Present,
    Seen,
    Slot,
    State,
    Voter,
)
from domain.approvals.guards import (
    PRODUCTION,
    Cancellation,
    Context,
    Execution,
    Guards,
    Move,
    Quorum,
    Resolution,
    Vote,
    lease_lives,
    taken,
)
from domain.approvals.guards import refused as refused
from domain.approvals.guards import self_rule_kept as self_rule_kept
from domain.approvals.refusals import refusal

# --- public: voting ---


def check_vote(
    action: ActionFact,
    approvals: Sequence[ApprovalFact],
    voter: Voter,
    slot: str,
    decision: Decision,
    present: Present,
    *,
    guards: Guards = PRODUCTION,
) -> None:
    """Refuse unless this person may make this decision in this slot now.

    To approve one must pass every guard. To reject takes a person with the role and a good key, in
    time, but neither a free slot nor a fresh entity: stopping something is always safe.

    Raises AGENT_CANNOT_APPROVE, ACTION_NOT_PENDING, ACTION_EXPIRED (target expired),
    ALREADY_DECIDED, APPROVER_KEY_UNKNOWN, APPROVER_KEY_REVOKED, ROLE_NOT_ELIGIBLE; for an approval
    also SELF_APPROVAL, SLOT_FILLED, ASSURANCE_TOO_LOW, ENTITY_CHANGED, POLICY_CHANGED and
    ACTION_POSTDATED (all target stale), POLICY_UNAVAILABLE; INVALID_ARGS when the action has no
    such slot.
    """
    vote = Vote(
        action=action,
        approvals=tuple(approvals),
        present=present,
        voter=voter,
        slot=_slot(action, slot),
        decision=decision,
    )
    for guard in guards.vote:
        guard(vote)
    if decision is Decision.APPROVE:
        for guard in guards.approve:
            guard(vote)


def choose_slot(
    action: ActionFact,
    approvals: Sequence[ApprovalFact],
    voter: Voter,
    decision: Decision = Decision.APPROVE,
) -> Slot:
    """The slot this person votes in when they named none.

    To approve: among the open slots that their roles and the self rule allow, the one that the
    fewest roles may fill, then the first in the order of the policy. To reject: any slot of their
    roles.

    Raises ALREADY_DECIDED, ROLE_NOT_ELIGIBLE, SELF_APPROVAL or SLOT_FILLED.
    """
    if any(approval.person == voter.person for approval in approvals):
        raise refusal("ALREADY_DECIDED")
    eligible = [slot for slot in action.slots if not voter.roles_now.isdisjoint(slot.roles)]
    if not eligible:
        raise refusal("ROLE_NOT_ELIGIBLE")
    if decision is Decision.APPROVE:
        eligible = [slot for slot in eligible if self_rule_kept(action, slot, voter.person)]
        if not eligible:
            raise refusal("SELF_APPROVAL")
        eligible = [slot for slot in eligible if slot.name not in taken(approvals)]
        if not eligible:
            raise refusal("SLOT_FILLED")
    return min(eligible, key=lambda slot: len(slot.roles))


def quorum(
    action: ActionFact, approvals: Sequence[ApprovalFact], *, guards: Guards = PRODUCTION
) -> bool:
    """Whether every slot is filled, by distinct people, each of them entitled at this moment."""
    counted = tuple(
        approval for approval in approvals if all(test(action, approval) for test in guards.counts)
    )
    count = Quorum(action, tuple(approvals), counted)
    return all(test(count) for test in guards.complete)


def after_vote(
    action: ActionFact, approvals: Sequence[ApprovalFact], *, guards: Guards = PRODUCTION
) -> State:
    """Where a pending action goes once a decision has been added to `approvals`.

    Rejected by the first no; approved by the quorum; pending while a slot is open. With all slots
    taken and no quorum (a key or role was lost meanwhile) it goes stale, since no slot can be
    filled twice and it would otherwise wait for its expiry and block a new proposal.
    """
    if guards.kills(approvals):
        return State.REJECTED
    if quorum(action, approvals, guards=guards):
        return State.APPROVED
    full = taken(approvals) >= {slot.name for slot in action.slots}
    return State.STALE if full else State.PENDING


# --- public: the way through ---


def allowed(state: State) -> frozenset[State]:
    """The states that may follow this one; none after a terminal state."""
    return TRANSITIONS[state]


def is_terminal(state: State) -> bool:
    """Whether nothing follows any more."""
    return not TRANSITIONS[state]


def after_time(action: ActionFact, now: datetime) -> State:
    """Expired, if the action waits and its time has come; else the state it is in.

    At exactly `expires_at` it has expired. Asked in every transaction and by a sweeper.
    """
    waits = action.state in (State.PENDING, State.APPROVED)
    return State.EXPIRED if waits and now >= action.expires_at else action.state


def after_change(action: ActionFact, *, moved_on: bool) -> State:
    """Stale, if the action waits and what it is about has moved on; else the state it is in."""
    waits = action.state in (State.PENDING, State.APPROVED)
    return State.STALE if waits and moved_on else action.state


def check_move(
    action: ActionFact, seen: Seen, target: State, *, guards: Guards = PRODUCTION
) -> None:
    """Refuse with ACTION_CONFLICT unless the row is still as seen and `target` may follow."""
    for guard in guards.move:
        guard(Move(action, seen, target))


def moved(action: ActionFact, target: State) -> ActionFact:
    """The action one step on: the new state, and a sequence number one higher."""
    return replace(action, state=target, state_seq=action.state_seq + 1)


def check_cancel(
    action: ActionFact, who: Canceller, now: datetime, *, guards: Guards = PRODUCTION
) -> None:
    """Refuse unless this agent asked for the action itself, or this person asked or may approve.

    Raises ACTION_NOT_PENDING once it is claimed or over, ACTION_EXPIRED (target expired),
    POLICY_DENIED.
    """
    for guard in guards.cancel:
        guard(Cancellation(action, who, now))


# --- public: carrying out ---


def check_claim(
    action: ActionFact,
    approvals: Sequence[ApprovalFact],
    present: Present,
    *,
    guards: Guards = PRODUCTION,
) -> None:
    """Refuse unless the executor may take this action and run it now.

    Everything is asked again, whatever the state column says. Raises with a target ACTION_EXPIRED
    (expired), ENTITY_CHANGED, POLICY_CHANGED, ACTION_POSTDATED, QUORUM_NOT_MET (stale); without one
    NOT_APPROVED, ACTION_REJECTED, ACTION_CANCELLED, ACTION_CONFLICT, EFFECT_UNKNOWN and
    POLICY_UNAVAILABLE.
    """
    context = Context(action=action, approvals=tuple(approvals), present=present)
    for guard in guards.claim:
        guard(context)
    if not quorum(action, approvals, guards=guards):
        raise refusal("QUORUM_NOT_MET", State.STALE)


def check_start(
    action: ActionFact, owner: str, now: datetime, *, guards: Guards = PRODUCTION
) -> None:
    """Refuse unless `owner` holds the live lease and nothing was sent yet.

    Asked in the transaction that writes down the attempt, before the first byte goes out. Raises
    ACTION_CONFLICT, or EFFECT_UNKNOWN when an attempt was already written down.
    """
    for guard in guards.start:
        guard(Execution(action=action, now=now, owner=owner))


def check_retry(
    action: ActionFact,
    now: datetime,
    *,
    idempotent: bool,
    same_key: bool,
    guards: Guards = PRODUCTION,
) -> None:
    """Refuse with EFFECT_UNKNOWN unless sending again cannot act twice.

    That is: the outcome is unknown, the provider honours idempotency keys, the key is that of the
    first attempt, and the provider cannot have forgotten it yet. Raises ACTION_CONFLICT in any
    other state. The caller then pushes `settle_until` on.
    """
    execution = Execution(action=action, now=now, idempotent=idempotent, same_key=same_key)
    for guard in guards.retry:
        guard(execution)


def after_lease_lost(action: ActionFact, now: datetime, *, guards: Guards = PRODUCTION) -> State:
    """Unknown, if the action was executing and its lease has ended; else the state it is in.

    Never approved again: whoever held the lease may have sent the effect before it died.
    """
    lapsed = action.state is State.EXECUTING and not lease_lives(action, now)
    return guards.lease_lost if lapsed else action.state


def after_outcome(
    action: ActionFact, outcome: Outcome, now: datetime, *, guards: Guards = PRODUCTION
) -> State:
    """Where an executing or unknown action goes with what was learnt; maybe nowhere.

    "Not found" is no news until the settle window is over. A person who closes the action earlier
    is refused with EFFECT_UNKNOWN; any other state raises ACTION_CONFLICT.
    """
    target = guards.outcome_target(action.state, outcome)
    if target is None:
        raise refusal("ACTION_CONFLICT", state=action.state.value)
    absence = outcome in (Outcome.NOT_FOUND, Outcome.CLOSED)
    if absence and target is State.FAILED and not guards.settled(action, now):
        if outcome is Outcome.CLOSED:
            raise refusal("EFFECT_UNKNOWN")
        return action.state
    return target


def check_resolve(
    action: ActionFact,
    voter: Voter,
    outcome: Outcome,
    now: datetime,
    *,
    guards: Guards = PRODUCTION,
) -> State:
    """Where a resolution by this person leads an action whose outcome is unknown; may refuse it.

    The resolver might have signed it, or is an admin. Raises AGENT_CANNOT_APPROVE,
    APPROVER_KEY_UNKNOWN, APPROVER_KEY_REVOKED, ROLE_NOT_ELIGIBLE, SELF_APPROVAL, ASSURANCE_TOO_LOW;
    ACTION_CONFLICT in any state but unknown, EFFECT_UNKNOWN for "nothing happened" before that can
    be known.
    """
    check_resolver(action, voter, guards=guards)
    return after_outcome(action, outcome, now, guards=guards)


def check_resolver(action: ActionFact, voter: Voter, *, guards: Guards = PRODUCTION) -> None:
    """Refuse unless a resolution of such an action by this person may count; as check_resolve."""
    for guard in guards.resolve:
        guard(Resolution(action, voter))


def _slot(action: ActionFact, name: str) -> Slot:
    for slot in action.slots:
        if slot.name == name:
            return slot
    raise refusal("INVALID_ARGS", slots=", ".join(slot.name for slot in action.slots))
