"""Activities: reported often, logged once, hidden with their deal."""

from datetime import timedelta

import pytest

from domain.activities import queries, service
from domain.activities.rules import ActivityKind
from domain.activities.service import NewActivity
from domain.kernel.faults import Fault
from domain.store.visibility import Viewer


def report(account_id, **more):
    fields = {
        "kind": ActivityKind.EMAIL,
        "subject": "Báo giá",
        "body": "Kính gửi",
        "source": "email",
    }
    return NewActivity(**{**fields, "account_id": account_id, **more})


async def log(world, new, person="sales"):
    who = Viewer(world.ours.people[person], (world.ours.workspace_id,))
    async with world.owning() as tx:
        return await service.log(tx, who, new, logged_by="agent:x")


def refused(code):
    return pytest.raises(Fault, match=f"^{code}: ")


async def test_the_same_event_is_logged_once_however_often_it_is_reported(world):
    new = report(await world.an_account(), source_event_id="<1@mail>")

    reports = [await log(world, new) for _ in range(3)]

    assert [one.already_logged for one in reports] == [False, True, True]
    assert len({one.activity.id for one in reports}) == 1


@pytest.mark.parametrize("change", [{"subject": "Khác"}, {"body": ""}, {"kind": ActivityKind.CALL}])
async def test_the_same_event_with_other_content_is_a_conflict(world, change):
    account_id = await world.an_account()
    first = await log(world, report(account_id, source_event_id="<1@mail>"))

    with refused("EVENT_CONFLICT") as caught:
        await log(world, report(account_id, source_event_id="<1@mail>", **change))

    assert caught.value.facts == {"activity_id": first.activity.id}


async def test_another_source_or_no_event_id_is_another_activity(world):
    account_id = await world.an_account()

    logged = [
        await log(world, report(account_id, source_event_id="7")),
        await log(world, report(account_id, source_event_id="7", source="calendar")),
        await log(world, report(account_id)),
        await log(world, report(account_id)),
    ]

    assert len({one.activity.id for one in logged}) == 4
    assert not any(one.already_logged for one in logged)


async def test_an_event_of_a_hidden_deal_gives_nothing_away(world):
    account_id = await world.an_account()
    deal = await world.a_deal(account_id, visibility="private")
    await log(world, report(account_id, deal_id=deal["id"], source_event_id="1"))

    with refused("EVENT_CONFLICT") as caught:
        await log(world, report(account_id, source_event_id="1"), person="am")

    assert caught.value.facts == {}


async def test_account_contact_and_deal_belong_together(world):
    account_id, other_id = await world.an_account(), await world.an_account()
    deal = await world.a_deal(account_id)

    by_deal = await log(world, report(None, deal_id=deal["id"]))

    assert by_deal.activity.account_id == account_id
    with refused("ACCOUNT_MISMATCH"):
        await log(world, report(other_id, deal_id=deal["id"]))
    with refused("SUBJECT_REQUIRED"):
        await log(world, report(None))


async def test_a_timeline_runs_backwards_page_by_page(world):
    account_id = await world.an_account()
    now = world.clock.now()
    for hours in (5, 1, 3, 3, 2):
        await log(world, report(account_id, occurred_at=now - timedelta(hours=hours)))
    who = Viewer(world.ours.people["sales"], (world.ours.workspace_id,))

    seen, after = [], None
    async with world.looking() as tx:
        while page := await queries.recent(tx, who, account_id=account_id, after=after, limit=2):
            seen += page
            after = page[-1].occurred_at, page[-1].id

    assert [(now - one.occurred_at).seconds // 3600 for one in seen] == [1, 2, 3, 3, 5]
    assert len({one.id for one in seen}) == 5
