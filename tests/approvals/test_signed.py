"""Signed bytes: do exactly the right bytes get signed, and does
any other byte make the signature worthless?

The ids at the beginning of some names are those of the attacks that a case stands for.
"""

import json
from collections.abc import Callable
from dataclasses import fields, replace
from datetime import UTC, datetime, timedelta, timezone

import pytest

from domain.approvals.facts import Decision
from domain.approvals.signed import (
    Bound,
    Choice,
    arguments_text,
    check_arguments,
    check_shown,
    check_stored,
    dedupe_key,
    digest,
    payload,
    tbs,
    text,
)
from domain.identity.keys import generate, sign, verify
from domain.kernel.canonical import sha256_hex
from domain.kernel.faults import Fault

A, B, C = "a" * 64, "b" * 64, "c" * 64

BOUND = Bound(
    deploy="production",
    tenant="01JD0000000000000000000001",
    action="01JD0000000000000000000002",
    tool="cyberos.inv.cancel_einvoice",
    tool_schema_sha256=A,
    args_sha256=B,
    entity_type="einvoice",
    entity_id="01JD0000000000000000000003",
    entity_version=7,
    entity_digest=C,
    summary_sha256=A,
    terms=C,
    policy_version=12,
    policy_sha256=B,
    requester="agent:01JD0000000000000000000004",
    obo="01JD0000000000000000000005",
    expires_at=datetime(2026, 11, 20, 12, 10, tzinfo=UTC),
    nonce=C,
)
CHOICE = Choice(
    decision=Decision.APPROVE,
    slot="cfo",
    person="01JD0000000000000000000006",
    key="0123456789abcdef",
    audit_head_seq=41,
    audit_head_hash=A,
)
# SHA-256 of the bytes for the two above, computed once with json.dumps and hashlib alone.
GOLDEN = "d0505b1cdb08f2e01d51b61781d7cb8fa58d8fcf5239964a1bca2ef3545ef3fc"
# What changes when one column is edited: every one of them is bound.
EDITS = {
    "deploy": "staging",
    "tenant": "01JD0000000000000000000009",
    "action": "01JD0000000000000000000009",
    "tool": "cyberos.inv.send_invoice",
    "tool_schema_sha256": B,
    "args_sha256": C,
    "entity_type": "invoice",
    "entity_id": "01JD0000000000000000000009",
    "entity_version": 8,
    "entity_digest": A,
    "summary_sha256": B,
    "terms": A,
    "policy_version": 13,
    "policy_sha256": C,
    "requester": "human:01JD0000000000000000000004",
    "obo": "01JD0000000000000000000009",
    "expires_at": BOUND.expires_at + timedelta(microseconds=1),
    "nonce": A,
}
OTHER_CHOICES = {
    "decision": Decision.REJECT,
    "slot": "am",
    "person": "01JD0000000000000000000009",
    "key": "fedcba9876543210",
    "audit_head_seq": 42,
    "audit_head_hash": B,
}


def signed_bytes(bound: Bound = BOUND, choice: Choice = CHOICE) -> bytes:
    return tbs(payload(bound, choice))


def code_of(call: Callable[..., object], *arguments: object, **keywords: object) -> str:
    with pytest.raises(Fault) as caught:
        call(*arguments, **keywords)
    return caught.value.code


def test_the_signed_bytes_are_a_prefix_a_zero_and_canonical_json():
    prefix, _, body = signed_bytes().partition(b"\x00")

    assert prefix == b"cyberos.approval.v1"
    assert json.loads(body) == {
        "v": 1,
        "typ": "approval",
        "deploy": "production",
        "tenant": "01JD0000000000000000000001",
        "action": "01JD0000000000000000000002",
        "tool": "cyberos.inv.cancel_einvoice",
        "tool_schema_sha256": A,
        "args_sha256": B,
        "entity": "einvoice:01JD0000000000000000000003@7",
        "entity_digest": C,
        "summary_sha256": A,
        "terms": C,
        "policy": f"12:{B}",
        "requester": "agent:01JD0000000000000000000004",
        "obo": "01JD0000000000000000000005",
        "expires_at": "2026-11-20T12:10:00.000000Z",
        "nonce": C,
        "audit_head": f"41:{A}",
        "decision": "approve",
        "slot": "cfo",
        "person": "01JD0000000000000000000006",
        "key": "0123456789abcdef",
    }


def test_the_bytes_of_this_version_stay_as_they_are_for_ever():
    assert sha256_hex(signed_bytes()) == GOLDEN
    assert digest(signed_bytes()).hex() == GOLDEN


def test_an_instant_is_signed_alike_in_every_zone():
    vietnam = BOUND.expires_at.astimezone(timezone(timedelta(hours=7)))

    assert signed_bytes(replace(BOUND, expires_at=vietnam)) == signed_bytes()


