"""Quorum rules: who may decide in which slot, and when are the decisions enough?

The ids at the beginning of some names are those of the attacks that a case stands for.
"""

from dataclasses import replace
from datetime import timedelta

import pytest

from domain.approvals.facts import (
    ActorKind,
    Decision,
    KeyStanding,
    PolicyRelation,
    SelfRule,
    Slot,
    State,
)
from domain.approvals.machine import (
    after_change,
    after_time,
    after_vote,
    check_claim,
    check_vote,
    choose_slot,
    quorum,
)
from domain.approvals.refusals import WORDS
from domain.kernel.faults import Fault
from tests.approvals.samples import (
    A_MICROSECOND,
    A_MINUTE,
    AM,
    APPROVE,
    APPROVED,
    BOTH,
    CFO,
    END,
    REJECT,
    approval,
    now,
    pending,
    refused,
    voter,
)

# --- voting ---


def test_a_person_with_the_role_may_say_yes():
    check_vote(pending(), (), voter("bob", "am"), "am", APPROVE, now())


@pytest.mark.parametrize(
    ("who", "slot", "code"),
    [
        (voter("bob", "am", kind=ActorKind.AGENT), "am", "AGENT_CANNOT_APPROVE"),
        (voter("bob", "am", key=KeyStanding.UNKNOWN), "am", "APPROVER_KEY_UNKNOWN"),
        (voter("bob", "am", key=KeyStanding.REVOKED), "am", "APPROVER_KEY_REVOKED"),
        (voter("bob", "am"), "cfo", "ROLE_NOT_ELIGIBLE"),
        (voter("bob", "am", active_now=False), "am", "ROLE_NOT_ELIGIBLE"),
        (voter("bob", "am", assurance=2), "am", "ASSURANCE_TOO_LOW"),
        (voter("bob", "am"), "cro", "INVALID_ARGS"),
    ],
)
def test_a_yes_is_refused_with_the_reason_of_its_voter(who, slot, code):
    assert refused(check_vote, pending(), (), who, slot, APPROVE, now()) == (code, None)


def test_B05_one_person_with_both_roles_and_two_keys_decides_once():
    first = approval("bob", "am", "am", "cfo")
    again = voter("bob", "am", "cfo")

    assert refused(check_vote, pending(), [first], again, "cfo", APPROVE, now()) == (
        "ALREADY_DECIDED",
        None,
    )
    assert not quorum(pending(), [first, approval("bob", "cfo", "am", "cfo")])


def test_B06_who_asked_may_not_approve_where_the_rule_says_never():
    action = pending(self_rule=SelfRule.NEVER)

    assert refused(check_vote, action, (), voter("ann", "am"), "am", APPROVE, now()) == (
        "SELF_APPROVAL",
        None,
    )
    assert not quorum(action, [approval("ann", "am"), approval("carol", "cfo")])


def test_B06_a_person_may_fill_exactly_one_slot_of_what_their_agent_asked():
    ann = voter("ann", "am", "cfo")
    filled = [approval("ann", "am", "am", "cfo")]

    check_vote(pending(), (), ann, "am", APPROVE, now())
    again = refused(check_vote, pending(), filled, ann, "cfo", APPROVE, now())

    assert again == ("ALREADY_DECIDED", None)
    assert quorum(pending(), [*filled, approval("carol", "cfo")])
    assert not quorum(pending(), [*filled, approval("ann", "cfo", "am", "cfo")])


def test_B06_a_slot_can_forbid_what_the_action_allows():
    ann = voter("ann", "am", "cfo")

    assert refused(check_vote, pending(), (), ann, "cfo", APPROVE, now()) == ("SELF_APPROVAL", None)
    assert not quorum(pending(), [approval("bob", "am"), approval("ann", "cfo")])


def test_B06_a_person_who_asks_without_an_agent_never_approves_their_own_request():
    action = pending(requester_kind=ActorKind.HUMAN, requester_id="ann")

    assert refused(check_vote, action, (), voter("ann", "am"), "am", APPROVE, now()) == (
        "SELF_APPROVAL",
        None,
    )


