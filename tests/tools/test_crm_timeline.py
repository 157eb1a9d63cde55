"""Timeline: what happened is one list, newest first, and what is hidden leaves no trace in it."""

import json
from datetime import datetime, timedelta

import pytest

from domain.approvals.facts import Decision
from domain.kernel.clock import VIETNAM
from tests.tools.talk import talking
from tests.traffic import traffic

pytestmark = pytest.mark.asyncio(loop_scope="module")

CANARY = "Chim Hoàng Yến"


async def a_story(world, talk):
    """A deal that was talked about, moved, taken back, refused, and in the end won."""
    world.clock.move(timedelta(hours=25))  # what was asked on the day before adds up no more
    account = await talk.ok("crm_create_account", name="Công ty Bình An", account_type="llc")
    deal = await talk.ok(
        "crm_create_deal", account_id=account["id"], name="Kho", amount_minor=5, currency="USD"
    )
    later(world)
    await talk.ok("crm_log_activity", kind="call", subject="Gọi đầu", deal_id=deal["id"])
    later(world)
    await talk.ok("crm_move_stage", deal_id=deal["id"], to_stage="discovery")
    later(world)
    await talk.ok("crm_undo_move", deal_id=deal["id"], reason="Nhầm")
    later(world)
    for decision in (Decision.REJECT, Decision.APPROVE):
        asked = await talk.ok("crm_close_deal", deal_id=deal["id"], outcome="won")
        later(world)
        await world.decide(asked["action_id"], "am", decision=decision, reason="Xem lại giá")
        later(world)
    await world.execute(asked["action_id"])
    later(world)
    await talk.ok(
        "crm_log_activity", kind="note", subject="Cảm ơn", body="Gửi hoa", account_id=account["id"]
    )
    return account, deal, asked


def later(world):
    world.clock.move(timedelta(minutes=1))


async def whole(talk, limit=50, **asked):
    """Every item, page by page."""
    items, cursor = [], {}
    while True:
        page = await talk.ok("crm_timeline", **asked, limit=limit, **cursor)
        items += page["items"]
        assert len(page["items"]) <= limit and page["truncated"] == ("next_cursor" in page)
        if not page["truncated"]:
            return items
        cursor = {"cursor": page["next_cursor"]}


async def test_the_story_of_an_account_is_told_newest_first(shared):
    async with talking(shared) as talk:
        account, deal, asked = await a_story(shared, talk)
        of_account = await talk.ok("crm_timeline", account_id=account["id"], limit=50)
        of_deal = await whole(talk, deal_id=deal["id"])
        said = await talk.text("crm_timeline", deal_id=deal["id"])

    items = of_account["items"]
    assert [one["kind"] for one in items] == [
        "note", "invoice_drafted", "deal_closed", "approved", "proposed", "rejected", "proposed",
        "move_undone", "stage_moved", "call", "deal_opened",
    ]  # fmt: skip
    assert items[1:] == of_deal
    note, _drafted, closed, approved, proposed, rejected, first, undone, moved, call, opened = items
    assert (note["subject"], note["body"]["text"], note["by"]) == ("Cảm ơn", "Gửi hoa", "cro_agent")
    assert (opened["to_stage"], "from_stage" in opened) == ("qualifying", False)
    assert (moved["from_stage"], moved["to_stage"], moved["by"]) == (
        "qualifying", "discovery", "cro_agent",
    )  # fmt: skip
    assert (undone["from_stage"], undone["to_stage"], undone["reason"]) == (
        "discovery", "qualifying", "Nhầm",
    )  # fmt: skip
    assert (closed["to_stage"], closed["deal_id"]) == ("closed_won", deal["id"])
    assert (proposed["state"], proposed["id"], proposed["tool"]) == (
        "succeeded", asked["action_id"], "crm_close_deal",
    )  # fmt: skip
    assert (first["state"], first["id"]) == ("rejected", rejected["id"])
    assert (rejected["by"], rejected["reason"]) == ("AM Nguyễn", "Xem lại giá")
    assert approved["id"] == asked["action_id"] and call["deal_id"] == deal["id"]
    assert of_account["untrusted_fields"] == [
        "/items/*/subject", "/items/*/reason", "/items/*/summary",
    ]  # fmt: skip
    here = datetime.fromisoformat(closed["at"]).astimezone(VIETNAM)
    assert f"{here:%Y-%m-%d %H:%M}+07:00, deal_closed" in said.splitlines()[1]
    assert datetime.fromisoformat(closed["at"]).utcoffset() is not None
    assert "deal_closed" in said and '"Gọi đầu"' in said


