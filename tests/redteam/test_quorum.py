"""Forged quorums: can whoever holds the database be all the people who have to sign?

C1 and H2 of the hostile trial, and the half of H1 that is about people.
"""

from datetime import timedelta

import pytest
from sqlalchemy import select

from domain.approvals.events import Moved, Voted
from domain.approvals.facts import Decision, State
from domain.approvals.service import load, move
from domain.approvals.tables import Approval
from domain.identity import keys, service
from domain.identity.events import PersonAdded, RolesChanged
from domain.identity.role_changes import SignedRoles
from domain.identity.tables import PersonRole
from domain.kernel.faults import Fault
from domain.provisioning import service as provisioning
from domain.provisioning.service import OPERATOR, Enrolment
from domain.store.chain import Actor
from domain.store.tx import reading
from domain.store.visibility import SYSTEM
from policies.approvals import voting
from tests.forgery import kept
from tests.redteam.append import appending

pytestmark = pytest.mark.both


async def account_asked_for(world) -> str:
    pending = await world.ok(
        "admin_add_bank_account",
        agent="cfo_agent",
        bank_bin="970436",
        account_number="0999666666",
        account_name="NGUYEN VAN KE TROM",
    )
    return pending["action_id"]


async def test_C1_people_whom_an_approver_vouches_for_sign_nothing_and_are_found(world, tmp_path):
    archive, request = kept(world, tmp_path), await account_asked_for(world)
    thief = world.ours.keys["am"]
    async with appending(world, thief) as tx:
        for name, role in (("fake1", "cfo"), ("fake2", "admin")):
            key = world.ours.keys[name] = keys.generate()
            email = f"{name}@{world.ours.workspace_id.lower()}.vn"
            new = Enrolment(email=email, name=name, roles=(role,), key=key)
            await provisioning.enrol(tx, new, world.ours.workspace_id)

    for name in ("fake1", "fake2"):
        with pytest.raises(Fault) as refused:
            await world.decide(request, name)
        assert refused.value.code in {"APPROVER_KEY_UNKNOWN", "ROLE_NOT_ELIGIBLE"}
    found = [one for one in await archive.findings() if "not signed by the root" in one]
    assert len(found) == 2, "one for each of them"


async def test_C1_a_key_of_the_cfo_that_an_approver_vouches_for_counts_for_nothing(world):
    """The roles are genuine here, and only the key is not."""
    request, key = await account_asked_for(world), keys.generate()
    async with appending(world, world.ours.keys["am"]) as tx:
        await provisioning.enrol_key(tx, world.ours.people["both"], key)
    world.ours.keys["both"] = key

    with pytest.raises(Fault, match="APPROVER_KEY_UNKNOWN"):
        await world.decide(request, "both", slot="cfo")


@pytest.mark.parametrize("borrowed", [False, True], ids=["invented", "of somebody else"])
async def test_C1_a_role_that_the_root_did_not_sign_is_none(world, tmp_path, borrowed):
    archive, request = kept(world, tmp_path), await account_asked_for(world)
    person = world.ours.people["am"]
    async with appending(world, world.ours.keys["am"]) as tx:
        signed = await service.change_roles(tx, person, add=["cfo"], remove=[])
        assert signed is not None
        RolesChanged.of(signed).record(tx, OPERATOR)
        if borrowed:  # a signature that the root gave, for the role of another
            cfo = await role_of(tx, world.ours.people["cfo"], "cfo")
            (await role_of(tx, person, "cfo")).signature = cfo.signature
    with pytest.raises(Fault, match="ROLE_NOT_ELIGIBLE"):
        await world.decide(request, "am", slot="cfo")

    assert (
        f"role cfo of person {person}: no entry says that it was given" in await archive.findings()
    )


async def role_of(tx, person: str, role: str) -> PersonRole:
    mine = select(PersonRole).where(PersonRole.person_id == person, PersonRole.role == role)
    return await tx.first(mine)


async def test_H1_a_second_person_added_gives_no_role_and_is_found(world, tmp_path):
    archive, person = kept(world, tmp_path), world.ours.people["am"]
    async with world.looking() as tx:
        genuine = await role_of(tx, person, "am")
    told = SignedRoles(person, "cro", "", world.root.key_id, genuine.signature)
    async with appending(world, world.ours.keys["am"]) as tx:
        PersonAdded.of(told).record(tx, OPERATOR)

    (found,) = await archive.findings()
    assert found.endswith("adds somebody who was added before")


