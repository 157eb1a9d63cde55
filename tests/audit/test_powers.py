"""Is a role or a scope that somebody wrote into the database found, and nothing that was given?"""

from datetime import timedelta

import pytest

from domain.identity import service
from domain.identity.tables import Agent, PersonRole
from domain.store.chain import Event
from server.cli.agents import OPERATOR
from tests.forgery import kept


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
    assert await archive.findings() == named


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

    assert await archive.findings() == [f"agent {agent.id}: {expected}"]


async def test_an_agent_nobody_added_and_one_that_vanished_are_found(world, tmp_path):
    archive = kept(world, tmp_path)
    async with world.owning() as tx:
        _, world.ours.tokens["spy"] = await service.add_agent(
            tx,
            name="spy",
            person_id=world.ours.people["cfo"],
            scopes=sorted(service.SCOPES),
            expires_at=tx.at + timedelta(days=1),
        )

    async with archive.forging() as forger:
        spy = await forger.row(Agent, name="spy")
        gone = await forger.row(Agent, name="empty_agent")
        await forger.delete(Agent, id=gone.id)

    assert await archive.findings() == [
        f"agent {spy.id}: no entry says that it was added",
        f"agent {gone.id}: was added, and is gone",
    ]


async def test_a_revoked_agent_that_somebody_revived_is_found(world, tmp_path):
    archive = kept(world, tmp_path)
    async with world.owning() as tx:
        agent = await service.revoke_agent(tx, "am_agent")
        tx.record(Event("agent.revoked", OPERATOR, object=f"agent:{agent.id}"))
    revoked = await archive.findings()

    async with archive.forging() as forger:
        await forger.change(Agent, {"id": agent.id}, revoked_at=None)

    assert revoked == []
    assert await archive.findings() == [f"agent {agent.id}: was not revoked when the chain says"]
