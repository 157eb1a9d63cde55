"""A valid action, voter, approval and world, of which each test bends one field."""

from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from domain.approvals.facts import (
    TRANSITIONS,
    ActionFact,
    ActorKind,
    ApprovalFact,
    Canceller,
    Decision,
    KeyStanding,
    PolicyRelation,
    Present,
    SelfRule,
    Slot,
    State,
    Voter,
)
from domain.approvals.refusals import Refusal

END = datetime(2026, 11, 20, 12, 10, tzinfo=UTC)
A_MICROSECOND = timedelta(microseconds=1)
A_MINUTE = timedelta(minutes=1)
AM, CFO = Slot("am", frozenset({"am"})), Slot("cfo", frozenset({"cfo"}), self_allowed=False)
APPROVE, REJECT = Decision.APPROVE, Decision.REJECT
TERMINAL = [state for state in State if not TRANSITIONS[state]]


def pending(**changes: Any) -> ActionFact:
    """An e-invoice is to be cancelled: an agent asks for ann; an AM and a CFO must sign."""
    action = ActionFact(
        state=State.PENDING,
        state_seq=1,
        requester_kind=ActorKind.AGENT,
        requester_id="agent-1",
        requester_person="ann",
        self_rule=SelfRule.OBO,
        slots=(AM, CFO),
        min_assurance=3,
        asked_at=END - timedelta(days=1),
        expires_at=END,
        entity_version=7,
        entity_digest="d7",
    )
    return replace(action, **changes)


def voter(person: str = "bob", *roles: str, **changes: Any) -> Voter:
    fit = Voter(
        kind=ActorKind.HUMAN,
        person=person,
        roles_now=frozenset(roles or {"am"}),
        active_now=True,
        key=KeyStanding.GOOD,
        assurance=3,
    )
    return replace(fit, **changes)


def approval(person: str, slot: str, *roles: str, **changes: Any) -> ApprovalFact:
    good = ApprovalFact(
        person=person,
        slot=slot,
        decision=APPROVE,
        assurance=3,
        valid_signature=True,
        roles_now=frozenset(roles or {slot}),
        active_now=True,
        key_ok_now=True,
    )
    return replace(good, **changes)


def now(**changes: Any) -> Present:
    calm = Present(
        now=END - A_MINUTE, entity_version=7, entity_digest="d7", policy=PolicyRelation.SAME
    )
    return replace(calm, **changes)


def canceller(person: str, *roles: str, kind: ActorKind = ActorKind.HUMAN) -> Canceller:
    return Canceller(
        kind=kind, id=person, person=person, roles_now=frozenset(roles), active_now=True
    )


BOTH = (approval("bob", "am"), approval("carol", "cfo"))
APPROVED = pending(state=State.APPROVED, state_seq=2)
CLAIMED = pending(
    state=State.EXECUTING,
    state_seq=3,
    lease_owner="w1",
    lease_until=END,
    settle_until=END + A_MINUTE,
)
UNKNOWN = replace(CLAIMED, state=State.UNKNOWN, state_seq=4, attempt=1)


def refused(
    call: Callable[..., object], *arguments: object, **keywords: object
) -> tuple[str, State | None]:
    with pytest.raises(Refusal) as caught:
        call(*arguments, **keywords)
    assert "{" not in str(caught.value), "the words are filled in"
    return caught.value.code, caught.value.target
