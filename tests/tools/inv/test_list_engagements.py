"""Engagements are listed with what is needed to bill them, page by page."""

import pytest

from tests.tools.inv.work import AGENT, BUYER, ENGINEER, engagement_of, set_up, worked
from tests.tools.talk import talking
from tests.world import fault_code

pytestmark = pytest.mark.asyncio(loop_scope="module")


async def test_an_engagement_shows_rates_billing_and_the_hours_that_are_on_no_invoice(shared):
    account_id = await shared.an_account("Công ty Liệt Kê")
    made = await engagement_of(shared, account_id, vat_category="standard")

    async with talking(shared, AGENT) as talk:
        (bare,) = (await talk.ok("inv_list_engagements", account_id=account_id))["engagements"]
        await talk.ok("inv_set_billing", account_id=account_id, **BUYER)
        for day in ("2026-04-29", "2026-05-04"):
            time = worked(made["code"], member="list", worked_on=day)
            await talk.ok("inv_log_time", **time)
        (before,) = (await talk.ok("inv_list_engagements", account_id=account_id))["engagements"]
        await talk.ok("inv_draft_invoice", engagement_id=made["code"], period="2026-04")
        page = await talk.ok("inv_list_engagements", account_id=account_id)

    (after,) = page["engagements"]
    assert (bare["unbilled_hours"], "billing" in bare) == ("0.00", False)
    assert (before["unbilled_hours"], after["unbilled_hours"]) == ("15.00", "7.50")
    assert before["billing"] == {
        "kind": "foreign",
        "country": "US",
        "email": "a***@acme.example",
        "currency": "USD",
        "terms_days": 30,
    }
    assert (after["code"], after["account_name"]) == (made["code"], "Công ty Liệt Kê")
    assert (after["rates"], after["vat_category"]) == ([ENGINEER], "standard")
    assert page["untrusted_fields"] == ["/engagements/*/account_name"]


async def test_pages_continue_where_the_last_one_ended_and_a_status_chooses(shared):
    account_id = await shared.an_account()
    codes = {(await engagement_of(shared, account_id))["code"] for _ in range(5)}
    paused = min(codes)
    await set_up(shared, code=paused, status="paused")

    async with talking(shared, AGENT) as talk:
        seen, cursor = [], None
        while True:
            more = {"cursor": cursor} if cursor else {}
            page = await talk.ok("inv_list_engagements", account_id=account_id, limit=2, **more)
            seen += [one["code"] for one in page["engagements"]]
            cursor = page.get("next_cursor")
            if cursor is None:
                break
        only = await talk.ok("inv_list_engagements", account_id=account_id, status="paused")
        foreign = await talk.code("inv_list_engagements", cursor="bm9uc2Vuc2U")

    assert (len(seen), set(seen)) == (5, codes)
    assert [one["code"] for one in only["engagements"]] == [paused]
    assert foreign == "INVALID_CURSOR"


async def test_another_company_sees_none_of_them(shared):
    made = await engagement_of(shared, await shared.an_account())

    theirs = await shared.ok("inv_list_engagements", agent=AGENT, company=shared.theirs, limit=200)
    time = await shared.call(
        "inv_list_time_entries", agent=AGENT, company=shared.theirs, engagement=made["code"]
    )

    assert made["id"] not in str(theirs)
    assert fault_code(time) == "NOT_FOUND"
