"""Universe of the model check:
which small world does the model check walk through, and what must hold everywhere in it?

A few people, one action, a clock of five instants, two workers, a provider, misfortunes, and (in
one universe) somebody who writes into the database. What must hold is said here a second time and
in other words than in domain/approvals, so that a guard that goes missing there is noticed.

    I1  nothing is sent without a claim on exactly this action
    I2  every slot is filled by distinct people, entitled when they sign and when it runs
    I3  who asked signs only where the self rule lets them
    I4  signatures are checked over bytes rebuilt from the row
    I5  a signature counts for one action
    I6  the effect happens at most once
    I7  succeeded means it happened, failed means it never will
    I8  expiry, entity, policy and the clock of whoever asked hold at the moment of the transition
    I9  states follow the drawing, decisions are only added, a terminal state stays
    I10 what was sent is closed by people who might have signed it, or by an admin, and not early
"""

import hashlib
from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from functools import cache
from itertools import permutations
from typing import NamedTuple

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from domain.approvals import signed
from domain.approvals.facts import (
    ActionFact,
    ActorKind,
    ApprovalFact,
    Decision,
    KeyStanding,
    PolicyRelation,
    Present,
    SelfRule,
    Slot,
    State,
    Voter,
)
from domain.approvals.guards import PRODUCTION, Guards
from domain.identity import keys

EXPIRY = datetime(2026, 11, 20, 12, 10, tzinfo=UTC)
# Instants: in time, one microsecond before the end, the very end, and twice after it. A lease lasts
# until the next instant, the settle window one instant more.
CLOCK = tuple(
    EXPIRY + step
    for step in (
        timedelta(seconds=-2),
        timedelta(microseconds=-1),
        timedelta(0),
        timedelta(seconds=1),
        timedelta(seconds=2),
    )
)
OVER = 2  # the instant at which the action has expired
ROLES = {
    "ann": frozenset({"am"}),  # the agent acts for them
    "bob": frozenset({"am", "cfo"}),
    "carol": frozenset({"cfo"}),
    "dan": frozenset({"sales"}),
    "erin": frozenset({"am"}),
    "gina": frozenset({"cfo"}),
    "hugo": frozenset({"cfo"}),
    "ivy": frozenset({"admin"}),
}
EDGES = {
    "pending": "approved rejected expired cancelled stale",
    "approved": "executing expired cancelled stale",
    "executing": "succeeded failed unknown",
    "unknown": "succeeded failed",
}
WAITING = (State.PENDING, State.APPROVED)
SENT = (State.EXECUTING, State.UNKNOWN)


class Broken(Exception):
    """An invariant does not hold."""


class Row(NamedTuple):
    """A stored decision. `made` says how its signature came about."""

    person: str
    slot: str
    decision: Decision
    made: str = "here"  # or "elsewhere": signed for another action; or "weak": a low assurance


class World(NamedTuple):
    """One state of everything."""

    state: State = State.PENDING
    seq: int = 1
    rows: frozenset[Row] = frozenset()
    tick: int = 0
    lost: frozenset[str] = frozenset()  # misfortunes that have happened
    claimed: int = -1  # the instant of the claim
    owner: int = -1
    attempt: int = 0
    workers: tuple[tuple[str, int], ...] = (("idle", 0), ("idle", 0))
    flying: int = 0  # requests under way
    landed: int = 0  # effects


# --- signatures: real ones, over the production bytes ---


@cache
def key_of(person: str) -> keys.PrivateKey:
    private = Ed25519PrivateKey.from_private_bytes(hashlib.sha256(person.encode()).digest())
    public = private.public_key().public_bytes_raw()
    return keys.PrivateKey(keys.key_id(public), public, private)


def bytes_for(row: Row, action: str, expires_at: datetime) -> bytes:
    some = "ab" * 32
    bound = signed.Bound(
        deploy="test",
        tenant="t1",
        action=action,
        tool="cyberos.inv.cancel_einvoice",
        tool_schema_sha256=some,
        args_sha256=some,
        entity_type="einvoice",
        entity_id="E1",
        entity_version=7,
        entity_digest=some,
        summary_sha256=some,
        terms=some,
        policy_version=3,
        policy_sha256=some,
        requester="agent:G1",
        obo="ann",
        expires_at=expires_at,
        nonce=action * 8,
    )
    choice = signed.Choice(
        decision=row.decision,
        slot=row.slot,
        person=row.person,
        key=key_of(row.person).key_id,
        audit_head_seq=9,
        audit_head_hash=some,
    )
    return signed.tbs(signed.payload(bound, choice))


