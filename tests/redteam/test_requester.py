"""Changed requesters: can somebody sign what they asked for, because a column lies?

H4 of the hostile trial, and how long a request lives.
"""

from datetime import timedelta

import pytest
from sqlalchemy import insert, select, update
from sqlalchemy.exc import IntegrityError

from domain.approvals.tables import PendingAction
from domain.identity.tables import Agent
from domain.kernel.ids import new_id
from domain.store.schema import core
from domain.store.tenancy import name_tenant
from tests.approvals.edited import code_of, forge, forge_entry
from tests.forgery import kept
from tests.world import World

pytestmark = pytest.mark.both

ACCOUNT = {"bank_bin": "970436", "account_number": "0071001234567", "account_name": "CTY SAO BIEN"}


async def asked_for_by_the_cfo(world: World) -> str:
    """An account that the CFO's own agent asks for, so that another CFO has to sign."""
    asked = await world.ok("admin_add_bank_account", agent="cfo_agent", **ACCOUNT)
    assert await code_of(world.decide(asked["action_id"], "cfo")) == "SELF_APPROVAL"
    return str(asked["action_id"])


async def test_H4_a_changed_requester_lets_nobody_sign_their_own_request(world, tmp_path):
    """Agent and person of the row are somebody else's, who belong together."""
    archive, action_id = kept(world, tmp_path), await asked_for_by_the_cfo(world)
    async with world.looking() as tx:
        other = await tx.first(select(Agent).where(Agent.name == "am_agent"))
    await forge(world, action_id, requester=f"agent:{other.id}", requester_person=other.person_id)

    for person in ("cfo", "admin"):
        assert await code_of(world.decide(action_id, person)) == "ARGS_TAMPERED"
    found = [one for one in await archive.findings() if one.startswith(f"action {action_id}: ")]
    assert found[0].endswith(" tells of another person, requester, actor")


@pytest.mark.parametrize("column", ["requester", "requester_person"])
async def test_H4_a_requester_whose_agent_acts_for_another_is_refused_and_found(
    world, tmp_path, column
):
    """Also when the entry of the proposal was written over so that it tells of the same."""
    archive, action_id = kept(world, tmp_path), await asked_for_by_the_cfo(world)
    am = world.ours.people["am"]
    await forge(world, action_id, **{column: am if column == "requester_person" else f"human:{am}"})
    await forge_entry(world, action_id)

    for person in ("cfo", "admin"):
        assert await code_of(world.decide(action_id, person)) == "ARGS_TAMPERED"
    name = "was asked for in the name of somebody its agent does not act for"
    assert f"action {action_id}: {name}" in await archive.findings()


async def test_H4_a_requester_with_the_person_of_its_agent_changed_asks_for_nobody(world):
    """Both rows agree then; what the operator signed of the agent says another."""
    action_id = await asked_for_by_the_cfo(world)
    am = world.ours.people["am"]
    await forge(world, action_id, requester_person=am)
    await forge_entry(world, action_id)
    async with world.without_triggers("agent"), world.owning() as tx:
        await tx.change(update(Agent).where(Agent.name == "cfo_agent").values(person_id=am))

    assert await code_of(world.decide(action_id, "cfo")) == "ARGS_TAMPERED"


async def test_H4_what_lives_longer_than_its_policy_lets_it_is_neither_shown_nor_signed(
    world, tmp_path
):
    archive, action_id = kept(world, tmp_path), (await world.proposed_close())["action_id"]
    async with world.looking() as tx:
        row = await tx.get(PendingAction, action_id)
    await forge(world, action_id, expires_at=row.expires_at + timedelta(hours=1))
    await forge_entry(world, action_id)

    assert await code_of(world.decide(action_id, "am")) == "ARGS_TAMPERED"
    longer = "does not expire when the policy it was proposed under says"
    assert f"action {action_id}: {longer}" in await archive.findings()


INSERTED = {
    "in another's name": lambda row, world: {"requester_person": world.ours.people["am"]},
    "by another tenant's agent": lambda row, world: {"requester": f"agent:{row.id}"},
    "for eight days": lambda row, world: {"expires_at": row.created_at + timedelta(days=8)},
    "for no time": lambda row, world: {"expires_at": row.created_at},
    "with a slot too few": lambda row, world: {"slots_needed": row.slots_needed - 1},
    "already tried": lambda row, world: {"attempt": 1},
    "with a result": lambda row, world: {"result": {"deal": {}}},
}


@pytest.mark.parametrize("how", INSERTED)
async def test_H4_the_database_takes_no_request_that_shows_it_was_made_up(world, how):
    """By the login of agents on PostgreSQL, which asks for whatever it likes."""
    action_id = (await world.proposed_close())["action_id"]
    async with world.looking() as tx:
        row = await tx.get(PendingAction, action_id)
    columns = {one.name: getattr(row, one.name) for one in core(PendingAction).columns}
    columns = {name: value for name, value in columns.items() if value is not None}
    another = {"id": new_id(), "dedupe_key": row.nonce, "idem_key": "act_another"}

    async def put_in(**values):
        async with world.agent_side.writer.begin() as connection:
            await name_tenant(connection, world.ours.id)
            made = {**columns, **another, **values}
            await connection.execute(insert(core(PendingAction)).values(**made))
            await connection.rollback()

    await put_in()
    with pytest.raises(IntegrityError, match="pending_action"):
        await put_in(**INSERTED[how](row, world))