def test_a_filled_slot_stays_filled_even_by_an_approval_that_no_longer_counts():
    void = approval("bob", "am", key_ok_now=False)

    assert refused(check_vote, pending(), [void], voter("erin", "am"), "am", APPROVE, now()) == (
        "SLOT_FILLED",
        None,
    )


@pytest.mark.parametrize("decision", Decision)
@pytest.mark.parametrize("late", [timedelta(0), A_MICROSECOND, timedelta(days=365)])
def test_B12_from_the_very_moment_of_expiry_nobody_votes(decision, late):
    there = now(now=END + late)

    assert refused(check_vote, pending(), (), voter(), "am", decision, there) == (
        "ACTION_EXPIRED",
        State.EXPIRED,
    )


def test_B12_a_microsecond_before_expiry_is_in_time():
    just = now(now=END - A_MICROSECOND)

    check_vote(pending(), (), voter(), "am", APPROVE, just)
    check_claim(APPROVED, BOTH, just)
    assert after_time(pending(), just.now) is State.PENDING
    assert after_time(pending(), END) is State.EXPIRED


def test_B12_a_clock_that_goes_back_does_not_revive_what_has_expired():
    gone = pending(state=State.EXPIRED, state_seq=2)

    assert after_time(gone, END - A_MINUTE) is State.EXPIRED
    assert refused(check_vote, gone, (), voter(), "am", APPROVE, now())[0] == "ACTION_NOT_PENDING"


@pytest.mark.parametrize("state", State)
def test_B14_what_moved_on_makes_stale_what_waits_and_nothing_that_has_begun(state):
    action, waits = pending(state=state, state_seq=5), (State.PENDING, State.APPROVED)

    assert after_change(action, moved_on=False) is state
    assert after_change(action, moved_on=True) is (State.STALE if state in waits else state)


@pytest.mark.parametrize("decision", Decision)
@pytest.mark.parametrize("state", [state for state in State if state is not State.PENDING])
def test_B23_only_a_pending_action_is_voted_on(state, decision):
    action = pending(state=state, state_seq=5)

    assert refused(check_vote, action, (), voter(), "am", decision, now()) == (
        "ACTION_NOT_PENDING",
        None,
    )


@pytest.mark.parametrize(
    "change",
    [
        {"entity_version": 8},
        {"entity_digest": "d8"},
        {"entity_version": None, "entity_digest": None},
    ],
)
def test_B14_a_changed_entity_makes_the_action_stale_at_the_vote_and_at_the_claim(change):
    there = now(**change)

    at_vote = refused(check_vote, pending(), (), voter(), "am", APPROVE, there)
    at_claim = refused(check_claim, APPROVED, BOTH, there)

    assert at_vote == at_claim == ("ENTITY_CHANGED", State.STALE)


@pytest.mark.parametrize(
    ("relation", "answer"),
    [
        (PolicyRelation.STRICTER, ("POLICY_CHANGED", State.STALE)),
        (PolicyRelation.UNAVAILABLE, ("POLICY_UNAVAILABLE", None)),
    ],
)
def test_a_stricter_policy_ends_the_action_and_a_missing_one_holds_it(relation, answer):
    there = now(policy=relation)

    assert refused(check_vote, pending(), (), voter(), "am", APPROVE, there) == answer
    assert refused(check_claim, APPROVED, BOTH, there) == answer


def test_under_a_looser_policy_the_old_slots_are_still_required():
    looser = now(policy=PolicyRelation.LOOSER)

    check_claim(APPROVED, BOTH, looser)
    assert refused(check_claim, APPROVED, BOTH[:1], looser)[0] == "QUORUM_NOT_MET"


def test_a_no_needs_neither_a_free_slot_nor_a_fresh_entity_nor_a_strong_key():
    there = now(entity_version=8, policy=PolicyRelation.STRICTER)

    check_vote(pending(), BOTH[:1], voter("erin", "am", assurance=2), "am", REJECT, there)


def test_one_no_ends_the_action_whatever_else_was_said():
    no = approval("erin", "am", decision=REJECT)

    assert after_vote(pending(), [*BOTH, no]) is State.REJECTED
    assert not quorum(pending(), [*BOTH, no])


