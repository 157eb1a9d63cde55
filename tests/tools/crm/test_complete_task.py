"""A task ends as done or dropped, or is put off; each step stays told, and none is a contact."""

from datetime import timedelta

import pytest

from tests.tools.crm.test_create_task import day
from tests.tools.samples import Arguments, Sample, Things
from tests.tools.talk import talking

pytestmark = pytest.mark.asyncio(loop_scope="module")


async def _task(things: Things) -> str:
    return str((await things.ok("crm_create_task", title="Gọi lại", due=day(things, 12)))["id"])


async def _arguments(things: Things) -> Arguments:
    return {"task_id": await things.of(_task), "outcome": "put_off", "until": day(things, 19)}


SAMPLES = {"crm_complete_task": Sample(_arguments, statements=(6, 6))}


@pytest.mark.parametrize("outcome", ["done", "DROPPED"])
async def test_a_task_that_has_ended_stays_so_and_is_said_to_once(shared, outcome):
    async with talking(shared) as talk:
        task = await talk.ok("crm_create_task", title="Gọi", due="2026-12-03")
        ended = await talk.ok("crm_complete_task", task_id=task["id"], outcome=outcome)
        again = await talk.ok("crm_complete_task", task_id=task["id"], outcome=outcome)
        other = await talk.refused(
            "crm_complete_task", task_id=task["id"], outcome="put_off", until="2026-12-04"
        )
        listed = await talk.ok("crm_list_tasks", status=outcome)

    assert (ended["status"], ended["changed"], again["changed"]) == (outcome.lower(), True, False)
    assert again["version"] == ended["version"] == task["version"] + 1
    assert other["code"] == "TASK_ENDED" and "crm_create_task" in other["hint"]
    assert task["id"] in {one["id"] for one in listed["tasks"]}


async def test_a_task_that_is_put_off_stays_open_until_then(shared):
    async with talking(shared) as talk:
        task = await talk.ok("crm_create_task", title="Gọi", due="2026-12-03")
        put_off = {"task_id": task["id"], "outcome": "put_off", "until": "2026-12-10T10:00"}
        late = await talk.ok("crm_complete_task", **put_off, expected_version=1)
        again = await talk.ok("crm_complete_task", **put_off)
        stale = await talk.refused(
            "crm_complete_task", task_id=task["id"], outcome="done", expected_version=1
        )

    assert (late["status"], late["due"]) == ("open", "2026-12-10T10:00+07:00")
    assert (late["changed"], again["changed"]) == (True, False)
    assert stale["code"] == "VERSION_CONFLICT" and stale["facts"]["version"] == 2


@pytest.mark.parametrize(
    ("said", "code"),
    [
        ({"outcome": "put_off"}, "UNTIL_NEEDED"),
        ({"outcome": "done", "until": "2026-12-10"}, "UNTIL_UNWANTED"),
        ({"outcome": "put_off", "until": "2026-11-20"}, "DUE_INVALID"),
        ({"outcome": "later"}, "INVALID_ARGS"),
    ],
)
async def test_what_became_of_it_is_said_whole(shared, said, code):
    async with talking(shared) as talk:
        task = await talk.ok("crm_create_task", title="Gọi", due="2026-12-03")

        assert await talk.code("crm_complete_task", task_id=task["id"], **said) == code


async def test_every_step_stands_in_the_timeline_of_deal_and_account(shared):
    deal = await shared.a_deal()
    async with talking(shared) as talk:
        task = await talk.ok(
            "crm_create_task", title="Gửi hợp đồng", due="2026-12-03", deal_id=deal["id"]
        )
        for said in ({"outcome": "put_off", "until": "2026-12-04"}, {"outcome": "done"}):
            shared.clock.move(timedelta(seconds=1))
            await talk.ok("crm_complete_task", task_id=task["id"], note="khách bận", **said)
        told = [
            [one for one in answer["items"] if one["kind"].startswith("task_")]
            for answer in (
                await talk.ok("crm_timeline", deal_id=deal["id"]),
                await talk.ok("crm_timeline", account_id=deal["account_id"]),
            )
        ]

    assert told[0] == told[1]
    assert [one["kind"] for one in told[0]] == ["task_done", "task_put_off", "task_created"]
    assert {one["subject"] for one in told[0]} == {"Gửi hợp đồng"}
    assert [one.get("reason") for one in told[0]] == ["khách bận", "khách bận", None]
    assert told[0][1]["due_at"] == told[0][0]["due_at"] > told[0][2]["due_at"]


async def test_neither_a_note_nor_a_task_brings_a_deal_that_stands_still_back_to_life(own):
    deal = await own.a_deal()
    own.clock.move(timedelta(days=41))
    async with talking(own) as talk:
        (advice, *_) = (await talk.ok("crm_next_best_action", deal_id=deal["id"]))["actions"]
        made = await talk.ok(advice["tool"], **advice["arguments"])
        await talk.ok("crm_log_activity", kind="note", subject="Đã hẹn", deal_id=deal["id"])
        await talk.ok("crm_complete_task", task_id=made["id"], outcome="done")
        still = _card(await talk.ok("crm_pipeline_board"), deal["id"])
        (asked, *_) = (await talk.ok("crm_next_best_action", deal_id=deal["id"]))["actions"]
        await talk.ok("crm_log_activity", kind="call", subject="Gọi", deal_id=deal["id"])
        alive = _card(await talk.ok("crm_pipeline_board"), deal["id"])

    assert (advice["rule"], advice["tool"]) == ("stagnation", "crm_create_task")
    assert still["stagnant"] == 30
    assert asked["rule"] == "stagnation"
    assert "stagnant" not in alive


async def test_the_board_shows_what_is_due_and_what_comes_next(own):
    deal, other = await own.a_deal(), await own.a_deal(visibility="private")
    async with talking(own) as talk:
        for due, about in (
            ("2026-11-21", deal),
            ("2026-12-03", deal),
            ("2026-11-21T15:00", other),
            ("2026-11-22", other),
        ):
            await talk.ok("crm_create_task", title="Gọi", due=due, deal_id=about["id"])
        mine, said = await talk.ok("crm_pipeline_board"), await talk.text("crm_pipeline_board")
    async with talking(own, "am_agent") as talk:
        theirs = await talk.ok("crm_pipeline_board")

    assert (mine["tasks_due"], theirs["tasks_due"]) == (2, 1)
    assert "2 việc đến hạn" in said.splitlines()[0]
    assert _card(mine, deal["id"])["task_due"] == "2026-11-21"
    assert _card(mine, other["id"])["task_due"] == "2026-11-21T15:00+07:00"


def _card(board, deal_id):
    cards = [card for stage in board["stages"] for card in stage["deals"]]
    return next(card for card in cards if card["id"] == deal_id)
