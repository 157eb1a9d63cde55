"""Tasks are listed due first: mine, of an account or a deal, overdue, until a day."""

from datetime import timedelta

import pytest

from tests.tools.crm.samples import deal
from tests.tools.samples import Arguments, Sample, Things
from tests.tools.talk import talking

pytestmark = pytest.mark.asyncio(loop_scope="module")


async def _arguments(things: Things) -> Arguments:
    return {"deal_id": await things.of(deal), "owner": "me", "until": "2026-12-31"}


SAMPLES = {"crm_list_tasks": Sample(_arguments, statements=(4, 0))}


async def _written(talk, **more):
    """Four tasks, by their titles: of two people, before and after this very day."""
    for title, due, owner in (
        ("sau", "2026-12-03", "me"),
        ("hôm nay", "2026-11-21", "me"),
        ("chiều nay", "2026-11-21T15:00", "am"),
        ("tuần sau", "2026-11-27T09:00", "am"),
    ):
        of = {} if owner == "me" else {"owner": owner}
        await talk.ok("crm_create_task", title=title, due=due, **of, **more)


def _titles(answer):
    return [one["title"] for one in answer["tasks"]]


async def test_what_is_due_first_comes_first_and_a_time_before_the_end_of_its_day(shared):
    deal = await shared.a_deal()
    async with talking(shared) as talk:
        await _written(talk, deal_id=deal["id"])
        every = await talk.ok("crm_list_tasks", deal_id=deal["id"])
        mine = await talk.ok("crm_list_tasks", deal_id=deal["id"], owner="ME")
        until = await talk.ok("crm_list_tasks", deal_id=deal["id"], until="2026-11-21")
        of_account = await talk.ok(
            "crm_list_tasks", account_id=deal["account_id"], owner="AM", until="2026-11-27"
        )

    assert _titles(every) == ["chiều nay", "hôm nay", "tuần sau", "sau"]
    assert _titles(mine) == ["hôm nay", "sau"]
    assert _titles(until) == ["chiều nay", "hôm nay"]
    assert _titles(of_account) == ["chiều nay", "tuần sau"]


async def test_a_task_is_overdue_when_its_time_or_its_day_is_over(own):
    async with talking(own) as talk:
        await _written(talk)
        own.clock.move(timedelta(hours=7))  # it is four in the afternoon
        afternoon = await talk.ok("crm_list_tasks", overdue=True)
        own.clock.move(timedelta(hours=8))  # midnight
        night = await talk.ok("crm_list_tasks", overdue=True)
        every = await talk.ok("crm_list_tasks")
        said = await talk.text("crm_list_tasks", overdue=True)

    assert _titles(afternoon) == ["chiều nay"]
    assert _titles(night) == ["chiều nay", "hôm nay"]
    assert [one.get("overdue") for one in every["tasks"]] == [True, True, None, None]
    assert said.count(", overdue") == 2


async def test_pages_go_on_where_the_last_one_ended_also_within_one_time(own):
    async with talking(own) as talk:
        for n in range(5):
            await talk.ok("crm_create_task", title=f"việc {n}", due="2026-12-03")
        whole = await talk.ok("crm_list_tasks")
        found, more = [], {}
        while True:
            page = await talk.ok("crm_list_tasks", limit=2, **more)
            found += _titles(page)
            if not page["truncated"]:
                break
            more = {"cursor": page["next_cursor"]}
        wrong = await talk.code("crm_list_tasks", until="2026-12-31", **more)

    assert found == _titles(whole) and len(found) == 5
    assert wrong == "INVALID_CURSOR"


async def test_a_misspelt_filter_is_no_empty_list(shared):
    nowhere = "01HZK7AAAAAAAAAAAAAAAAAAAA"
    async with talking(shared) as talk:
        codes = [
            await talk.code("crm_list_tasks", account_id=nowhere),
            await talk.code("crm_list_tasks", deal_id=nowhere),
            await talk.code("crm_list_tasks", owner="Khoa"),
        ]
        last = await talk.ok("crm_list_tasks", until="9999-12-31", owner="dpo")

    assert codes == ["NOT_FOUND", "NOT_FOUND", "PERSON_UNKNOWN"]
    assert last["tasks"] == []
