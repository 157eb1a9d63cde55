"""The last move of a deal is taken back through the front door, and the history only grows."""

from datetime import timedelta

import anyio
import pytest

from domain.deals import queries as deals
from domain.store.visibility import Viewer
from tests.rows import difference, everything
from tests.tools.talk import talking
from tests.world import fault_code

pytestmark = pytest.mark.asyncio(loop_scope="module")


async def a_deal(talk, **more):
    account = await talk.ok("crm_create_account", name="Công ty Bình An", account_type="llc")
    return await talk.ok("crm_create_deal", account_id=account["id"], name="Kho", **more)


async def moved(talk, deal_id, *stages):
    for stage in stages:
        await talk.ok("crm_move_stage", deal_id=deal_id, to_stage=stage, reason="Gấp")


async def history(shared, deal_id):
    async with shared.looking() as tx:
        return [(step.n, step.undoes) for step in await deals.moves(tx, deal_id)]


async def entered_at(shared, deal_id):
    viewer = Viewer(shared.ours.people["sales"], ())
    async with shared.looking() as tx:
        deal = await deals.get(tx, deal_id, viewer)
    assert deal is not None
    return deal.stage_entered_at


async def test_an_undo_brings_back_stage_chance_and_time_and_keeps_what_became_known(shared):
    async with talking(shared) as talk:
        deal = await a_deal(talk, probability_pct=42)
        began = shared.clock.now()
        shared.clock.move(timedelta(days=3))
        await talk.ok(
            "crm_move_stage", deal_id=deal["id"], to_stage="proposal", reason="Gấp",
            amount_minor=9_000,
        )  # fmt: skip
        shared.clock.move(timedelta(hours=24))
        undone = await talk.ok(
            "crm_undo_move", deal_id=deal["id"], reason="Nhầm", expected_version=2
        )

    assert (undone["from_stage"], undone["stage"]) == ("proposal", "qualifying")
    assert (undone["probability_pct"], undone["probability_manual"]) == (42, True)
    assert (undone["amount_minor"], undone["version"]) == (9_000, 3)
    assert await history(shared, deal["id"]) == [(1, None), (2, None), (3, 2)]
    assert await entered_at(shared, deal["id"]) == began


async def test_only_the_last_move_and_no_undo_is_undone(shared):
    async with talking(shared) as talk:
        deal = await a_deal(talk, amount_minor=5)
        fresh = await talk.code("crm_undo_move", deal_id=deal["id"])
        await moved(talk, deal["id"], "discovery", "proposal")
        once = await talk.ok("crm_undo_move", deal_id=deal["id"])
        before = await everything(shared)
        twice = await talk.code("crm_undo_move", deal_id=deal["id"])
        unchanged = difference(before, await everything(shared))
        await moved(talk, deal["id"], "proposal")
        later = await talk.ok("crm_undo_move", deal_id=deal["id"])

    assert (fresh, once["stage"], twice, unchanged) == (
        "NO_MOVE_TO_UNDO", "discovery", "NO_MOVE_TO_UNDO", {},
    )  # fmt: skip
    assert (later["stage"], later["probability_pct"]) == ("discovery", 25)
    assert await history(shared, deal["id"]) == [
        (1, None), (2, None), (3, None), (4, 3), (5, None), (6, 5),
    ]  # fmt: skip


async def test_after_a_day_a_move_stands(shared):
    async with talking(shared) as talk:
        deal = await a_deal(talk)
        await moved(talk, deal["id"], "discovery")
        shared.clock.move(timedelta(hours=24, microseconds=1))
        late = await talk.refused("crm_undo_move", deal_id=deal["id"])

    assert (late["code"], late["facts"]["hours"]) == ("UNDO_TOO_LATE", 24)


async def test_what_people_are_asked_about_is_not_taken_back(shared):
    async with talking(shared) as talk:
        deal = await a_deal(talk, amount_minor=5, currency="USD")
        await moved(talk, deal["id"], "discovery")
        asked = await talk.ok("crm_close_deal", deal_id=deal["id"], outcome="won")
        waiting = await talk.refused("crm_undo_move", deal_id=deal["id"])
        await talk.ok("approvals_cancel", action_id=asked["action_id"])
        undone = await talk.ok("crm_undo_move", deal_id=deal["id"])

    assert waiting["code"] == "ACTION_WAITING"
    assert waiting["facts"] == {"action_ids": [asked["action_id"]]}
    assert undone["stage"] == "qualifying"


async def test_an_action_whose_time_is_over_holds_nothing(shared):
    async with talking(shared) as talk:
        deal = await a_deal(talk, amount_minor=5, currency="USD")
        await talk.ok("crm_close_deal", deal_id=deal["id"], outcome="won")
        shared.clock.move(timedelta(hours=24))
        await moved(talk, deal["id"], "discovery")
        undone = await talk.ok("crm_undo_move", deal_id=deal["id"])

    assert undone["stage"] == "qualifying"


async def test_an_undo_that_expects_something_else_and_a_dry_run_change_nothing(shared):
    async with talking(shared) as talk:
        deal = await a_deal(talk)
        await moved(talk, deal["id"], "discovery")
        before = await everything(shared)
        stale = await talk.refused("crm_undo_move", deal_id=deal["id"], expected_version=1)
        elsewhere = await talk.code(
            "crm_undo_move", deal_id=deal["id"], expected_stage="qualifying"
        )
        tried = await talk.ok("crm_undo_move", deal_id=deal["id"], dry_run=True)

    assert (stale["code"], stale["facts"]) == ("VERSION_CONFLICT", {"version": 2})
    assert elsewhere == "STAGE_CHANGED" and tried["stage"] == "qualifying"
    assert difference(before, await everything(shared)) == {}


async def test_of_many_undos_at_once_one_takes_the_move_back(shared):
    async with talking(shared) as talk:
        deal = await a_deal(talk)
        await moved(talk, deal["id"], "discovery")
    codes = []

    async def undo(agent):
        call = await shared.call("crm_undo_move", agent=agent, deal_id=deal["id"])
        codes.append(fault_code(call) if call.is_error else "won")

    async with anyio.create_task_group() as group:
        for agent in ("cro_agent", "am_agent") * 2:
            group.start_soon(undo, agent)

    assert sorted(codes) == ["NO_MOVE_TO_UNDO"] * 3 + ["won"]
    assert await history(shared, deal["id"]) == [(1, None), (2, None), (3, 2)]
