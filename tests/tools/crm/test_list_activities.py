"""List of activities: latest first, of a customer, a person, a deal; of a sort; in a time."""

import pytest

from tests.tools.crm.samples import account
from tests.tools.samples import Arguments, Sample, Things
from tests.tools.talk import talking

pytestmark = pytest.mark.asyncio(loop_scope="module")


async def _arguments(things: Things) -> Arguments:
    return {"account_id": await things.of(account), "kind": "call"}


SAMPLES = {"crm_list_activities": Sample(_arguments, statements=(4, 0))}


async def _happened(talk):
    at = await talk.ok("crm_create_account", name="Đại Dương", account_type="llc")
    who = await talk.ok("crm_create_contact", account_id=at["id"], display_name="Trần Mai")
    deal = await talk.ok("crm_create_deal", account_id=at["id"], name="Kho")
    made = {}
    for key, kind, when, about in (
        ("a", "call", "2026-11-18T09:00:00+07:00", {"contact_id": who["id"]}),
        ("b", "meeting", "2026-11-19T23:30:00+07:00", {"deal_id": deal["id"]}),
        ("c", "note", "2026-11-20T00:10:00+07:00", {"account_id": at["id"]}),
    ):
        logged = await talk.ok(
            "crm_log_activity", kind=kind, subject=f"Chuyện {key}", occurred_at=when, **about
        )
        made[key] = logged["id"]
    return made, at, who, deal


@pytest.mark.both
async def test_a_list_is_narrowed_by_whom_what_and_the_days_of_the_company(own):
    async with talking(own) as talk:
        made, at, who, deal = await _happened(talk)
        asked = (
            ({"account_id": at["id"]}, "cba"),
            ({"contact_id": who["id"]}, "a"),
            ({"deal_id": deal["id"]}, "b"),
            ({"kind": "NOTE"}, "c"),
            ({"since": "2026-11-19", "until": "2026-11-19"}, "b"),
            ({"since": "2026-11-20"}, "c"),
            ({"until": "2026-11-18"}, "a"),
            ({}, "cba"),
        )
        answers = [await talk.ok("crm_list_activities", **wanted) for wanted, _ in asked]
        text = await talk.text("crm_list_activities", contact_id=who["id"])

    names = {id: key for key, id in made.items()}
    listed = ["".join(names[one["id"]] for one in answer["activities"]) for answer in answers]
    assert listed == [keys for _, keys in asked]
    assert "Trần Mai" in text and "2026-11-18 09:00+07:00" in text and who["id"] in text


async def test_pages_go_on_and_a_wrong_id_is_no_silence(own):
    async with talking(own) as talk:
        made, _at, *_ = await _happened(talk)
        first = await talk.ok("crm_list_activities", limit=2)
        rest = await talk.ok("crm_list_activities", limit=2, cursor=first["next_cursor"])
        nowhere = "01HZK7AAAAAAAAAAAAAAAAAAAA"
        codes = [
            await talk.code("crm_list_activities", **{name: nowhere})
            for name in ("account_id", "contact_id", "deal_id")
        ]

    seen = [one["id"] for one in first["activities"] + rest["activities"]]
    assert seen == [made["c"], made["b"], made["a"]] and codes == ["NOT_FOUND"] * 3


async def test_what_belongs_to_a_private_deal_is_not_listed_to_others(own):
    async with talking(own) as talk:
        made, at, _, deal = await _happened(talk)
        await talk.ok("crm_share_deal", deal_id=deal["id"], visibility="private")
    async with talking(own, "am_agent") as talk:
        listed = await talk.ok("crm_list_activities", account_id=at["id"])
        refused = await talk.code("crm_list_activities", deal_id=deal["id"])

    assert [one["id"] for one in listed["activities"]] == [made["c"], made["a"]]
    assert refused == "NOT_FOUND"
