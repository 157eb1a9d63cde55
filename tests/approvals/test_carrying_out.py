"""State machine of an action:
which way does an action go, who may take it back, and when is it sent, sent again, or over?
"""

from dataclasses import replace
from itertools import product

import pytest

from domain.approvals.facts import (
    ActorKind,
    Outcome,
    Seen,
    State,
)
from domain.approvals.machine import (
    after_lease_lost,
    after_outcome,
    allowed,
    check_cancel,
    check_claim,
    check_move,
    check_retry,
    check_start,
    is_terminal,
    moved,
)
from tests.approvals.samples import (
    A_MICROSECOND,
    A_MINUTE,
    APPROVED,
    BOTH,
    CLAIMED,
    END,
    TERMINAL,
    UNKNOWN,
    canceller,
    now,
    pending,
    refused,
)

# --- claiming and moving ---


def test_an_approved_action_with_a_live_quorum_is_claimed():
    check_claim(APPROVED, BOTH, now())


@pytest.mark.parametrize(
    ("state", "code"),
    [
        (State.PENDING, "NOT_APPROVED"),
        (State.STALE, "NOT_APPROVED"),
        (State.REJECTED, "ACTION_REJECTED"),
        (State.CANCELLED, "ACTION_CANCELLED"),
        (State.EXPIRED, "ACTION_EXPIRED"),
        (State.EXECUTING, "ACTION_CONFLICT"),
        (State.UNKNOWN, "EFFECT_UNKNOWN"),
        (State.SUCCEEDED, "ACTION_CONFLICT"),
        (State.FAILED, "ACTION_CONFLICT"),
    ],
)
def test_nothing_but_an_approved_action_is_claimed(state, code):
    assert refused(check_claim, replace(APPROVED, state=state), BOTH, now()) == (code, None)


def test_what_was_approved_in_time_does_not_run_late():
    assert refused(check_claim, APPROVED, BOTH, now(now=END)) == ("ACTION_EXPIRED", State.EXPIRED)


@pytest.mark.parametrize(("source", "target"), list(product(State, State)))
def test_a_move_follows_the_drawing_and_no_other_way(source, target):
    row, seen = pending(state=source, state_seq=4), Seen(source, 4)

    if target in allowed(source):
        check_move(row, seen, target)
        assert (moved(row, target).state, moved(row, target).state_seq) == (target, 5)
    else:
        assert refused(check_move, row, seen, target) == ("ACTION_CONFLICT", None)


def test_only_approved_leads_to_executing_and_six_states_are_final():
    assert [state for state in State if State.EXECUTING in allowed(state)] == [State.APPROVED]
    assert [state for state in State if is_terminal(state)] == TERMINAL
    assert len(TERMINAL) == 6


@pytest.mark.parametrize("seen", [Seen(State.APPROVED, 1), Seen(State.PENDING, 2)])
def test_a_row_that_moved_since_it_was_read_is_not_touched(seen):
    assert refused(check_move, APPROVED, seen, State.CANCELLED) == ("ACTION_CONFLICT", None)


# --- cancelling ---


@pytest.mark.parametrize(
    "who",
    [
        canceller("agent-1", kind=ActorKind.AGENT),
        canceller("ann"),
        canceller("bob", "am"),
        canceller("carol", "cfo"),
    ],
)
@pytest.mark.parametrize("action", [pending(), APPROVED])
def test_who_asked_and_who_may_approve_can_take_it_back(action, who):
    check_cancel(action, who, END - A_MINUTE)


@pytest.mark.parametrize(
    "who",
    [
        canceller("agent-2", "am", kind=ActorKind.AGENT),
        canceller("ann", "am", kind=ActorKind.AGENT),
        canceller("dan", "sales"),
        replace(canceller("bob", "am"), active_now=False),
    ],
)
def test_nobody_else_can_take_it_back(who):
    assert refused(check_cancel, pending(), who, END - A_MINUTE) == ("POLICY_DENIED", None)