@cache
def genuine(row: Row, edited: bool) -> bool:
    """Does the stored signature fit the bytes rebuilt from the row as it stands?"""
    signature = keys.sign(key_of(row.person), bytes_as_signed(row))
    expires_at = EXPIRY + timedelta(days=1) if edited else EXPIRY
    return keys.verify(
        key_of(row.person).public_key, signature, bytes_for(row, "action-1", expires_at)
    )


def bytes_as_signed(row: Row) -> bytes:
    return bytes_for(row, "action-2" if row.made == "elsewhere" else "action-1", EXPIRY)


@cache
def believed(row: Row, edited: bool) -> bool:
    """The mistake of checking a signature against the payload that was stored beside it."""
    stored = bytes_as_signed(row)
    return keys.verify(key_of(row.person).public_key, keys.sign(key_of(row.person), stored), stored)


@dataclass(eq=False, frozen=True)  # itself is its name in every cache
class Universe:
    """Who asks, under which rules, with which misfortunes; `guards` are what is being tried."""

    name: str
    requester: ActorKind = ActorKind.AGENT
    self_rule: SelfRule = SelfRule.OBO
    idempotent: bool = False
    effects: bool = True  # False: stop at the claim
    intruder: bool = False
    misfortunes: tuple[str, ...] = ("ann leaves", "bob key", "carol role", "entity", "policy")
    slots: tuple[Slot, ...] = (
        Slot("am", frozenset({"am"})),
        Slot("cfo", frozenset({"cfo"}), self_allowed=False),
    )
    guards: Guards = PRODUCTION
    genuine: Callable[[Row, bool], bool] = genuine


# --- the world as the guards see it ---


@cache
def action(universe: Universe, state: State, seq: int, claimed: int, owner: int, attempt: int,
           edited: bool, ahead: bool) -> ActionFact:  # fmt: skip
    was_claimed = claimed >= 0
    return ActionFact(
        state=state,
        state_seq=seq,
        requester_kind=universe.requester,
        requester_id="G1" if universe.requester is ActorKind.AGENT else "ann",
        requester_person="ann",
        self_rule=universe.self_rule,
        slots=universe.slots,
        min_assurance=3,
        asked_at=EXPIRY + timedelta(hours=1 if ahead else -24),
        expires_at=EXPIRY + timedelta(days=1) if edited else EXPIRY,
        entity_version=7,
        entity_digest="d7",
        lease_owner=f"w{owner}" if was_claimed else None,
        lease_until=at(claimed + 1) if was_claimed else None,
        settle_until=at(claimed + 2) if was_claimed else None,
        attempt=attempt,
    )


def at(tick: int) -> datetime:
    return CLOCK[min(tick, len(CLOCK) - 1)] + timedelta(hours=max(0, tick - len(CLOCK) + 1))


def fact(u: Universe, w: World) -> ActionFact:
    edited, ahead = "expiry edited" in w.lost, "asked ahead" in w.lost
    return action(u, w.state, w.seq, w.claimed, w.owner, w.attempt, edited, ahead)


def roles(person: str, lost: frozenset[str]) -> frozenset[str]:
    return frozenset() if f"{person} role" in lost else ROLES[person]


@cache
def decisions(u: Universe, rows: frozenset[Row], lost: frozenset[str]) -> tuple[ApprovalFact, ...]:
    return tuple(
        ApprovalFact(
            person=row.person,
            slot=row.slot,
            decision=row.decision,
            assurance=2 if row.made == "weak" else 3,
            valid_signature=u.genuine(row, "expiry edited" in lost),
            roles_now=roles(row.person, lost),
            active_now=f"{row.person} leaves" not in lost,
            key_ok_now=f"{row.person} key" not in lost,
        )
        for row in sorted(rows)
    )


@cache
def present(tick: int, lost: frozenset[str]) -> Present:
    return Present(
        now=at(tick),
        entity_version=8 if "entity" in lost else 7,
        entity_digest="d8" if "entity" in lost else "d7",
        policy=PolicyRelation.STRICTER if "policy" in lost else PolicyRelation.SAME,
    )


@cache
def voters(lost: frozenset[str]) -> dict[str, Voter]:
    def voter(person: str, kind: ActorKind, key: KeyStanding, assurance: int) -> Voter:
        return Voter(
            kind=kind,
            person=person,
            roles_now=roles(person, lost),
            active_now=f"{person} leaves" not in lost,
            key=key,
            assurance=assurance,
        )

    human, good = ActorKind.HUMAN, KeyStanding.GOOD
    revoked = KeyStanding.REVOKED
    return {
        person: voter(person, human, revoked if f"{person} key" in lost else good, 3)
        for person in ("ann", "bob", "carol", "dan")
    } | {
        "an agent as bob": voter("bob", ActorKind.AGENT, good, 3),
        "carol with a foreign key": voter("carol", human, KeyStanding.UNKNOWN, 3),
        "carol without a key": voter("carol", human, good, 2),
    }