def test_a_person_who_asks_in_person_acts_for_nobody():
    asked = payload(replace(BOUND, requester="human:h1", obo=""), CHOICE)

    assert (asked["requester"], asked["obo"]) == ("human:h1", "")


@pytest.mark.parametrize("field", ["action", "tenant", "deploy", "nonce"])
def test_B09_a_signature_is_worthless_on_another_action_tenant_or_deployment(field):
    key = generate()
    signature = sign(key, signed_bytes())

    elsewhere = signed_bytes(replace(BOUND, **{field: EDITS[field]}))

    assert verify(key.public_key, signature, signed_bytes())
    assert not verify(key.public_key, signature, elsewhere)


@pytest.mark.parametrize("field", EDITS)
def test_B10_editing_any_bound_column_voids_the_signature_and_the_stored_text(field):
    key = generate()
    signature, stored = sign(key, signed_bytes()), text(payload(BOUND, CHOICE))

    rebuilt = payload(replace(BOUND, **{field: EDITS[field]}), CHOICE)

    assert code_of(check_stored, stored, rebuilt) == "APPROVAL_MISMATCH"
    assert not verify(key.public_key, signature, tbs(rebuilt))


@pytest.mark.parametrize("field", OTHER_CHOICES)
def test_B10_flipping_decision_slot_person_key_or_head_voids_it_too(field):
    key = generate()
    signature, stored = sign(key, signed_bytes()), text(payload(BOUND, CHOICE))

    rebuilt = payload(BOUND, replace(CHOICE, **{field: OTHER_CHOICES[field]}))

    assert code_of(check_stored, stored, rebuilt) == "APPROVAL_MISMATCH"
    assert not verify(key.public_key, signature, tbs(rebuilt))


def test_no_column_was_forgotten_by_the_two_tests_above():
    assert set(EDITS) == {field.name for field in fields(Bound)}
    assert set(OTHER_CHOICES) == {field.name for field in fields(Choice)}


@pytest.mark.parametrize(
    "change",
    [
        lambda stored: stored + "\n",
        lambda stored: " " + stored,
        lambda stored: stored.replace(":", ": "),
        lambda stored: json.dumps(json.loads(stored)),
        lambda stored: json.dumps(
            dict(reversed(json.loads(stored).items())), separators=(",", ":")
        ),
        lambda stored: stored.replace('"v":1', '"v":1.0'),
        lambda stored: stored.replace("production", "\\u0070roduction"),
        lambda stored: stored[:-1] + ',"v":1}',
        lambda stored: stored + "\ud800",
        lambda stored: "",
    ],
)
def test_B11_the_same_meaning_in_other_bytes_is_refused(change):
    approval = payload(BOUND, CHOICE)
    stored = text(approval)

    check_stored(stored, approval)
    assert change(stored) != stored
    assert code_of(check_stored, change(stored), approval) == "APPROVAL_MISMATCH"


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("entity_type", "einvoice:x"),
        ("entity_id", "E1@7"),
        ("entity_version", -1),
        ("policy_version", 2**53),
        ("policy_sha256", A.upper()),
        ("args_sha256", A[:-1]),
        ("terms", ""),
        ("requester", "system:1"),
        ("requester", "agent:"),
        ("tool", "cyberos.inv\ncancel"),
        ("nonce", ""),
        ("deploy", "é"),
    ],
)
def test_a_column_that_could_mean_two_things_is_never_signed(field, value):
    assert code_of(payload, replace(BOUND, **{field: value}), CHOICE) == "APPROVAL_MISMATCH"


def test_stored_arguments_carry_their_digest():
    stored, sha = arguments_text({"invoice_id": "I1", "reason": "sai mã số thuế"})

    check_arguments(stored, sha)
    assert stored == '{"invoice_id":"I1","reason":"sai mã số thuế"}'
    assert code_of(check_arguments, stored.replace("I1", "I2"), sha) == "ARGS_TAMPERED"
    assert code_of(check_arguments, stored + "\ud800", sha) == "ARGS_TAMPERED"


def test_the_same_proposal_has_the_same_name_and_a_new_version_another():
    name = dedupe_key("cyberos.inv.send_dunning", A, 3)

    assert name == dedupe_key("cyberos.inv.send_dunning", A, 3)
    assert len(name) == 64
    assert name not in {
        dedupe_key("cyberos.inv.send_dunning", A, 4),
        dedupe_key("cyberos.inv.send_dunning", B, 3),
        dedupe_key("cyberos.inv.send_invoice", A, 3),
    }


@pytest.mark.parametrize("field", EDITS)
def test_what_is_signed_differs_from_what_was_shown_in_no_bound_field(field):
    to_be_signed = payload(BOUND, CHOICE)

    check_shown(BOUND, to_be_signed)
    other = replace(BOUND, **{field: EDITS[field]})
    assert code_of(check_shown, other, to_be_signed) == "APPROVAL_MISMATCH"
