"""Model check of grants: is there any order of entries in which a signature counts wrongly?

Every order of a handful of entries is tried, with real signatures. What must come of it is said
here a second time, in other words than in policies/audit/grants.py: by looking back from an entry.
"""

from collections.abc import Mapping, Sequence
from functools import cache
from itertools import product
from typing import Any, NamedTuple

import pytest

from domain.identity import keys
from domain.identity.events import AgentRevoked, KeyRevoked
from domain.identity.grants import OperatorEnrolled, OperatorRevoked, Signature, SignedGrant
from policies.approvals.trust import Trust
from policies.audit.signed_grants import Place, Signatures, Signing, Span
from policies.gate.events import PolicyActivated

LONGEST = 4
KEYS = {name: keys.generate() for name in ("root", "ann", "bob", "thief")}
TRUST = Trust("deploy", {"tenant": KEYS["root"].public_key})
AT = "2026-11-21T02:00:00.000000Z"  # one instant for all: no clock can tell them apart


class Entry(NamedTuple):
    """Who signs what, and about which operator if it is about one."""

    by: str
    what: type[SignedGrant]
    whom: str = ""


ALPHABET = (
    Entry("root", OperatorEnrolled, "ann"),
    Entry("root", OperatorEnrolled, "bob"),
    Entry("root", OperatorRevoked, "ann"),
    Entry("ann", OperatorEnrolled, "bob"),  # an operator makes no operator
    Entry("thief", OperatorRevoked, "ann"),
    Entry("ann", OperatorRevoked, "bob"),
    Entry("root", KeyRevoked),
    Entry("ann", KeyRevoked),
    Entry("bob", KeyRevoked),
    Entry("thief", KeyRevoked),
    Entry("ann", PolicyActivated),
    Entry("root", PolicyActivated),
)


@cache
def content(entry: Entry) -> Mapping[str, Any]:
    """The entry as its bytes tell it."""
    grant = _grant(entry)
    key = KEYS[entry.by]
    signature = Signature(key.key_id, keys.sign(key, grant.statement("deploy", "tenant", AT)))
    told = {} if isinstance(grant, PolicyActivated) else grant.told
    policy = grant.told.get("policy", "")
    return {
        "object": grant.object, "at": AT, "policy": policy, "data": {**told, **signature.told},
    }  # fmt: skip


def _grant(entry: Entry) -> SignedGrant:
    if entry.what is OperatorEnrolled:
        key = KEYS[entry.whom]
        return OperatorEnrolled.of(key.key_id, key.public_key)
    if entry.what is OperatorRevoked:
        return OperatorRevoked.of(KEYS[entry.whom].key_id)
    if entry.what is PolicyActivated:
        return PolicyActivated.of(2, "0" * 64)
    return KeyRevoked.of("a key", "a person")


def judged(entries: Sequence[Entry]) -> list[bool]:
    """Which of them the verifier lets count."""
    history = Signatures("tenant", TRUST)
    counts = []
    for seq, entry in enumerate(entries, 1):
        is_about_keys = entry.what in (OperatorEnrolled, OperatorRevoked)
        ask = history.learn if is_about_keys else history.signed
        counts.append(ask(content(entry), entry.what, seq))
    return counts


def must_count(before: Sequence[Entry], entry: Entry) -> bool:
    """The root's word always counts; an operator's, for what operators sign, while they are one."""
    if entry.by == "root":
        return True
    if entry.what is not KeyRevoked:
        return False
    about = [one for one in before if (one.by, one.whom) == ("root", entry.by)]
    begun = [one.what is OperatorEnrolled for one in about]
    return True in begun and False not in begun[begun.index(True) :]


@pytest.mark.parametrize("length", range(1, LONGEST + 1))
def test_no_order_of_entries_lets_a_signature_count_wrongly(length):
    for entries in product(ALPHABET, repeat=length):
        wanted = [must_count(entries[:n], entry) for n, entry in enumerate(entries)]
        assert judged(entries) == wanted, entries


def test_a_role_covers_what_was_signed_behind_its_beginning_and_told_before_its_end():
    """All places of beginning, end, head and entry among six numbers."""
    for began, ended, head, entry in product(range(1, 7), [None, *range(1, 7)], *[range(1, 7)] * 2):
        span = Span(Place(began, AT), None if ended is None else Place(ended, AT))
        held = set(range(began, (ended or 99)))  # the numbers at which it was held
        if head <= entry:
            wanted = head in held and entry in held
            assert span.covers(Signing(head, entry)) == wanted, (began, ended, head, entry)


def test_what_is_no_power_is_judged_by_nobody():
    assert not issubclass(AgentRevoked, SignedGrant), (
        "ending an agent needs no key: it must be quick"
    )