@pytest.mark.parametrize("limit", [1, 2, 3, 7])
async def test_pages_of_any_size_make_the_whole_also_of_one_instant(shared, limit):
    """The clock stands still: everything happens at once and nothing is lost or told twice."""
    shared.clock.move(timedelta(hours=25))  # what was asked on the day before adds up no more
    async with talking(shared) as talk:
        account = await talk.ok("crm_create_account", name="Công ty Một Lúc", account_type="llc")
        for name, worth in (("Kho", 5), ("Xe", 10_000_001)):
            deal = await talk.ok(
                "crm_create_deal",
                account_id=account["id"],
                name=name,
                amount_minor=worth,
                currency="USD",
                confirm_unusual=True,
            )
            await talk.ok("crm_log_activity", kind="note", subject=name, deal_id=deal["id"])
            await talk.ok("crm_move_stage", deal_id=deal["id"], to_stage="discovery")
            asked = await talk.ok("crm_close_deal", deal_id=deal["id"], outcome="won")
            await shared.decide(asked["action_id"], "am")
        await shared.decide(asked["action_id"], "cro")
        at_once = await whole(talk, account_id=account["id"])
        paged = await whole(talk, limit=limit, account_id=account["id"])

    assert paged == at_once and len(at_once) == 11
    assert len({(one["kind"], one["id"], one["by"]) for one in at_once}) == 11


async def test_a_private_deal_leaves_no_trace_for_those_who_do_not_see_it(shared):
    async with talking(shared) as talk:
        account = await talk.ok("crm_create_account", name="Công ty Kín", account_type="llc")
        deal = await talk.ok(
            "crm_create_deal", account_id=account["id"], name=CANARY, visibility="private"
        )
        await talk.ok("crm_log_activity", kind="note", subject=CANARY, deal_id=deal["id"])
        await talk.ok("crm_move_stage", deal_id=deal["id"], to_stage="discovery", reason=CANARY)
        await talk.ok("crm_close_deal", deal_id=deal["id"], outcome="won")
        mine = await whole(talk, account_id=account["id"])
    async with talking(shared, "am_agent") as talk:
        theirs = await talk.ok("crm_timeline", account_id=account["id"])

    assert len(mine) == 4 and CANARY in json.dumps(mine, ensure_ascii=False)
    assert theirs == {"items": [], "truncated": False, "untrusted_fields": []}


async def test_a_timeline_is_that_of_one_thing_and_a_cursor_continues_no_other(shared):
    async with talking(shared) as talk:
        account, deal, _ = await a_story(shared, talk)
        page = await talk.ok("crm_timeline", account_id=account["id"], limit=2)
        codes = [
            await talk.code("crm_timeline"),
            await talk.code("crm_timeline", account_id=account["id"], deal_id=deal["id"]),
            await talk.code("crm_timeline", deal_id=deal["id"], cursor=page["next_cursor"]),
        ]

    assert codes == ["SUBJECT_REQUIRED", "SUBJECT_REQUIRED", "INVALID_CURSOR"]


async def test_a_long_story_costs_no_more_questions_than_a_short_one(shared):
    async with talking(shared) as talk:
        account, _, _ = await a_story(shared, talk)
        asked = []
        for limit in (2, 10):
            with traffic(shared.agent_side) as seen:
                await talk.ok("crm_timeline", account_id=account["id"], limit=limit)
            asked.append(len(seen.reads))

    assert asked[1] - asked[0] in (0, 1, 2), "people and invoices are named, if there are any"
