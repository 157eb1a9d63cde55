"""Facts held under lock: can what was judged change before it is done? Nobody gets between the two.

SQLite has one writer, so there nobody could; PostgreSQL has to hold the row.
"""

import asyncio
import contextvars
import dataclasses

import pytest
from sqlalchemy import text
from sqlalchemy.exc import IntegrityError

from policies.approvals.executor import Executor
from server import wiring
from tests.tools.admin.samples import account_on_the_list
from tests.world import fault_code

A_MOMENT_SECONDS = 0.4


class Watched:
    """The registry, with one tool that lets somebody else try something before it is executed."""

    def __init__(self, tool_id, meanwhile):
        self._real, self._id, self._meanwhile = wiring.registry(), tool_id, meanwhile

    def names(self):
        return self._real.names()

    def get(self, tool_id):
        made = self._real.get(tool_id)
        if tool_id != self._id:
            return made

        async def execute(call, arguments):
            await self._meanwhile()
            return await made.execute(call, arguments)

        return dataclasses.replace(made, execute=execute)


CASES = {
    "cyberos.crm.close_deal": ({"outcome": "won"}, ("am", "cro")),
    "cyberos.crm.generate_vietqr": ({}, ("am",)),
}


@pytest.mark.parametrize("tool_id", CASES)
async def test_an_amount_that_was_signed_is_the_amount_that_is_carried_out(world, tool_id):
    if world.is_sqlite:
        return
    more, signers = CASES[tool_id]
    await account_on_the_list(world, "001100234567")
    deal = await world.a_deal(amount_minor=1_000_000)
    name = tool_id.removeprefix("cyberos.").replace(".", "_")
    pending = await world.ok(name, deal_id=deal["id"], **more)
    for person in signers:
        await world.decide(pending["action_id"], person)
    tried = []

    async def meanwhile():
        update = world.call("crm_update_deal", deal_id=deal["id"], amount_minor=900_000_000)
        # As another process would be: it knows nothing of the transaction that is open here.
        tried.append(asyncio.create_task(update, context=contextvars.Context()))
        done, _ = await asyncio.wait(tried, timeout=A_MOMENT_SECONDS)
        assert not done, "the deal could be changed after it was judged"

    context = dataclasses.replace(world.approval_context, registry=Watched(tool_id, meanwhile))
    executor = Executor(world.executor_side, world.clock, context, owner="held")
    report = await executor.run(world.ours.id, pending["action_id"])
    late = await tried[0]

    assert report.state == "succeeded"
    signed = report.result.get("deal", report.result)
    assert signed["amount_minor"] == 1_000_000
    if name == "crm_close_deal":
        assert fault_code(late) == "DEAL_CLOSED"


async def test_the_database_closes_a_deal_only_in_the_version_that_was_signed(world):
    deal = await world.a_deal()
    pending = await world.ok("crm_close_deal", deal_id=deal["id"], outcome="won")
    for person in ("am", "cro"):
        await world.decide(pending["action_id"], person)
    await world.ok("crm_update_deal", deal_id=deal["id"], name="Another")

    async with world.owning() as tx:
        await tx.session.execute(
            text("update pending_action set state = 'executing', state_seq = state_seq + 1"
                 " where tenant_id = :tenant and id = :id"),
            {"tenant": world.ours.id, "id": pending["action_id"]},
        )  # fmt: skip
    with pytest.raises(IntegrityError, match="approved actions only"):
        async with world.owning() as tx:
            await tx.session.execute(
                text("update deal set status = 'won' where tenant_id = :tenant and id = :id"),
                {"tenant": world.ours.id, "id": deal["id"]},
            )


@pytest.mark.parametrize("state", ["approved", "executing", "unknown"])
async def test_an_answer_that_comes_late_may_still_be_written_down(world, state):
    deal = await world.a_deal()
    pending = await world.ok("crm_close_deal", deal_id=deal["id"], outcome="won")
    for person in ("am", "cro"):
        await world.decide(pending["action_id"], person)
    async with world.owning() as tx:
        for step in ("executing", "unknown")[: ("approved", "executing", "unknown").index(state)]:
            await tx.session.execute(
                text("update pending_action set state = :step, state_seq = state_seq + 1"
                     " where tenant_id = :tenant and id = :id"),
                {"step": step, "tenant": world.ours.id, "id": pending["action_id"]},
            )  # fmt: skip

    async def won() -> None:
        async with world.owning() as tx:
            await tx.session.execute(
                text("update deal set status = 'won' where tenant_id = :tenant and id = :id"),
                {"tenant": world.ours.id, "id": deal["id"]},
            )

    if state == "approved":
        with pytest.raises(IntegrityError, match="approved actions only"):
            await won()
    else:
        await won()
