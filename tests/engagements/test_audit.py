"""The verifier finds what was set or worked without anybody having been asked."""

import pytest
from sqlalchemy import select, text
from sqlalchemy.exc import DBAPIError

from domain.engagements.rules import Rate
from domain.engagements.setting import Terms, begin
from domain.engagements.tables import Engagement, EngagementRate, TimeEntry
from domain.kernel.faults import Fault
from domain.kernel.ids import new_id
from domain.provisioning.service import OPERATOR
from tests.forgery import kept
from tests.tools.inv.work import AGENT, engagement_of, set_up, worked

pytestmark = pytest.mark.both


async def at_work(world):
    """The id of an engagement that people set and changed, for which time was logged."""
    made = await engagement_of(world, await world.an_account(), code="acme")
    await world.ok("inv_log_time", agent=AGENT, **worked("acme", source_id="a"))
    dearer = [{"role": "engineer", "rate_minor": 16_000}]
    await set_up(world, code="acme", rates=dearer, vat_category="zero", evidence="contract 12")
    return made["id"]


async def test_what_people_set_is_sound(world, tmp_path):
    archive = kept(world, tmp_path)
    await at_work(world)

    assert await archive.findings() == []


FORGERIES = {
    "paused": (
        lambda f: f.change(Engagement, {"id": f.id}, status="paused"),
        ["engagement G: was allowed with another status"],
    ),
    "the VAT category": (
        lambda f: f.change(Engagement, {"id": f.id}, vat_category="exempt"),
        ["engagement G: was allowed with another vat_category"],
    ),
    "the old card": (
        lambda f: f.change(Engagement, {"id": f.id}, card=1),
        ["engagement G: was allowed with another rates"],
    ),
    "a rate of the card": (
        lambda f: f.change(EngagementRate, {"engagement_id": f.id, "card": 2}, rate_minor=1),
        ["engagement G: was allowed with another rates", "engagement G: nobody allowed rate R"],
    ),
    "the rate of an entry": (
        lambda f: f.change(TimeEntry, {"engagement_id": f.id}, rate_minor=99),
        ["time entry T: has a rate that nobody allowed"],
    ),
}


@pytest.mark.parametrize("forgery", FORGERIES)
async def test_a_forgery_is_found_and_named(world, tmp_path, forgery):
    archive, change = kept(world, tmp_path), FORGERIES[forgery]
    id = await at_work(world)

    async with archive.forging() as forger:
        forger.id = id
        entry = await forger.row(TimeEntry)
        rate = (await forger.rows(EngagementRate, card=2))[0]
        await change[0](forger)

    besides, rows = await archive.apart()
    named = [
        one.replace("G:", f"{id}:")
        .replace("T:", f"{entry.id}:")
        .replace("rate R", f"rate {rate.id}")
        for one in change[1]
    ]
    assert besides == named
    assert len(rows) == 1, "and the row itself is not what was left in it"


async def test_an_engagement_that_nobody_set_is_found(world, tmp_path):
    archive = kept(world, tmp_path)
    id = await at_work(world)

    async with archive.forging() as forger:
        row = await forger.row(Engagement, id=id)
        await forger.add_like(row, Engagement, id=new_id(), code="forged", version=1, card=0)
        forged = await forger.row(Engagement, code="forged")

    besides, _ = await archive.apart()
    assert besides == [f"engagement {forged.id}: was set without an approval that was carried out"]


async def test_a_day_of_more_than_24_hours_is_found(world, tmp_path):
    archive = kept(world, tmp_path)
    await at_work(world)

    async with archive.forging() as forger:
        row = await forger.row(TimeEntry)
        await forger.add_like(row, TimeEntry, id=new_id(), source_id="b", hours_hundredths=2_000)

    besides, _ = await archive.apart()
    assert besides == ["time of 2026-04-01: is more than 24 hours of one member"]


async def test_what_a_company_begins_with_needs_nobody_and_nothing_begins_later(world, tmp_path):
    """The entry must lie before the first agent's: whoever can append could write one later."""
    archive, account_id = kept(world, tmp_path), await world.an_account()
    terms = Terms(code="late", account_id=account_id, currency="VND", rates=[Rate("lead", 1)])
    with pytest.raises(DBAPIError, match="added by approved actions only"):
        async with world.owning() as tx:
            await begin(tx, terms, set_by="human:x", said_by=OPERATOR)

    async with (
        world.without_triggers("engagement"),
        world.without_triggers("engagement_rate"),
        world.owning() as tx,
    ):
        row = await begin(tx, terms, set_by="human:x", said_by=OPERATOR)

    async with world.looking() as tx:
        (rate,) = await tx.all(select(EngagementRate.id))
    assert await archive.findings() == [
        f"engagement {row.id}: was set without an approval that was carried out",
        f"engagement {row.id}: nobody allowed rate {rate}",
    ]


async def test_the_database_lets_nobody_set_an_engagement_without_people(world):
    id = await at_work(world)
    for change in (
        "update engagement set status = 'closed', version = version + 1 where id = :id",
        "update engagement set status = 'closed' where id = :id",
        "update engagement set currency = 'VND' where id = :id",
        "delete from engagement where id = :id",
        "update engagement_rate set rate_minor = 1 where engagement_id = :id",
        "delete from engagement_rate where engagement_id = :id",
        "update time_entry set currency = 'VND' where engagement_id = :id",
        "update time_entry set source_id = null where engagement_id = :id",
        "delete from time_entry where engagement_id = :id",
    ):
        with pytest.raises((DBAPIError, Fault)):
            async with world.owning() as tx:
                await tx.session.execute(text(change), {"id": id})
