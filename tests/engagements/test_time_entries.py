"""Time is logged once, and a day has 24 hours: held against a plain list, and by many at once."""

import asyncio
from collections import Counter
from dataclasses import replace
from datetime import date, timedelta
from random import Random

import pytest
from sqlalchemy import select

from domain.engagements import queries, time_entries
from domain.engagements.rules import Rate
from domain.engagements.setting import Terms, carry_out
from domain.engagements.tables import TimeEntry
from domain.engagements.time_entries import Outcome, Worked
from domain.kernel.faults import Fault
from domain.store.chain import Actor, Event
from domain.store.tx import reading, writing
from domain.store.visibility import SYSTEM

DAY = date(2026, 4, 1)
RATES = (Rate("engineer", 15_000), Rate("lead", 20_000), Rate("lead", 30_000, "pilot"))


async def begun(world, code, rates=RATES):
    """An engagement, as if people had allowed it."""
    account_id = await world.an_account()
    terms = Terms(code=code, account_id=account_id, currency="USD", rates=rates)
    async with (
        world.without_triggers("engagement"),
        world.without_triggers("engagement_rate"),
        world.owning() as tx,
    ):
        row = await carry_out(tx, terms, set_by="human:x")
    return row.id


async def log(world, *reports):
    """What became of them, as an agent of ours logs them."""
    async with writing(world.agent_side, world.ours.id, world.clock, viewer=SYSTEM) as tx:
        logged = await time_entries.log(tx, reports, recorded_by="agent:x")
        tx.record(Event("cyberos.inv.log_time", Actor("agent", "x")))
    return [one.outcome for one in logged]


def worked(engagement, hours=800, **more):
    fields = {"member": "minh", "worked_on": DAY, "role": "engineer", **more}
    return Worked(engagement=engagement, hours_hundredths=hours, **fields)


async def stored(world):
    """Every entry by its source id."""
    async with reading(world.owner_side, world.ours.id, world.clock, viewer=SYSTEM) as tx:
        rows = await tx.all(select(TimeEntry))
    return {
        row.source_id: (row.member, row.worked_on, row.hours_hundredths, row.role, row.rate_minor)
        for row in rows
    }


async def test_whatever_is_logged_in_whatever_order_is_what_a_plain_list_says(world):
    await begun(world, "oracle")
    random, plain, refused = Random(20260401), {}, 0
    rates = {"engineer": 15_000, "lead": 20_000}

    for _ in range(120):
        reports = [
            worked(
                "oracle",
                random.choice([25, 400, 800, 1_200]),
                member=random.choice(["minh", "lan"]),
                worked_on=DAY + timedelta(days=random.randrange(3)),
                role=random.choice(["engineer", "lead"]),
                source_id=source,
            )
            for source in random.sample([f"s{n}" for n in range(12)], random.randrange(1, 4))
        ]
        after = plain | {
            one.source_id: (
                one.member, one.worked_on, one.hours_hundredths, one.role, rates[one.role]
            )
            for one in reports
        }  # fmt: skip
        days = Counter()
        for member, day, hours, *_ in after.values():
            days[member, day] += hours
        touched = {(one.member, one.worked_on) for one in reports}
        fits = all(days[day] <= 2_400 for day in touched)
        expected = [
            Outcome.NEW if one.source_id not in plain
            else Outcome.KNOWN if plain[one.source_id] == after[one.source_id]
            else Outcome.CORRECTED
            for one in reports
        ]  # fmt: skip
        if fits:
            assert await log(world, *reports) == expected
            plain = after
        else:
            refused += 1
            with pytest.raises(Fault) as caught:
                await log(world, *reports)
            assert caught.value.code in ("HOURS_INVALID", "TIME_INVALID")
        assert await stored(world) == plain
    assert 10 < refused < 110, "some fit and some do not"


@pytest.mark.both
async def test_of_many_who_fill_one_day_at_once_no_more_get_in_than_it_has_hours(world):
    for code in ("one", "two"):
        await begun(world, code)

    answers = await asyncio.gather(
        *(log(world, worked("one" if n % 2 else "two", 500)) for n in range(8)),
        return_exceptions=True,
    )

    codes = Counter(getattr(one, "code", "logged") for one in answers)
    assert codes == {"logged": 4, "HOURS_INVALID": 4}


@pytest.mark.both
async def test_of_many_who_log_one_source_id_at_once_one_is_new(world):
    await begun(world, "once")

    answers = await asyncio.gather(*(log(world, worked("once", source_id="a")) for _ in range(6)))

    assert Counter(one for (one,) in answers) == {Outcome.NEW: 1, Outcome.KNOWN: 5}


async def test_a_new_card_is_for_what_is_worked_from_now_on(world):
    engagement_id = await begun(world, "repriced")
    await log(world, worked("repriced", source_id="a"), worked("repriced", source_id="b"))

    dearer = Terms(engagement_id=engagement_id, rates=[Rate("engineer", 99_000)])
    async with (
        world.without_triggers("engagement"),
        world.without_triggers("engagement_rate"),
        world.owning() as tx,
    ):
        await carry_out(tx, dearer, set_by="human:x")
    await log(world, worked("repriced", 400, source_id="a"), worked("repriced", source_id="c"))

    found = await stored(world)
    assert {name: (hours, rate) for name, (_, _, hours, _, rate) in found.items()} == {
        "a": (400, 15_000),  # corrected: the same work at the rate of then
        "b": (800, 15_000),
        "c": (800, 99_000),
    }
    async with world.looking() as tx:
        cards = await queries.cards(tx, [engagement_id])
    assert cards == {engagement_id: (Rate("engineer", 99_000),)}


async def test_another_role_has_the_rate_of_the_card_now(world):
    await begun(world, "promoted")
    await log(world, worked("promoted", source_id="a"))

    await log(world, worked("promoted", role="lead", phase="pilot", source_id="a"))

    assert (await stored(world))["a"][-2:] == ("lead", 30_000)


async def test_all_that_is_wrong_is_told_at_once_and_nothing_is_written(world):
    await begun(world, "wrong")
    right = worked("wrong", source_id="a")

    with pytest.raises(Fault) as caught:
        await log(
            world,
            right,
            worked("nowhere"),
            worked("wrong", role="driver"),
            worked("wrong", 2_401),
            replace(right, hours_hundredths=100),
        )

    assert caught.value.code == "TIME_INVALID"
    told = [(one["entry"], one["code"]) for one in caught.value.facts["problems"]]
    assert told == [
        (2, "NOT_FOUND"),
        (3, "RATE_CARD_MISSING"),
        (4, "HOURS_INVALID"),
        (5, "SOURCE_REPEATED"),
    ]
    assert await stored(world) == {}


async def test_two_engagements_may_call_their_time_by_the_same_source_id(world):
    for code in ("left", "right"):
        await begun(world, code)

    outcomes = await log(
        world, worked("left", 400, source_id="1"), worked("right", 300, source_id="1")
    )

    assert outcomes == [Outcome.NEW, Outcome.NEW]