@pytest.mark.parametrize("state", [State.EXECUTING, State.UNKNOWN, *TERMINAL])
def test_what_is_claimed_or_over_is_not_taken_back(state):
    action = pending(state=state)

    assert refused(check_cancel, action, canceller("ann"), END - A_MINUTE)[0] == (
        "ACTION_NOT_PENDING"
    )


def test_what_has_expired_is_not_cancelled_but_expired():
    assert refused(check_cancel, pending(), canceller("ann"), END) == (
        "ACTION_EXPIRED",
        State.EXPIRED,
    )


# --- carrying out ---


def test_the_owner_of_a_live_lease_starts_once():
    check_start(CLAIMED, "w1", END - A_MICROSECOND)

    assert refused(check_start, replace(CLAIMED, attempt=1), "w1", END - A_MINUTE)[0] == (
        "EFFECT_UNKNOWN"
    )
    assert refused(check_start, CLAIMED, "w2", END - A_MINUTE)[0] == "ACTION_CONFLICT"
    assert refused(check_start, CLAIMED, "w1", END)[0] == "ACTION_CONFLICT"
    assert refused(check_start, APPROVED, "", END - A_MINUTE)[0] == "ACTION_CONFLICT"


def test_a_lost_lease_leads_to_unknown_and_nowhere_else():
    assert after_lease_lost(CLAIMED, END - A_MICROSECOND) is State.EXECUTING
    assert after_lease_lost(CLAIMED, END) is State.UNKNOWN
    for state in set(State) - {State.EXECUTING}:
        assert after_lease_lost(replace(CLAIMED, state=state), END) is state


@pytest.mark.parametrize(
    ("action", "outcome", "state"),
    [
        (CLAIMED, Outcome.OK, State.SUCCEEDED),
        (CLAIMED, Outcome.DECLINED, State.FAILED),
        (CLAIMED, Outcome.TIMEOUT, State.UNKNOWN),
        (CLAIMED, Outcome.NOT_FOUND, State.UNKNOWN),
        (UNKNOWN, Outcome.OK, State.SUCCEEDED),
        (UNKNOWN, Outcome.DECLINED, State.FAILED),
        (UNKNOWN, Outcome.TIMEOUT, State.UNKNOWN),
        (UNKNOWN, Outcome.NOT_FOUND, State.UNKNOWN),
    ],
)
def test_what_is_learnt_within_the_settle_window(action, outcome, state):
    assert after_outcome(action, outcome, END) is state


def test_absence_is_evidence_only_when_the_settle_window_is_over():
    over, never = END + A_MINUTE, replace(UNKNOWN, settle_until=None)

    assert after_outcome(UNKNOWN, Outcome.NOT_FOUND, over - A_MICROSECOND) is State.UNKNOWN
    assert after_outcome(UNKNOWN, Outcome.NOT_FOUND, over) is State.FAILED
    assert after_outcome(UNKNOWN, Outcome.CLOSED, over) is State.FAILED
    assert refused(after_outcome, UNKNOWN, Outcome.CLOSED, END)[0] == "EFFECT_UNKNOWN"
    assert after_outcome(never, Outcome.NOT_FOUND, over) is State.UNKNOWN


@pytest.mark.parametrize("outcome", Outcome)
@pytest.mark.parametrize("state", [State.PENDING, State.APPROVED, *TERMINAL])
def test_an_outcome_changes_nothing_that_was_not_sent(state, outcome):
    action = replace(UNKNOWN, state=state)

    assert refused(after_outcome, action, outcome, END + A_MINUTE)[0] == "ACTION_CONFLICT"


def test_sending_again_needs_an_idempotent_provider_the_same_key_and_its_memory():
    check_retry(UNKNOWN, END, idempotent=True, same_key=True)

    for idempotent, same_key, at in [
        (False, True, END),
        (True, False, END),
        (True, True, END + A_MINUTE),
    ]:
        code, _ = refused(check_retry, UNKNOWN, at, idempotent=idempotent, same_key=same_key)
        assert code == "EFFECT_UNKNOWN"
    code, _ = refused(check_retry, CLAIMED, END, idempotent=True, same_key=True)
    assert code == "ACTION_CONFLICT"
