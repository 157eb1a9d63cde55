"""Audit of grants: is a role or a scope that somebody wrote into the database found, and nothing
that was given?
"""

from datetime import date, timedelta
from decimal import Decimal

import pytest

from domain.fx import service as fx
from domain.identity import queries as identity
from domain.identity import service
from domain.identity.events import RolesChanged
from domain.identity.tables import Agent, ApproverKey, Person, PersonRole
from domain.kernel.money import Rate
from domain.provisioning import service as provisioning
from domain.provisioning.service import OPERATOR
from domain.store.chain import Actor, Event
from tests.forgery import kept
from tests.world import NOW


async def test_what_was_given_in_the_chain_is_no_finding(world, tmp_path):
    archive = kept(world, tmp_path)

    assert await archive.findings() == []
    assert await archive.findings(world.theirs) == []


# Who changes which role, and what is said about the roles of P.
ROLES = {
    "a role more": (
        lambda f, role: f.add_like(role, PersonRole, role="cfo"),
        ["role cfo of person P: no entry says that it was given"],
    ),
    "another role": (
        lambda f, role: f.change(PersonRole, {"person_id": role.person_id}, role="cfo"),
        [
            "role cfo of person P: no entry says that it was given",
            "role am of person P: was given, and is gone",
        ],
    ),
    "a role less": (
        lambda f, role: f.delete(PersonRole, person_id=role.person_id),
        ["role am of person P: was given, and is gone"],
    ),
    "since when": (
        lambda f, role: f.change(
            PersonRole,
            {"person_id": role.person_id},
            granted_at=role.granted_at - timedelta(days=1),
        ),
        ["role am of person P: was not given when its entry says"],
    ),
}


@pytest.mark.parametrize("forgery", ROLES)
async def test_a_role_that_is_not_as_it_was_given_is_found(world, tmp_path, forgery):
    archive, person = kept(world, tmp_path), world.ours.people["am"]
    change, expected = ROLES[forgery]

    async with archive.forging() as forger:
        await change(forger, await forger.row(PersonRole, person_id=person))

    named = [one.replace("person P", f"person {person}") for one in expected]
    besides, rows = await archive.apart()
    assert besides == named
    assert rows, "and the row is not what was left in it"


# Who changes what about an agent, and what is said about it.
AGENTS = {
    "scopes": (
        lambda agent, world: {"scopes": [*agent.scopes, "admin.bank"]},
        "was added with another scopes",
    ),
    "person": (
        lambda agent, world: {"person_id": world.ours.people["cfo"]},
        "was added with another person",
    ),
    "expiry": (
        lambda agent, world: {"expires_at": agent.expires_at + timedelta(days=365)},
        "was added with another expires_at",
    ),
    "two things": (
        lambda agent, world: {"name": "x", "scopes": []},
        "was added with another name, scopes",
    ),
    "revoked": (
        lambda agent, world: {"revoked_at": agent.created_at},
        "was not revoked when the chain says",
    ),
}


@pytest.mark.parametrize("forgery", AGENTS)
async def test_an_agent_that_is_not_as_it_was_added_is_found(world, tmp_path, forgery):
    archive = kept(world, tmp_path)
    change, expected = AGENTS[forgery]

    async with archive.forging() as forger:
        agent = await forger.row(Agent, name="am_agent")
        await forger.change(Agent, {"id": agent.id}, **change(agent, world))

    assert await archive.apart() == ([f"agent {agent.id}: {expected}"], [f"agent {agent.id}"])


async def test_an_agent_nobody_added_and_one_that_vanished_are_found(world, tmp_path):
    archive = kept(world, tmp_path)
    async with world.owning() as tx:
        _, world.ours.tokens["spy"] = await service.add_agent(
            tx,
            name="spy",
            person_id=world.ours.people["cfo"],
            scopes=sorted(service.known_scopes()),
            expires_at=tx.at + timedelta(days=1),
        )

    async with archive.forging() as forger:
        spy = await forger.row(Agent, name="spy")
        gone = await forger.row(Agent, name="narrow_agent")
        await forger.delete(Agent, id=gone.id)

    assert await archive.apart() == (
        [
            f"agent {spy.id}: no entry says that it was added",
            f"agent {gone.id}: was added, and is gone",
        ],
        [f"agent {gone.id}"],  # the other was added by the program, in whoever's name
    )


