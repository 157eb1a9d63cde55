"""Invoices are listed newest first, page by page, and never those of a deal that is hidden."""

import pytest

from domain.invoices import service
from tests.invoices.ground import TODAY, log, work
from tests.tools.inv.invoicing import AGENT, APRIL, OUTSIDER, draft, drafted
from tests.tools.samples import Arguments, Sample, Things
from tests.tools.talk import talking
from tests.traffic import traffic

pytestmark = pytest.mark.asyncio(loop_scope="module")


async def _arguments(things: Things) -> Arguments:
    made = await things.of(draft)
    return {"account_id": made["account_id"]}


SAMPLES = {"inv_list_invoices": Sample(_arguments, statements=(5, 0))}


async def test_the_newest_comes_first_and_pages_miss_none(shared):
    acme = await work(shared)
    months = [f"2026-0{month}" for month in range(1, 6)]

    async with talking(shared, AGENT) as talk:
        made = []
        for month in months:
            await log(shared, acme, worked_on=TODAY.fromisoformat(f"{month}-02"))
            made.append((await drafted(talk, acme, month))["number"])
        pages, more = [], {}
        while True:
            page = await talk.ok("inv_list_invoices", account_id=acme.account_id, limit=2, **more)
            pages.append([one["number"] for one in page["invoices"]])
            if not page.get("next_cursor"):
                break
            more = {"cursor": page["next_cursor"]}
        mixed = await talk.code("inv_list_invoices", status="draft", limit=2, **more)

    assert [len(page) for page in pages] == [2, 2, 1]
    assert [number for page in pages for number in page] == made[::-1]
    assert mixed == "INVALID_CURSOR", "a page of another question"


async def test_each_filter_keeps_what_it_names(own):
    acme = await work(own)
    other = await work(own, account_id=acme.account_id)
    third = await work(own)
    for one in (acme, other, third):
        await log(own, one)

    async with talking(own, AGENT) as talk:
        numbers = {one.code: (await drafted(talk, one))["number"] for one in (acme, other, third)}

        async def listed(**filters):
            page = await talk.ok("inv_list_invoices", **filters)
            return {one["number"] for one in page["invoices"]}

        everything = set(numbers.values())
        assert await listed() == await listed(status="DRAFT") == everything
        assert await listed(account_id=acme.account_id) == everything - {numbers[third.code]}
        assert await listed(engagement_id=other.code) == {numbers[other.code]}
        assert await listed(engagement_id=other.id) == {numbers[other.code]}
        assert await listed(since="2026-11-21") == everything
        assert await listed(since="2026-11-22") == await listed(status="sent") == set()
        assert await talk.code("inv_list_invoices", engagement_id="no-such-work") == "NOT_FOUND"
        assert await talk.code("inv_list_invoices", status="paid-up") == "INVALID_ARGS"
        assert await talk.code("inv_list_invoices", since="2026-02-30") == "INVALID_ARGS"


async def test_a_list_of_many_asks_no_more_than_a_list_of_one(own):
    acme = await work(own)
    asked = []

    async with talking(own, AGENT) as talk:
        for month in range(1, 8):
            await log(own, acme, worked_on=TODAY.replace(month=month, day=2))
            await drafted(talk, acme, f"2026-{month:02}")
            with traffic(own.agent_side) as seen:
                await talk.ok("inv_list_invoices", account_id=acme.account_id)
            asked.append((len(seen.reads), len(seen.writes)))

    assert len(set(asked)) == 1, asked


async def test_the_invoices_of_a_private_deal_are_in_no_list_and_no_count_of_others(shared):
    deal = await shared.a_deal(visibility="private")
    open_ = await work(shared, account_id=deal["account_id"])
    secret = await work(shared, account_id=deal["account_id"], deal_id=deal["id"])
    await log(shared, open_)
    await log(shared, secret)

    async with talking(shared, AGENT) as talk:
        known = await drafted(talk, open_)
        hidden = await drafted(talk, secret)
        inside = await talk.ok("inv_list_invoices", account_id=deal["account_id"])
    async with talking(shared, OUTSIDER) as outsider:
        others = await outsider.ok("inv_list_invoices", account_id=deal["account_id"])
        of_work = await outsider.code("inv_list_invoices", engagement_id=secret.code)
    async with talking(shared) as talk, talking(shared, "am_agent") as other:
        counts = [
            (await one.ok("crm_get_account", id=deal["account_id"]))["draft_invoices"]
            for one in (talk, other)
        ]

    assert [one["number"] for one in inside["invoices"]] == [hidden["number"], known["number"]]
    assert [one["number"] for one in others["invoices"]] == [known["number"]]
    assert (of_work, counts) == ("NOT_FOUND", [2, 1])


async def test_a_signed_draft_says_so_in_its_line(shared):
    acme = await work(shared)
    await log(shared, acme)

    async with talking(shared, AGENT) as talk:
        made = await drafted(talk, acme, APRIL)
        async with shared.owning() as tx:
            await service.lock(tx, made["invoice_id"], issued_on=TODAY, terms_days=30)
        said = await talk.text("inv_list_invoices", engagement_id=acme.code)

    assert made["number"] in said and ", draft, " in said and ", locked, " in said