@cache
def resolvers() -> dict[str, tuple[Voter, bool]]:
    """Who may try to say what became of an action that was sent, and whose word may count.

    Ann asked for it, and the probe allows it under a rule that forbids the requester to sign.
    """
    known = voters(frozenset())
    gone = replace(known["bob"], active_now=False)
    ivy = replace(known["dan"], person="ivy", roles_now=ROLES["ivy"])
    return {
        "bob": (known["bob"], True),
        "carol": (known["carol"], True),
        "ivy": (ivy, True),
        "ann": (known["ann"], False),
        "dan": (known["dan"], False),
        "bob who left": (gone, False),
        "ivy with a revoked key": (replace(ivy, key=KeyStanding.REVOKED), False),
        "an agent as bob": (known["an agent as bob"], False),
        "carol with a foreign key": (known["carol with a foreign key"], False),
        "carol without a key": (known["carol without a key"], False),
    }


# --- what must hold, in other words ---


def self_rule_broken(u: Universe, person: str, slot: str) -> bool:
    if person != "ann":
        return False
    return u.requester is ActorKind.HUMAN or u.self_rule is SelfRule.NEVER or slot == "cfo"


def check_vote_was_right(u: Universe, w: World, name: str, row: Row) -> None:
    person, slot, yes = row.person, row.slot, row.decision is Decision.APPROVE
    bad = {
        "I9 not pending": w.state is not State.PENDING,
        "I8 expired": w.tick >= OVER,
        "I2 not a person with a key of their own": name not in (*ROLES, "carol without a key"),
        "I2 key revoked": f"{person} key" in w.lost,
        "I2 they have left": f"{person} leaves" in w.lost,
        "I2 no such role": slot not in roles(person, w.lost),
        "I2 they decide twice": any(other.person == person for other in w.rows),
    }
    bad_yes = {
        "I3 their own request": self_rule_broken(u, person, slot),
        "I2 slot filled twice": any(
            other.slot == slot and other.decision is Decision.APPROVE for other in w.rows
        ),
        "I2 assurance too low": name == "carol without a key",
        "I8 entity or policy changed": bool({"entity", "policy"} & w.lost),
        "I8 asked for at a time to come": "asked ahead" in w.lost,
    }
    for rule, broken in (bad | bad_yes if yes else bad).items():
        if broken:
            raise Broken(rule)


def check_claim_was_right(u: Universe, w: World, seen: State) -> None:
    if seen is not State.APPROVED:
        raise Broken(f"I1 a {seen.value} action was claimed")
    if w.tick >= OVER or {"entity", "policy"} & w.lost:
        raise Broken("I8 the action ran although expired, or entity or policy had changed")
    if "asked ahead" in w.lost:
        raise Broken("I8 the action ran before the time at which it was asked for")
    if any(row.decision is Decision.REJECT for row in w.rows):
        raise Broken("I2 the action ran although somebody said no")
    good = [
        row
        for row in w.rows
        if f"{row.person} key" not in w.lost
        and f"{row.person} leaves" not in w.lost
        and row.slot in roles(row.person, w.lost)
        and not self_rule_broken(u, row.person, row.slot)
        and row.made == "here"
        and "expiry edited" not in w.lost
    ]
    names = [slot.name for slot in u.slots]
    for chosen in permutations(good, len(names)):
        if [r.slot for r in chosen] == names and len({r.person for r in chosen}) == len(names):
            return
    raise Broken("I2 to I5: the action ran without a genuine quorum")


def check_world(before: World, after: World) -> None:
    if before.state is not after.state:
        if after.state.value not in EDGES.get(before.state.value, "").split():
            raise Broken(f"I9 {before.state.value} became {after.state.value}")
        if after.seq != before.seq + 1:
            raise Broken("I9 the sequence number does not count the steps")
    if after.landed > 1:
        raise Broken("I6 the effect happened twice")
    if after.state is State.SUCCEEDED and not after.landed:
        raise Broken("I7 succeeded without an effect")
    if after.landed and after.state not in (*SENT, State.SUCCEEDED):
        raise Broken(f"I7 an effect, but the action is {after.state.value}")
