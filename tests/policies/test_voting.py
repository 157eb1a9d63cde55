"""Votes: whose yes counts? Keys, signatures and payloads that are not what they pretend to be."""

import dataclasses
import json
from collections.abc import Mapping
from typing import Any

import pytest

from domain.approvals import signed
from domain.approvals.facts import Decision
from domain.approvals.tables import Approval
from domain.identity import keys, service
from domain.kernel.faults import Fault
from domain.kernel.ids import new_id
from domain.store.tx import reading, writing
from domain.store.visibility import SYSTEM
from policies.approvals import voting
from policies.approvals.trust import Trust, endorsed, load, store
from policies.approvals.voting import PreparedVote
from tests.policies.letters import PostOffice, WithLetters, catalogue
from tests.world import World

ORDER = 2**252 + 27742317777372353535851937790883648493  # of the group of Ed25519
NOT_ENOUGH = {"NOT_APPROVED", "QUORUM_NOT_MET"}


@pytest.fixture
def office(world: World) -> PostOffice:
    """A world in which letters can be sent."""
    office = PostOffice()
    world.registry = WithLetters(office)
    world.catalogue = catalogue()
    return office


async def proposed(world: World) -> str:
    answer = await world.ok("test_send_letter", letter_id=new_id())
    return str(answer["action_id"])


async def prepared(world: World, action_id: str, person: str = "am") -> PreparedVote:
    async with reading(world.inbox_side, world.ours.id, world.clock, viewer=SYSTEM) as tx:
        return await voting.prepare(
            tx,
            world.approval_context,
            action_id,
            email=f"{person}@{world.ours.workspace_id.lower()}.vn",
            key_id=world.ours.keys[person].key_id,
            decision=Decision.APPROVE,
        )


async def recorded(world: World, ready: PreparedVote, signature: bytes) -> str:
    async with writing(world.inbox_side, world.ours.id, world.clock, viewer=SYSTEM) as tx:
        done = await voting.record(tx, world.approval_context, ready, signature)
    return done.refusal.code if done.refusal else done.state


async def test_B09_a_signature_for_one_action_does_nothing_for_another(world, office):
    one, other = await proposed(world), await proposed(world)
    ready = await prepared(world, one)
    signature = keys.sign(world.ours.keys["am"], ready.to_be_signed)

    with pytest.raises(Fault) as caught:
        await recorded(world, await prepared(world, other), signature)

    assert caught.value.code == "SIGNATURE_INVALID"
    assert await world.state(other) == "pending"


async def test_B09_a_signature_of_another_deployment_does_not_count(world, office):
    action_id = await proposed(world)
    ready = await prepared(world, action_id)
    staging = dataclasses.replace(ready, payload={**ready.payload, "deploy": new_id()})
    signature = keys.sign(world.ours.keys["am"], staging.to_be_signed)

    with pytest.raises(Fault) as caught:
        await recorded(world, ready, signature)

    assert caught.value.code == "SIGNATURE_INVALID"


@pytest.mark.parametrize(
    "flip",
    [
        {"decision": Decision.REJECT},
        {"slot": "cfo"},
        {"audit_head_seq": 0, "audit_head_hash": "0" * 64},
    ],
    ids=lambda flip: next(iter(flip)),
)
async def test_B10_what_was_signed_cannot_be_turned_into_something_else(world, office, flip):
    action_id = await proposed(world)
    ready = await prepared(world, action_id)
    signature = keys.sign(world.ours.keys["am"], ready.to_be_signed)
    turned = dataclasses.replace(ready, choice=dataclasses.replace(ready.choice, **flip))

    try:
        code = await recorded(world, turned, signature)
    except Fault as fault:
        code = fault.code

    assert code in {"SIGNATURE_INVALID", "ROLE_NOT_ELIGIBLE"}
    assert await world.state(action_id) == "pending"


def malleable(signature: bytes) -> bytes:
    """The other number that proves the same: S plus the order of the group."""
    scalar = int.from_bytes(signature[32:], "little") + ORDER
    return signature[:32] + scalar.to_bytes(32, "little")


@pytest.mark.parametrize(
    "bend",
    [malleable, lambda one: one + b"\0", lambda one: one[:-1], lambda one: one + one, bytes.hex],
    ids=["another form", "a byte more", "a byte less", "twice", "as text"],
)
async def test_B11_a_signature_has_one_form_alone(world, office, bend):
    action_id = await proposed(world)
    ready = await prepared(world, action_id)
    bent = bend(keys.sign(world.ours.keys["am"], ready.to_be_signed))

    with pytest.raises(Fault) as caught:
        await recorded(world, ready, bent if isinstance(bent, bytes) else bent.encode())

    assert caught.value.code == "SIGNATURE_INVALID"
    assert await world.state(action_id) == "pending"


def spaced(payload: Mapping[str, Any]) -> str:
    return json.dumps(payload, sort_keys=True)


def reordered(payload: Mapping[str, Any]) -> str:
    return json.dumps(dict(sorted(payload.items(), reverse=True)), separators=(",", ":"))


@pytest.mark.parametrize("spell", [spaced, reordered])
async def test_B11_a_signature_over_other_bytes_of_the_same_words_is_refused(world, office, spell):
    action_id = await proposed(world)
    ready = await prepared(world, action_id)
    other = signed.tbs(ready.payload).partition(b"\0")[0] + b"\0" + spell(ready.payload).encode()

    with pytest.raises(Fault) as caught:
        await recorded(world, ready, keys.sign(world.ours.keys["am"], other))

    assert caught.value.code == "SIGNATURE_INVALID"
    assert await world.state(action_id) == "pending"