def test_a_vote_leaves_it_pending_until_the_last_slot_is_filled():
    assert after_vote(pending(), ()) is State.PENDING
    assert after_vote(pending(), BOTH[:1]) is State.PENDING
    assert after_vote(pending(), BOTH) is State.APPROVED


def test_with_every_slot_taken_and_no_quorum_it_goes_stale_rather_than_wait():
    void = approval("bob", "am", key_ok_now=False)

    assert after_vote(pending(), [void, BOTH[1]]) is State.STALE


# --- choosing a slot ---


def test_the_slot_is_chosen_that_fewest_roles_can_fill():
    wide = Slot("either", frozenset({"am", "cfo"}))
    action = pending(slots=(wide, CFO))

    assert choose_slot(action, (), voter("bob", "am", "cfo")) is CFO
    assert choose_slot(action, [approval("carol", "cfo")], voter("bob", "am", "cfo")) is wide


def test_nobody_is_sent_to_a_slot_that_the_self_rule_closes_to_them():
    assert choose_slot(pending(slots=(CFO, AM)), (), voter("ann", "am", "cfo")) is AM


@pytest.mark.parametrize(
    ("known", "who", "code"),
    [
        (BOTH[:1], voter("bob", "am"), "ALREADY_DECIDED"),
        (BOTH[:1], voter("erin", "am"), "SLOT_FILLED"),
        ((), voter("dan", "sales"), "ROLE_NOT_ELIGIBLE"),
        ((), voter("ann", "cfo"), "SELF_APPROVAL"),
    ],
)
def test_when_no_slot_is_theirs_the_reason_is_told(known, who, code):
    assert refused(choose_slot, pending(), known, who) == (code, None)


def test_a_no_may_go_into_a_slot_that_is_filled():
    assert choose_slot(pending(), BOTH[:1], voter("erin", "am"), REJECT) is AM


# --- quorum ---


@pytest.mark.parametrize(
    "change",
    [
        {"valid_signature": False},
        {"roles_now": frozenset({"sales"})},
        {"roles_now": frozenset()},
        {"active_now": False},
        {"key_ok_now": False},
        {"assurance": 2},
        {"slot": "cro"},
        {"decision": REJECT},
        {"person": "bob"},
    ],
)
def test_an_approval_that_lost_one_of_its_grounds_does_not_count(change):
    broken = [BOTH[0], replace(BOTH[1], **change)]

    assert quorum(pending(), BOTH)
    assert not quorum(pending(), broken)
    assert refused(check_claim, APPROVED, broken, now()) == ("QUORUM_NOT_MET", State.STALE)


def test_two_people_in_one_slot_do_not_fill_two():
    assert not quorum(pending(), [approval("bob", "am"), approval("erin", "am")])
    assert not quorum(pending(), [approval("bob", "am"), approval("erin", "am"), BOTH[1]])


def test_an_action_without_slots_is_never_approved_by_nobody():
    assert not quorum(pending(slots=()), ())
    assert not quorum(pending(slots=()), BOTH)


def test_two_slots_of_one_role_need_two_people():
    admins = (Slot("admin-1", frozenset({"admin"})), Slot("admin-2", frozenset({"admin"})))
    action = pending(slots=admins)

    assert quorum(action, [approval("ina", "admin-1", "admin"), approval("jo", "admin-2", "admin")])
    assert not quorum(
        action, [approval("ina", "admin-1", "admin"), approval("ina", "admin-2", "admin")]
    )


# --- words ---


def test_a_refusal_is_a_fault_with_words_for_whoever_caused_it():
    with pytest.raises(Fault) as caught:
        check_vote(pending(), (), voter(assurance=1), "am", APPROVE, now())

    assert caught.value.facts == {"have": 1, "need": 3}
    assert str(caught.value).startswith("ASSURANCE_TOO_LOW: This action needs assurance A3")


def test_every_code_has_a_sentence_and_a_next_step():
    for code, (kind, message, hint) in WORDS.items():
        assert code.isupper() and kind, code
        assert message.endswith(".") and hint.endswith("."), code
