"""A task is written down: due by a day or a time of the company, for somebody, about something."""

from datetime import timedelta

import pytest

from tests.tools.crm.samples import account, contact
from tests.tools.samples import Arguments, Sample, Things
from tests.tools.talk import talking

pytestmark = pytest.mark.asyncio(loop_scope="module")


async def _proposed(things: Things) -> tuple[str, str]:
    """A deal that nobody dismisses anything of, and what is proposed about it."""
    made = await things.ok("crm_create_deal", account_id=await things.of(account), name="Bảo trì")
    proposed = await things.ok("crm_next_best_action", deal_id=made["id"])
    return str(made["id"]), str(proposed["actions"][0]["id"])


def day(things: Things, later: int) -> str:
    """A day to come; a world that several files share may be older than it was made."""
    return (things.world.clock.now().date() + timedelta(days=later)).isoformat()


async def _arguments(things: Things) -> Arguments:
    deal_id, proposal_id = await things.of(_proposed)
    return {
        "title": "Gửi hợp đồng",
        "due": day(things, 12),
        "account_id": await things.of(account),
        "contact_id": await things.of(contact),
        "deal_id": deal_id,
        "proposal_id": proposal_id,
    }


SAMPLES = {"crm_create_task": Sample(_arguments, statements=(17, 6))}


async def test_a_task_says_by_when_whose_and_about_what(shared):
    deal = await shared.a_deal()
    async with talking(shared) as talk:
        made = await talk.ok(
            "crm_create_task", title="Gửi báo giá", due="2026-12-03", deal_id=deal["id"]
        )
        said = await talk.text("crm_list_tasks", deal_id=deal["id"])

    assert (made["due"], made["status"], made["deal_name"]) == ("2026-12-03", "open", deal["name"])
    assert made["account_id"] == deal["account_id"]
    assert made["owner"].startswith("sales@")
    assert made["already_there"] is False
    assert {"/title", "/account_name", "/deal_name"} <= set(made["untrusted_fields"])
    assert "due 2026-12-03" in said and "Gửi báo giá" in said and deal["name"] in said


@pytest.mark.parametrize(
    ("typed", "due"),
    [
        ("2026-12-03T15:00", "2026-12-03T15:00+07:00"),
        ("2026-12-03 15:00:00", "2026-12-03T15:00+07:00"),
        ("2026-12-03T08:00Z", "2026-12-03T15:00+07:00"),
        ("2026-12-03T17:00+09:00", "2026-12-03T15:00+07:00"),
        (" 2026-11-21 ", "2026-11-21"),
    ],
)
async def test_a_time_is_one_of_the_company_unless_it_names_a_zone(shared, typed, due):
    made = await shared.ok("crm_create_task", title="Gọi lại", due=typed)

    assert made["due"] == due


@pytest.mark.parametrize("typed", ["thứ năm", "2026-02-30", "03/12/2026", "20261203", "2026-12-3"])
async def test_what_is_no_day_is_refused_with_one_that_is(shared, typed):
    async with talking(shared) as talk:
        refused = await talk.refused("crm_create_task", title="Gọi lại", due=typed)

    assert refused["code"] == "INVALID_ARGS"
    assert "2026-12-03" in str(refused["facts"]["fields"])


@pytest.mark.parametrize("due", ["2026-11-20", "2026-11-21T09:00", "2037-01-01"])
async def test_nobody_promises_what_is_over_or_beyond_ten_years(shared, due):
    async with talking(shared) as talk:  # it is nine o'clock on the 21st
        assert await talk.code("crm_create_task", title="Gọi lại", due=due) == "DUE_INVALID"


@pytest.mark.parametrize("owner", ["am nguyễn", "Nguyen AM", "AM"])
async def test_a_task_is_given_to_somebody_by_name(shared, owner):
    made = await shared.ok("crm_create_task", title="Gọi", due="2026-12-03", owner=owner)

    assert made["owner"].startswith("am@")