@pytest.mark.parametrize(("spell", "state"), [
    (spaced, "stale"), (reordered, "stale"), (signed.text, "approved"),
])  # fmt: skip
async def test_B11_a_row_with_other_bytes_of_the_same_words_ends_the_action(
    world, office, spell, state
):
    """Written past the program, with a genuine signature; only as it was signed does it count."""
    action_id = await proposed(world)
    ready = await prepared(world, action_id)
    genuine = keys.sign(world.ours.keys["am"], ready.to_be_signed)
    await smuggled_approval(world, ready, genuine, payload=spell(ready.payload))

    recorded = await world.decide(action_id, "cfo")
    report = await world.execute(action_id)

    assert recorded.state == state
    assert (report.fault is None) == bool(office.calls) == (state == "approved")


async def test_a_rolled_back_chain_is_noticed_by_whoever_saw_its_end(world, office):
    action_id = await proposed(world)
    ready = await prepared(world, action_id)
    choice = dataclasses.replace(ready.choice, audit_head_seq=10_000, audit_head_hash="a" * 64)
    payload = {**ready.payload, "audit_head": f"10000:{'a' * 64}"}
    ahead = dataclasses.replace(ready, choice=choice, payload=payload)

    with pytest.raises(Fault) as caught:
        await recorded(world, ahead, keys.sign(world.ours.keys["am"], ahead.to_be_signed))

    assert caught.value.code == "APPROVAL_MISMATCH"


async def test_B17_an_approval_by_a_key_nobody_vouched_for_does_not_count(world, office):
    action_id = await proposed(world)
    await world.decide(action_id, "am")
    intruder = await smuggled_key(world, "cfo")
    ready = await prepared_with(world, action_id, "cfo", intruder)
    await smuggled_approval(world, ready, keys.sign(intruder, ready.to_be_signed))

    report = await world.execute(action_id)

    assert report.fault is not None
    assert report.fault.code in NOT_ENOUGH
    assert office.calls == []


async def test_a_key_counts_by_the_word_of_the_root_and_of_no_approver(world, office):
    first, second = keys.generate(), keys.generate()
    deploy, tenant, trust = world.deploy, world.ours.id, world.approval_context.trust
    by_root = row(world, first, world.root, deploy, tenant)

    assert endorsed(by_root, trust, tenant)
    assert not endorsed(by_root, trust, world.theirs.id)
    assert not endorsed(by_root, Trust(new_id(), trust.roots), tenant)
    assert not endorsed(row(world, second, first, deploy, tenant), trust, tenant)


def test_the_trust_file_comes_back_as_it_was_and_a_damaged_one_is_refused(tmp_path):
    trust = Trust("deploy", {"tenant": keys.generate().public_key})
    store(tmp_path / "trust.json", trust)

    assert load(tmp_path / "trust.json") == trust
    for damage in (b"", b"[]", b'{"deploy": 1}', b'{"deploy": "d", "roots": {"t": "zz"}}'):
        (tmp_path / "trust.json").write_bytes(damage)
        with pytest.raises(Fault) as caught:
            load(tmp_path / "trust.json")
        assert caught.value.code == "TRUST_UNREADABLE"


def row(world, key, endorser, deploy, tenant):
    """A stored key, endorsed by another."""
    from domain.identity.tables import ApproverKey

    person = world.ours.people["am"]
    return ApproverKey(
        tenant_id=tenant,
        key_id=key.key_id,
        person_id=person,
        public_key=key.public_key,
        endorsed_by=endorser.key_id,
        endorsement=keys.endorse(
            endorser, deploy=deploy, tenant=tenant, person=person, public_key=key.public_key
        ),
    )


async def smuggled_key(world: World, person: str) -> keys.PrivateKey:
    """A key somebody with the database wrote in, vouched for by a root of their own."""
    intruder, root = keys.generate(), keys.generate()
    async with world.owning() as tx:
        await service.enrol_key(
            tx,
            world.ours.people[person],
            key_id=intruder.key_id,
            public_key=intruder.public_key,
            label="smuggled",
            endorsed_by=root.key_id,
            endorsement=keys.endorse(
                root,
                deploy=world.deploy,
                tenant=world.ours.id,
                person=world.ours.people[person],
                public_key=intruder.public_key,
            ),
        )
    return intruder


async def prepared_with(world, action_id, person, key) -> PreparedVote:
    """What that person would sign, if their key were good."""
    good = await prepared(world, action_id, person)
    choice = dataclasses.replace(good.choice, key=key.key_id)
    return PreparedVote(good.action_id, good.person_id, choice, {**good.payload, "key": key.key_id})


async def smuggled_approval(
    world: World, ready: PreparedVote, signature: bytes, payload: str | None = None
) -> None:
    """The approval row itself, genuine but for the key or the text."""
    choice = ready.choice
    async with world.owning() as tx:
        tx.add(
            Approval(
                action_id=ready.action_id,
                person_id=ready.person_id,
                slot=choice.slot,
                decision="approve",
                method="ed25519",
                key_id=choice.key,
                assurance=3,
                signed_payload=payload or signed.text(ready.payload),
                signature=signature,
                audit_head_seq=choice.audit_head_seq,
                audit_head_hash=choice.audit_head_hash,
                at=tx.at,
            )
        )
