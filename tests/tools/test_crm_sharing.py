"""Sharing: who sees a deal is said through the front door, by its owner alone."""

import pytest
from sqlalchemy import text

from domain.identity import queries as identity
from domain.kernel.ids import new_id
from tests.rows import difference, everything
from tests.tools.talk import talking

pytestmark = pytest.mark.asyncio(loop_scope="module")

_LEFT = text("update person set active = false where id = :id")


async def a_deal(talk, **more):
    account = await talk.ok("crm_create_account", name="Công ty Kín", account_type="llc")
    return await talk.ok("crm_create_deal", account_id=account["id"], name="Mật", **more)


async def seen(shared, agent, deal):
    """Whether the person an agent acts for sees a deal: in itself, in a list, in a count."""
    async with talking(shared, agent) as talk:
        listed = await talk.ok("crm_list_deals", account_id=deal["account_id"])
        account = await talk.ok("crm_get_account", id=deal["account_id"])
        there = "NOT_FOUND" not in await talk.text("crm_get_deal", id=deal["id"])
    assert [one["id"] for one in listed["deals"]] == [deal["id"]] * there
    assert account["deal_count"] == there
    return there


async def test_a_deal_becomes_private_is_shown_to_some_and_opened_again(shared):
    cfo, am = shared.ours.people["cfo"], f"am@{shared.ours.workspace_id.lower()}.vn"
    async with talking(shared) as talk:
        deal = await a_deal(talk)
        hidden = await talk.ok("crm_share_deal", deal_id=deal["id"], visibility="PRIVATE")
        assert not await seen(shared, "am_agent", deal)
        added = await talk.ok("crm_share_deal", deal_id=deal["id"], add=[am, cfo])
        assert await seen(shared, "am_agent", deal) and await seen(shared, "cfo_agent", deal)
        removed = await talk.ok("crm_share_deal", deal_id=deal["id"], remove=[am])
        assert not await seen(shared, "am_agent", deal)
        back = await talk.ok("crm_share_deal", deal_id=deal["id"], add=[am], remove=[cfo])
        assert await seen(shared, "am_agent", deal) and not await seen(shared, "cfo_agent", deal)
        opened = await talk.ok("crm_share_deal", deal_id=deal["id"], visibility="workspace")
        assert await seen(shared, "cfo_agent", deal)

    assert (hidden["visibility"], hidden["changed"], hidden["members"]) == (
        "private", ["visibility"], [],
    )  # fmt: skip
    assert added["members"] == [am, am.replace("am@", "cfo@")] and added["changed"] == ["members"]
    assert removed["members"] == [am.replace("am@", "cfo@")]
    assert (back["members"], opened["changed"]) == ([am], ["visibility"])
    assert [one["version"] for one in (hidden, added, removed, back, opened)] == [2, 3, 4, 5, 6]


async def test_what_is_so_already_writes_nothing_and_the_owner_is_never_a_member(shared):
    async with talking(shared) as talk:
        deal = await a_deal(talk, visibility="private", shared_with=[shared.ours.people["am"]])
        before = await everything(shared)
        again = await talk.ok(
            "crm_share_deal",
            deal_id=deal["id"],
            visibility="private",
            add=[shared.ours.people["am"], shared.ours.people["sales"]],
            remove=[shared.ours.people["cfo"]],
        )
        said = await talk.text(
            "crm_share_deal", deal_id=deal["id"], remove=[shared.ours.people["sales"]]
        )

    assert (again["changed"], again["version"]) == ([], 1)
    assert said.startswith("Nothing changed")
    assert difference(before, await everything(shared)) == {}


async def test_only_the_owner_decides_although_others_see_the_deal(shared):
    async with talking(shared) as talk:
        public = await a_deal(talk)
        private = await a_deal(talk, visibility="private", shared_with=[shared.ours.people["am"]])
    before = await everything(shared)
    async with talking(shared, "am_agent") as talk:
        codes = [
            await talk.code("crm_share_deal", deal_id=public["id"], visibility="private"),
            await talk.code("crm_share_deal", deal_id=private["id"], visibility="workspace"),
            await talk.code("crm_update_deal", deal_id=private["id"], owner="am@x.vn"),
            await talk.code(
                "crm_update_deal", deal_id=private["id"], owner=shared.ours.people["am"]
            ),
        ]

    assert codes == ["NOT_OWNER", "NOT_OWNER", "PERSON_UNKNOWN", "NOT_OWNER"]
    assert difference(before, await everything(shared)) == {}