async def test_a_revoked_agent_that_somebody_revived_is_found(world, tmp_path):
    archive = kept(world, tmp_path)
    async with world.owning() as tx:
        agent = await service.revoke_agent(tx, "am_agent")
        tx.record(Event("agent.revoked", OPERATOR, object=f"agent:{agent.id}"))
    revoked = await archive.findings()

    async with archive.forging() as forger:
        await forger.change(Agent, {"id": agent.id}, revoked_at=None)

    assert revoked == []
    assert await archive.apart() == (
        [f"agent {agent.id}: was not revoked when the chain says"],
        [f"agent {agent.id}"],
    )


async def left(world, person: str) -> None:
    """As `cyberos person leave` does it."""
    async with world.owning() as tx:
        await provisioning.leave(tx, (await identity.people(tx, [person]))[person])


# What somebody does to the rows of a person who left, or who is there.
ENDS = {
    "a person is back": (True, Person, {"active": True}, "person P: the chain says that they left"),
    "a role is back": (
        True, PersonRole, {"revoked_at": None},
        "role am of person P: did not end when the chain says",
    ),
    "a key is back": (
        True, ApproverKey, {"revoked_at": None}, "key K: did not end when the chain says",
    ),
    "a person is made to leave": (
        False, Person, {"active": False}, "person P: the chain says that they are there",
    ),
    "a key is ended": (
        False, ApproverKey, {"revoked_at": NOW}, "key K: did not end when the chain says",
    ),
}  # fmt: skip


@pytest.mark.parametrize("forgery", ENDS)
async def test_an_end_that_the_chain_does_not_tell_of_is_found(world, tmp_path, forgery):
    archive, person = kept(world, tmp_path), world.ours.people["am"]
    gone, entity, values, expected = ENDS[forgery]
    if gone:
        await left(world, person)
        assert await archive.findings() == []

    async with archive.forging() as forger:
        key = {"id": person} if entity is Person else {"person_id": person}
        await forger.change(entity, key, **values)

    key_id = world.ours.keys["am"].key_id
    named = expected.replace("person P", f"person {person}").replace("key K", f"key {key_id}")
    besides, rows = await archive.apart()
    assert besides == [named]
    assert len(rows) == 1, "and the row is not what was left in it"


async def roles_changed(world, person: str, root, *, add: str = "", remove: str = "") -> None:
    """As `cyberos person roles` does it, with whichever key."""
    async with world.owning(signer=root) as tx:
        changed = await service.change_roles(
            tx, person, add=[add] if add else [], remove=[remove] if remove else []
        )
        RolesChanged.of(changed).record(tx, OPERATOR)


async def test_a_role_that_went_and_came_again_counts_for_both_times(world, tmp_path):
    archive, person = kept(world, tmp_path), world.ours.people["am"]
    pending = await world.proposed_close(amount_minor=5_000, currency="USD")
    await world.decide(pending["action_id"], "am")
    await world.execute(pending["action_id"])
    for change in ({"remove": "am"}, {"add": "am"}):
        world.clock.move(timedelta(hours=1))
        await roles_changed(world, person, world.root, **change)

    assert await archive.findings() == []


async def test_a_change_of_roles_that_the_root_did_not_sign_is_found(world, tmp_path):
    archive, person = kept(world, tmp_path), world.ours.people["am"]

    await roles_changed(world, person, world.ours.keys["admin"], add="cfo")

    unsigned, given = await archive.findings()
    assert unsigned.endswith("its change of roles is not signed by the root")
    assert given == f"role cfo of person {person}: no entry says that it was given"


async def test_a_rate_that_an_agent_is_said_to_have_brought_is_found(world, tmp_path):
    archive = kept(world, tmp_path)
    async with world.owning() as tx:
        rate = Rate("USD", "VND", Decimal(25_000), "test", date(2026, 11, 20))
        await fx.record(tx, rate, said_by=Actor("agent", "x"))

    (found,) = await archive.findings()
    assert found.endswith("tells of a rate that somebody brought who may not")