async def test_H1_a_rejection_that_nobody_signed_is_found(world, tmp_path):
    archive, request = kept(world, tmp_path), await account_asked_for(world)
    async with appending(world, world.ours.keys["am"]) as tx:
        row = await load(tx, request, lock=True)
        await move(tx, row, State.REJECTED, Actor("human", world.ours.people["admin"]))

    assert await archive.findings() == [
        f"action {request}: is rejected, and nobody who could signed that"
    ]


async def test_H1_a_rejection_that_somebody_signed_is_none(world, tmp_path):
    archive, request = kept(world, tmp_path), await account_asked_for(world)
    await world.decide(request, "admin", decision=Decision.REJECT, reason="no")

    assert await world.state(request) == "rejected"
    assert await archive.findings() == []


async def backdated(world, request: str, name: str, prepared, *, by: timedelta) -> None:
    """The vote of a key that counts no more, written as if it had been given before."""
    choice, at = prepared.choice, world.clock.now() - by
    async with appending(world, world.ours.keys[name], at=at) as tx:
        row = await load(tx, request, lock=True)
        tx.add(
            Approval(
                action_id=request,
                person_id=choice.person,
                slot=choice.slot,
                decision="approve",
                method="ed25519",
                key_id=choice.key,
                assurance=3,
                signed_payload=voting.signed.text(prepared.payload),
                signature=keys.sign(world.ours.keys[name], prepared.to_be_signed),
                audit_head_seq=choice.audit_head_seq,
                audit_head_hash=choice.audit_head_hash,
                at=tx.at,
            )
        )
        await tx.flush()
        Voted(Decision.APPROVE).record(tx, row, choice.person, None)
        row.state, row.state_seq = State.APPROVED.value, row.state_seq + 1
        await tx.flush()
        Moved(State.APPROVED).record(tx, row, Actor("human", choice.person))


async def test_H2_a_key_that_ended_cannot_sign_yesterday(world, tmp_path):
    """Everything is genuine but the order: its entry stands behind the one that ended the key."""
    archive = kept(world, tmp_path)
    request = (await world.proposed_close(amount_minor=5_000, currency="USD"))["action_id"]
    prepared = await prepare(world, request, "am")
    world.clock.move(timedelta(minutes=4))
    async with world.owning() as tx:
        person = (await service.queries.people(tx, [world.ours.people["am"]])).popitem()[1]
        await provisioning.leave(tx, person)

    await backdated(world, request, "am", prepared, by=timedelta(minutes=2))

    place = f"approval of action {request} by person {world.ours.people['am']}"
    assert await archive.findings() == [
        f"{place}: the key had been revoked",
        f"action {request}: is approved without a valid signature in every slot",
    ]


async def test_H2_what_is_dated_back_by_more_than_minutes_is_found(world, tmp_path):
    archive = kept(world, tmp_path)
    async with appending(world, world.root, at=world.clock.now() - timedelta(minutes=4)) as tx:
        await provisioning.enrol(tx, somebody(world, 4), world.ours.workspace_id)
    assert await archive.findings() == []

    async with appending(world, world.root, at=world.clock.now() - timedelta(minutes=6)) as tx:
        await provisioning.enrol(tx, somebody(world, 6), world.ours.workspace_id)

    of_person, of_key = await archive.findings()
    assert of_person.endswith("is dated before one that stands before it")
    assert of_key.endswith("is dated before one that stands before it")


def somebody(world, number: int) -> Enrolment:
    email = f"new{number}@{world.ours.workspace_id.lower()}.vn"
    return Enrolment(email=email, name="Somebody", roles=("am",), key=keys.generate())


async def prepare(world, request: str, name: str):
    async with reading(world.inbox_side, world.ours.id, world.clock, viewer=SYSTEM) as tx:
        return await voting.prepare(
            tx,
            world.approval_context,
            request,
            email=f"{name}@{world.ours.workspace_id.lower()}.vn",
            key_id=world.ours.keys[name].key_id,
            decision=Decision.APPROVE,
        )


@pytest.mark.parametrize("after", [timedelta(0), timedelta(days=30)], ids=["in time", "too late"])
async def test_H2_a_vote_outside_the_time_of_its_request_is_found(world, tmp_path, after):
    archive = kept(world, tmp_path)
    request = (await world.proposed_close(amount_minor=5_000, currency="USD"))["action_id"]
    prepared = await prepare(world, request, "am")
    world.clock.move(after)

    await backdated(world, request, "am", prepared, by=timedelta(0))

    place = f"approval of action {request} by person {world.ours.people['am']}"
    late = [f"{place}: was not given while it was asked for"]
    assert await archive.findings() == (late if after else [])