async def test_a_name_that_several_have_is_answered_with_who_they_are(shared):
    async with talking(shared) as talk:
        refused = await talk.refused(
            "crm_create_task", title="Gọi", due="2026-12-03", owner="Nguyễn"
        )
        nobody = await talk.code("crm_create_task", title="Gọi", due="2026-12-03", owner="Khoa")

    assert refused["code"] == "PERSON_AMBIGUOUS"
    assert "AM Nguyễn (am@" in refused["message"]
    assert {"id", "email"} == set(refused["facts"]["people"][0])
    assert nobody == "PERSON_UNKNOWN"


async def test_a_task_of_a_private_deal_is_as_private_and_given_to_nobody_outside(shared):
    deal = await shared.a_deal(visibility="private")
    task = {"title": "Chuyện riêng", "due": "2026-12-03", "deal_id": deal["id"]}
    async with talking(shared) as talk:
        made = await talk.ok("crm_create_task", **task)
        refused = await talk.refused("crm_create_task", **task, owner="AM")
        await talk.ok("crm_share_deal", deal_id=deal["id"], add=[shared.ours.people["am"]])
        inside = await talk.ok("crm_create_task", **task, owner="AM")
    async with talking(shared, "cfo_agent") as talk:
        seen = await talk.ok("crm_list_tasks", account_id=deal["account_id"])
    async with talking(shared, "am_agent") as talk:
        also = await talk.ok("crm_list_tasks", account_id=deal["account_id"])
        counted = await talk.ok("crm_get_account", id=deal["account_id"])

    assert refused["code"] == "OWNER_OUTSIDE"
    assert inside["owner"].startswith("am@")
    assert seen["tasks"] == []
    assert {one["id"] for one in also["tasks"]} == {made["id"], inside["id"]}
    assert counted["open_tasks"] == 2


async def test_the_other_company_knows_of_no_task(shared):
    made = await shared.ok("crm_create_task", title="Gọi", due="2026-12-03")
    async with talking(shared, company=shared.theirs) as talk:
        theirs = await talk.ok("crm_list_tasks", until="2027-12-31")
        code = await talk.code("crm_complete_task", task_id=made["id"], outcome="done")

    assert made["id"] not in {one["id"] for one in theirs["tasks"]}
    assert code == "NOT_FOUND"


async def test_what_it_is_about_belongs_together(shared):
    mine, other = await shared.a_deal(), await shared.an_account("Sông Xanh")
    about = {"deal_id": mine["id"], "account_id": other}
    async with talking(shared) as talk:
        code = await talk.code("crm_create_task", title="Gọi", due="2026-12-03", **about)

    assert code == "ACCOUNT_MISMATCH"


async def test_a_proposal_has_one_open_task_however_often_it_is_followed(shared):
    deal = await shared.a_deal()
    async with talking(shared) as talk:
        (advice, *_) = (await talk.ok("crm_next_best_action", deal_id=deal["id"]))["actions"]
        asked = advice["arguments"]
        first = await talk.ok(advice["tool"], **asked)
        again = await talk.ok(advice["tool"], **asked)
        other = await talk.refused(advice["tool"], **{**asked, "title": "Khác"})
        after = (await talk.ok("crm_next_best_action", deal_id=deal["id"]))["actions"]
        await talk.ok("crm_complete_task", task_id=first["id"], outcome="dropped")
        back = (await talk.ok("crm_next_best_action", deal_id=deal["id"]))["actions"]
        del asked["deal_id"]  # the proposal says which
        anew = await talk.ok(advice["tool"], **asked)

    assert advice["tool"] == "crm_create_task"
    assert (first["already_there"], again["already_there"]) == (False, True)
    assert again["id"] == first["id"] != anew["id"]
    assert anew["deal_id"] == deal["id"]
    assert (other["code"], other["facts"]["task_id"]) == ("EVENT_CONFLICT", first["id"])
    assert advice["id"] not in {one["id"] for one in after}
    assert advice["id"] in {one["id"] for one in back}
