"""Time is listed by day, page by page, of one engagement or of one member."""

import pytest

from tests.tools.inv.work import AGENT, engagement_of, worked
from tests.tools.talk import talking

pytestmark = pytest.mark.asyncio(loop_scope="module")
DAYS = ("2026-04-03", "2026-04-01", "2026-04-02", "2026-04-01", "2026-04-30")


async def test_pages_go_by_day_and_miss_nothing(shared):
    code = str((await engagement_of(shared, await shared.an_account()))["code"])

    async with talking(shared, AGENT) as talk:
        logged = [
            (await talk.ok("inv_log_time", **worked(code, member="p1", worked_on=day)))["id"]
            for day in DAYS
        ]
        seen, cursor = [], None
        while True:
            more = {"cursor": cursor} if cursor else {}
            page = await talk.ok("inv_list_time_entries", engagement=code, limit=2, **more)
            seen += page["entries"]
            cursor = page.get("next_cursor")
            if cursor is None:
                break

    assert [one["worked_on"] for one in seen] == sorted(DAYS)
    assert {one["id"] for one in seen} == set(logged)
    assert {(one["engagement"], one["hours"], one["billed"]) for one in seen} == {
        (code, "7.50", False)
    }


async def test_days_and_member_choose(shared):
    code = str((await engagement_of(shared, await shared.an_account()))["code"])

    async with talking(shared, AGENT) as talk:
        for member in ("q1", "q2"):
            for day in DAYS[:3]:
                await talk.ok("inv_log_time", **worked(code, member=member, worked_on=day))
        found = await talk.ok(
            "inv_list_time_entries", member="q2", from_day="2026-04-01", to_day="2026-04-02"
        )
        nothing = await talk.ok("inv_list_time_entries", member="nobody")

    assert [(one["member"], one["worked_on"]) for one in found["entries"]] == [
        ("q2", "2026-04-01"),
        ("q2", "2026-04-02"),
    ]
    assert nothing["entries"] == []
