"""Many entries come in at once or not at all, in as many statements as one."""

import pytest
from sqlalchemy import event

from tests.rows import difference, everything
from tests.tools.inv.work import AGENT, engagement_of, worked
from tests.tools.talk import talking

pytestmark = pytest.mark.asyncio(loop_scope="module")


async def a_code(world):
    return str((await engagement_of(world, await world.an_account()))["code"])


def april(code, member, number=20, **more):
    return [
        worked(code, member=member, worked_on=f"2026-04-{n:02}", source_id=f"{n}", **more)
        for n in range(1, number + 1)
    ]


def counted(said):
    return {
        outcome: (said[outcome]["entries"], said[outcome]["hours"])
        for outcome in ("new", "corrected", "known")
    }


async def test_what_is_new_corrected_and_known_is_counted(shared):
    code = await a_code(shared)
    entries = april(code, "m1")

    async with talking(shared, AGENT) as talk:
        tried = await talk.ok("inv_import_time", entries=entries, dry_run=True)
        first = await talk.ok("inv_import_time", entries=entries)
        entries[0]["hours"], entries[1]["task"] = "1.00", "họp"
        again = await talk.ok("inv_import_time", entries=[*entries, worked(code, member="m2")])

    none = (0, "0.00")
    assert counted(tried) == counted(first) == {
        "new": (20, "150.00"), "corrected": none, "known": none
    }  # fmt: skip
    assert counted(again) == {
        "new": (1, "7.50"), "corrected": (2, "8.50"), "known": (18, "135.00")
    }  # fmt: skip
    assert len(again["engagement_ids"]) == 1


async def test_one_wrong_entry_keeps_all_of_them_out_and_every_wrong_one_is_named(shared):
    code = await a_code(shared)
    entries = april(code, "n1", 5)
    entries[1]["role"], entries[3]["hours"] = "driver", "25.00"
    before = await everything(shared)

    async with talking(shared, AGENT) as talk:
        refused = await talk.refused("inv_import_time", entries=entries)

    assert refused["code"] == "TIME_INVALID"
    assert [(one["entry"], one["code"]) for one in refused["facts"]["problems"]] == [
        (2, "RATE_CARD_MISSING"),
        (4, "HOURS_INVALID"),
    ]
    assert difference(before, await everything(shared)) == {}


@pytest.mark.parametrize("entries", [[], [{}], [{"engagement": "a"}]])
async def test_what_is_no_time_is_refused(shared, entries):
    async with talking(shared, AGENT) as talk:
        assert await talk.code("inv_import_time", entries=entries) == "INVALID_ARGS"


async def test_a_thousand_and_one_are_too_many(shared):
    async with talking(shared, AGENT) as talk:
        many = [worked("nowhere", source_id=str(n)) for n in range(1_001)]
        assert await talk.code("inv_import_time", entries=many) == "INVALID_ARGS"


async def test_the_number_of_statements_does_not_grow_with_the_entries(shared):
    code, said = await a_code(shared), []

    def listen(*heard):
        said.append(heard[2])

    numbers = []
    for number, member in ((2, "s2"), (20, "s20")):
        entries = april(code, member, number)
        for entry in entries:
            entry["source_id"] = f"{member}-{entry['source_id']}"
        said.clear()
        event.listen(shared.agent_side.writer.sync_engine, "before_cursor_execute", listen)
        await shared.ok("inv_import_time", agent=AGENT, entries=entries)
        event.remove(shared.agent_side.writer.sync_engine, "before_cursor_execute", listen)
        numbers.append(len(said))

    assert numbers[0] == numbers[1] > 0
