"""Clock of the agent's process: can its owner make a request wait for longer than it may?

M4 of the hostile trial, and what H4 says of an expiry that somebody wrote into a row.
"""

from dataclasses import replace
from datetime import timedelta

import pytest

from domain.approvals.refusals import Refusal
from domain.approvals.tables import PendingAction
from domain.kernel.clock import HandClock, SystemClock
from domain.kernel.faults import Fault
from domain.store.tx import reading
from tests.forgery import kept

pytestmark = pytest.mark.both

SERVED = pytest.mark.parametrize("world", ["postgresql"], indirect=True)
SIX_HOURS = timedelta(hours=6)
SMALL = {"amount_minor": 100, "currency": "USD"}


class Ahead(SystemClock):
    """The clock that the program ships, on a machine whose time somebody set six hours ahead."""

    def now(self):
        return super().now() + SIX_HOURS


async def stored(world, action):
    async with world.looking() as tx:
        return await tx.get(PendingAction, action["action_id"])


async def test_M4_a_transaction_on_postgresql_has_the_instant_of_the_database(world):
    async with reading(world.agent_side, world.ours.id, Ahead()) as tx:
        ahead = tx.at - SystemClock().now()

    if world.is_sqlite:
        assert ahead > timedelta(hours=5), "there is no other clock than that of the machine"
    else:
        assert abs(ahead) < timedelta(minutes=1)


@SERVED
async def test_M4_what_an_agent_asks_for_on_postgresql_is_dated_by_the_database(world):
    action = await replace(world, clock=Ahead()).proposed_close(**SMALL)

    row = await stored(world, action)

    assert abs(row.created_at - SystemClock().now()) < timedelta(minutes=1)
    assert row.expires_at - row.created_at == timedelta(days=1)


async def test_M4_what_was_asked_for_at_a_time_to_come_is_not_signed_and_goes_stale(world):
    ahead = replace(world, clock=HandClock(world.clock.now() + SIX_HOURS))
    action = await ahead.proposed_close(**SMALL)

    with pytest.raises(Refusal) as refused:
        await world.decide(action["action_id"], "am")

    assert (refused.value.code, refused.value.target) == ("ACTION_POSTDATED", "stale")


async def test_two_machines_may_differ_by_a_few_minutes(world):
    ahead = replace(world, clock=HandClock(world.clock.now() + timedelta(minutes=4)))
    action = await ahead.proposed_close(**SMALL)

    await world.decide(action["action_id"], "am")

    assert (await world.execute(action["action_id"])).state == "succeeded"


async def test_M4_a_clock_that_was_set_back_after_the_signature_holds_the_action_back(world):
    action = await world.proposed_close(**SMALL)
    await world.decide(action["action_id"], "am")
    world.clock.move(-SIX_HOURS)

    report = await world.execute(action["action_id"])

    assert (report.state, report.fault.code) == ("stale", "ACTION_POSTDATED")


async def test_H4_an_action_that_lives_longer_than_its_policy_lets_it_is_neither_signed_nor_sound(
    world, tmp_path
):
    action = await world.proposed_close(**SMALL)
    async with world.without_triggers("pending_action"), world.owning() as tx:
        row = await tx.get(PendingAction, action["action_id"])
        row.expires_at += timedelta(days=3650)

    with pytest.raises(Fault) as refused:
        await world.decide(action["action_id"], "am")

    assert refused.value.code == "ARGS_TAMPERED"
    found = " ".join(await kept(world, tmp_path).findings())
    assert f"action {action['action_id']}: " in found and "expires_at" in found