async def test_whoever_gives_a_private_deal_away_still_sees_it_and_decides_no_more(shared):
    async with talking(shared) as talk:
        deal = await a_deal(talk, visibility="private")
        await talk.ok("crm_update_deal", deal_id=deal["id"], owner=shared.ours.people["am"])
        mine = await talk.code("crm_share_deal", deal_id=deal["id"], visibility="workspace")
    async with talking(shared, "am_agent") as talk:
        theirs = await talk.ok(
            "crm_share_deal", deal_id=deal["id"], remove=[shared.ours.people["sales"]]
        )

    assert mine == "NOT_OWNER" and theirs["members"] == []
    assert not await seen(shared, "cro_agent", deal)


async def test_nobody_takes_a_deal_over_to_hide_it_from_its_owner(shared):
    async with talking(shared) as talk:
        deal = await a_deal(talk)
    async with talking(shared, "am_agent") as talk:
        taken = await talk.code(
            "crm_update_deal", deal_id=deal["id"], owner=shared.ours.people["am"]
        )
        hidden = await talk.code("crm_share_deal", deal_id=deal["id"], visibility="private")

    assert (taken, hidden) == ("NOT_OWNER", "NOT_OWNER")
    assert await seen(shared, "cro_agent", deal)


async def test_a_private_deal_whose_owner_left_is_given_on_by_those_who_see_it(shared):
    gone = shared.ours.people["admin2"]
    async with talking(shared) as talk:
        deal = await a_deal(talk, owner=gone, visibility="private")
        early = await talk.code(
            "crm_update_deal", deal_id=deal["id"], owner=shared.ours.people["sales"]
        )
        async with shared.owning() as tx:
            await tx.session.execute(_LEFT, {"id": gone})
        given = await talk.ok(
            "crm_update_deal", deal_id=deal["id"], owner=shared.ours.people["sales"]
        )

    assert (early, given["changed"]) == ("NOT_OWNER", ["owner"])


async def test_people_of_another_tenant_and_invented_ones_are_the_same(shared):
    async with talking(shared) as talk:
        deal = await a_deal(talk)
        before = await everything(shared)
        refusals = [
            await talk.refused("crm_share_deal", deal_id=deal["id"], **{way: [person]})
            for way in ("add", "remove")
            for person in (shared.theirs.people["am"], new_id())
        ]
        both = await talk.code(
            "crm_share_deal",
            deal_id=deal["id"],
            add=[shared.ours.people["am"]],
            remove=[f"am@{shared.ours.workspace_id.lower()}.vn"],
        )

    assert [one["code"] for one in refusals] == ["PERSON_UNKNOWN"] * 4
    assert all(one == refusals[0] for one in refusals)
    assert both == "MEMBER_CONFLICT"
    assert difference(before, await everything(shared)) == {}


async def test_somebody_who_left_is_taken_off_and_not_put_on(shared):
    gone = shared.ours.people["both"]
    async with talking(shared) as talk:
        deal = await a_deal(talk, visibility="private", shared_with=[gone])
        async with shared.owning() as tx:
            await tx.session.execute(_LEFT, {"id": gone})
            assert not (await identity.people(tx, [gone]))[gone].active
        removed = await talk.ok("crm_share_deal", deal_id=deal["id"], remove=[gone])
        added = await talk.code("crm_share_deal", deal_id=deal["id"], add=[gone])

    assert (removed["members"], added) == ([], "PERSON_INACTIVE")


async def test_a_sharing_of_another_version_is_refused_and_a_dry_run_writes_nothing(shared):
    am = shared.ours.people["am"]
    async with talking(shared) as talk:
        deal = await a_deal(talk, visibility="private")
        await talk.ok("crm_share_deal", deal_id=deal["id"], add=[am], expected_version=1)
        before = await everything(shared)
        stale = await talk.refused(
            "crm_share_deal", deal_id=deal["id"], remove=[am], expected_version=1
        )
        tried = await talk.ok("crm_share_deal", deal_id=deal["id"], remove=[am], dry_run=True)

    assert (stale["code"], stale["facts"]) == ("VERSION_CONFLICT", {"version": 2})
    assert tried["members"] == []
    assert difference(before, await everything(shared)) == {}
