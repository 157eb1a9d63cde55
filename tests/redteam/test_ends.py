"""Ends of grants: does a power come back when somebody takes its end out of a row?

What root or operator ended is in the chain as well, and there it is read at run time.
"""

from datetime import timedelta

import pytest
from sqlalchemy import select, update

from domain.identity import queries, service
from domain.identity.events import AgentRevoked, KeyRevoked, PersonLeft, RolesChanged
from domain.identity.tables import Agent, ApproverKey, Person, PersonRole
from domain.kernel.faults import Fault
from domain.provisioning.service import OPERATOR
from tests.world import fault_code

pytestmark = pytest.mark.both


async def cleared(world, kind, **where) -> None:
    """The end of a power taken out of its rows, by somebody whom no trigger is in the way of."""
    table = kind.__tablename__
    values = {"active": True} if kind is Person else {"revoked_at": None}
    async with world.without_triggers(table), world.owning() as tx:
        await tx.change(update(kind).filter_by(**where).values(**values))


async def test_an_agent_whose_end_was_taken_out_of_its_row_still_opens_nothing(world):
    async with world.owning() as tx:
        agent = await service.revoke_agent(tx, "cro_agent")
        AgentRevoked.record(tx, agent, OPERATOR)
    await cleared(world, Agent, name="cro_agent")

    assert fault_code(await world.call("whoami")) == "TOKEN_INVALID"


async def test_an_agent_of_somebody_who_left_stays_closed_whatever_their_row_says(world):
    await gone(world, "sales")

    assert fault_code(await world.call("whoami")) == "TOKEN_INVALID"


async def test_who_left_signs_nothing_whatever_the_rows_say(world):
    asked = await world.proposed_close(amount_minor=100, currency="USD")
    await gone(world, "am")

    with pytest.raises(Fault) as refused:
        await world.decide(asked["action_id"], "am")

    assert refused.value.code == "ROLE_NOT_ELIGIBLE"


async def test_a_key_that_was_revoked_stays_ended_whatever_its_row_says(world):
    asked = await world.proposed_close(amount_minor=100, currency="USD")
    key_id, person = world.ours.keys["am"].key_id, world.ours.people["am"]
    async with world.owning() as tx:
        key = (await queries.keys(tx, [key_id]))[key_id]
        await service.revoke_key(tx, key)
        told = KeyRevoked.of(key_id, person)
        told.record(tx, OPERATOR, told.sign(tx))
    await cleared(world, ApproverKey, key_id=key_id)

    with pytest.raises(Fault) as refused:
        await world.decide(asked["action_id"], "am")

    assert refused.value.code == "APPROVER_KEY_UNKNOWN"


async def test_a_role_that_was_taken_stays_taken_until_the_root_gives_it_anew(world):
    asked = await world.proposed_close(amount_minor=100, currency="USD")
    person = world.ours.people["am"]
    world.clock.move(timedelta(seconds=1))
    await changed(world, person, remove=["am"])
    await cleared(world, PersonRole, person_id=person, role="am")

    with pytest.raises(Fault) as refused:
        await world.decide(asked["action_id"], "am")
    await changed(world, person, add=["cro"])
    async with world.without_triggers("person_role"), world.owning() as tx:
        row = await tx.first(select(PersonRole).filter_by(person_id=person, role="am"))
        row.revoked_at = world.clock.now()
    await changed(world, person, add=["am"])
    await world.decide(asked["action_id"], "am")

    assert refused.value.code == "ROLE_NOT_ELIGIBLE"


async def changed(world, person, **roles) -> None:
    async with world.owning() as tx:
        signed = await service.change_roles(tx, person, **{"add": [], "remove": [], **roles})
        RolesChanged.of(signed).record(tx, OPERATOR)
    world.clock.move(timedelta(seconds=1))


async def gone(world, name) -> None:
    """Somebody left, and then their rows were put back as they had been."""
    person = world.ours.people[name]
    async with world.owning() as tx:
        told = PersonLeft.of(person, *await service.leave(tx, person))
        told.record(tx, OPERATOR, told.sign(tx))
    await cleared(world, PersonRole, person_id=person)
    await cleared(world, ApproverKey, person_id=person)
    await cleared(world, Person, id=person)
