"""Deals are found by what somebody says of them: name, customer, amount, dates, stage, owner."""

import pytest

from domain.deals import searching
from tests.tools.crm.samples import deal
from tests.tools.samples import Arguments, Sample, Things
from tests.tools.talk import talking

pytestmark = pytest.mark.asyncio(loop_scope="module")


async def _arguments(things: Things) -> Arguments:
    await things.of(deal)
    return {"query": "nen tang"}


SAMPLES = {"crm_search_deals": Sample(_arguments, statements=(4, 0))}


async def _deals(talk):
    """Three deals of two customers, by short names."""
    one = await talk.ok("crm_create_account", name="Công ty Đại Dương", account_type="llc")
    two = await talk.ok("crm_create_account", name="Sông Xanh", account_type="llc")
    made = {}
    for key, account, name, amount, close in (
        ("a", one, "Nền tảng kho", 350_000_000, "2026-12-15"),
        ("b", one, "Đào tạo", 20_000_000, "2027-03-01"),
        ("c", two, "Nền tảng bán hàng", 90_000_000, "2026-12-31"),
    ):
        deal = await talk.ok(
            "crm_create_deal",
            account_id=account["id"],
            name=name,
            amount_minor=amount,
            currency="VND",
            expected_close_date=close,
        )
        made[key] = deal["id"]
    return made, one


@pytest.mark.both
async def test_a_deal_is_found_by_words_amount_dates_stage_and_owner(own):
    async with talking(own) as talk:
        made, account = await _deals(talk)
        await talk.ok("crm_move_stage", deal_id=made["b"], to_stage="Khám phá", reason="x")
        stages = (await talk.ok("crm_list_pipelines"))["items"][0]["stages"]
        second = next(one for one in stages if one["code"] == "discovery")
        asked = {
            "nen tang": "ac",
            "tảng KHO": "a",
            "dai duong": "ab",
            "nền đại": "a",
            "tang song": "c",
            "zzyzx": "",
        }
        by_words = {q: await talk.ok("crm_search_deals", query=q) for q in asked}
        filters = (
            ({"min_amount_minor": 90_000_000}, "ac"),
            ({"max_amount_minor": 90_000_000, "currency": "đ"}, "bc"),
            ({"closes_from": "2026-12-16", "closes_until": "2026-12-31"}, "c"),
            ({"stage_id": second["name"]}, "b"),
            ({"account_id": account["id"], "query": "nen"}, "a"),
            ({"status": "won"}, ""),
            ({"min_amount_minor": 1, "currency": "USD"}, ""),
        )
        by_filter = [await talk.ok("crm_search_deals", **wanted) for wanted, _ in filters]

    names = {id: key for key, id in made.items()}

    def found(answer):
        return "".join(sorted(names.get(one["id"], "?") for one in answer["deals"]))

    assert {q: found(answer) for q, answer in by_words.items()} == asked
    assert [found(answer) for answer in by_filter] == [keys for _, keys in filters]


async def test_a_search_that_looks_at_a_part_goes_on_where_it_ended(own, monkeypatch):
    monkeypatch.setattr(searching, "MOST_LOOKED_AT", 2)
    async with talking(own) as talk:
        made, _ = await _deals(talk)
        seen, more = [], {}
        while True:
            page = await talk.ok("crm_search_deals", query="nen tang", **more)
            seen += [one["id"] for one in page["deals"]]
            if not page["truncated"]:
                break
            more = {"cursor": page["next_cursor"]}

    assert seen == [made["c"], made["a"]]


async def test_a_private_deal_is_found_by_nobody_else(own):
    async with talking(own) as talk:
        made, account = await _deals(talk)
        await talk.ok("crm_share_deal", deal_id=made["a"], visibility="private")
        mine = await talk.ok("crm_search_deals", query="kho")
    async with talking(own, "am_agent") as talk:
        theirs = [
            await talk.ok("crm_search_deals", **wanted)
            for wanted in (
                {"query": "kho"}, {"query": "nen tang kho"}, {"account_id": account["id"]},
                {"min_amount_minor": 350_000_000},
            )
        ]  # fmt: skip

    assert [one["id"] for one in mine["deals"]] == [made["a"]]
    assert all(made["a"] not in str(answer) for answer in theirs)
