"""Time is logged at the rate of the card, once for each source id, and corrected until billed."""

import pytest

from tests.rows import difference, everything
from tests.tools.inv.work import AGENT, engagement_of, set_up, worked
from tests.tools.talk import talking
from tests.world import fault_code

pytestmark = pytest.mark.asyncio(loop_scope="module")
PILOT = {"role": "engineer", "phase": "pilot", "rate_minor": 18_000}
ENGINEER = {"role": "engineer", "rate_minor": 15_000}


async def a_code(world, **more):
    return str((await engagement_of(world, await world.an_account(), **more))["code"])


async def test_an_entry_has_the_rate_of_its_role_and_phase(shared):
    code = await a_code(shared, rates=[ENGINEER, PILOT])

    async with talking(shared, AGENT) as talk:
        said = await talk.ok("inv_log_time", **worked(code, member="a1", role=" Engineer"))
        pilot = await talk.ok("inv_log_time", **worked(code, member="a1", phase="PILOT"))

    assert (said["hours"], said["rate_minor"], said["currency"]) == ("7.50", 15_000, "USD")
    assert (said["engagement"], said["outcome"], said["version"]) == (code, "new", 1)
    assert (pilot["rate_minor"], pilot["phase"]) == (18_000, "pilot")


async def test_the_same_source_id_is_the_same_entry_and_other_hours_correct_it(shared):
    code = await a_code(shared)

    async with talking(shared, AGENT) as talk:
        time = worked(code, member="b1", source_id="jira-7")
        first = await talk.ok("inv_log_time", **time)
        again = await talk.ok("inv_log_time", **time)
        corrected = await talk.ok("inv_log_time", **{**time, "hours": "6.25"})

    assert [one["outcome"] for one in (first, again, corrected)] == ["new", "known", "corrected"]
    assert len({one["id"] for one in (first, again, corrected)}) == 1
    assert [one["version"] for one in (first, again, corrected)] == [1, 1, 2]
    assert corrected["hours"] == "6.25"


async def test_without_a_source_id_two_calls_are_two_entries(shared):
    code = await a_code(shared)

    async with talking(shared, AGENT) as talk:
        ids = {(await talk.ok("inv_log_time", **worked(code, member="c1")))["id"] for _ in "ab"}

    assert len(ids) == 2


async def test_an_entry_is_corrected_by_its_id(shared):
    code, other = await a_code(shared), await a_code(shared)

    async with talking(shared, AGENT) as talk:
        logged = await talk.ok("inv_log_time", **worked(code, member="d1", task="họp"))
        id = logged["id"]
        corrected = await talk.ok("inv_log_time", **worked(code, member="d2", entry_id=id))
        elsewhere = await talk.code("inv_log_time", **worked(other, member="d2", entry_id=id))
        renamed = await talk.code(
            "inv_log_time", **worked(code, member="d3", entry_id=id, source_id="x")
        )

    assert (corrected["id"], corrected["member"], "task" in corrected) == (id, "d2", False)
    assert (elsewhere, renamed) == ("ENTRY_MISMATCH", "ENTRY_MISMATCH")


async def test_what_stands_on_an_invoice_is_not_corrected_and_said_again_is_known(shared):
    code = await a_code(shared)
    time = worked(code, member="e1", source_id="billed")

    async with talking(shared, AGENT) as talk:
        await talk.ok("inv_log_time", **time)
        await talk.ok("inv_draft_invoice", engagement_id=code, period="2026-04")
        refused = await talk.code("inv_log_time", **{**time, "hours": "1.00"})
        known = await talk.ok("inv_log_time", **time)
        (listed,) = (await talk.ok("inv_list_time_entries", engagement=code))["entries"]

    assert (refused, known["outcome"]) == ("ENTRY_BILLED", "known")
    assert (listed["billed"], listed["hours"]) == (True, "7.50")


async def test_a_day_has_24_hours_over_all_engagements(shared):
    one, two = await a_code(shared), await a_code(shared)

    async with talking(shared, AGENT) as talk:
        await talk.ok("inv_log_time", **worked(one, member="f1", hours="16.00"))
        fits = await talk.ok("inv_log_time", **worked(two, member="f1", hours="8.00"))
        full = await talk.code("inv_log_time", **worked(two, member="f1", hours="0.01"))
        next_day = {"worked_on": "2026-04-02", "hours": "24"}
        await talk.ok("inv_log_time", **worked(two, member="f1", **next_day))

    assert (fits["outcome"], full) == ("new", "HOURS_INVALID")


@pytest.mark.parametrize(
    ("bent", "code"),
    [
        ({"hours": "0"}, "HOURS_INVALID"),
        ({"hours": "0.00"}, "HOURS_INVALID"),
        ({"hours": "24.01"}, "HOURS_INVALID"),
        ({"hours": "-1"}, "HOURS_INVALID"),
        ({"hours": "7,5"}, "HOURS_INVALID"),
        ({"hours": "7.505"}, "HOURS_INVALID"),
        ({"hours": "NaN"}, "HOURS_INVALID"),
        ({"hours": 7.5}, "INVALID_ARGS"),
        ({"role": "driver"}, "RATE_CARD_MISSING"),
        ({"engagement": "nowhere"}, "NOT_FOUND"),
        ({"engagement": "no where"}, "INVALID_ARGS"),
        ({"worked_on": "2026-02-30"}, "INVALID_ARGS"),
        ({"worked_on": "01/04/2026"}, "INVALID_ARGS"),
        ({"member": ""}, "INVALID_ARGS"),
        ({"member": "a\u202eb"}, "INVALID_ARGS"),
        ({"entry_id": "01M8QAZ0BMV3P1Y7C99EHBR53A"}, "NOT_FOUND"),
    ],
)
async def test_what_cannot_have_been_worked_is_refused_and_nothing_is_written(shared, bent, code):
    engagement = await a_code(shared)
    before = await everything(shared)

    async with talking(shared, AGENT) as talk:
        assert await talk.code("inv_log_time", **{**worked(engagement), **bent}) == code

    assert difference(before, await everything(shared)) == {}


@pytest.mark.parametrize("status", ["paused", "closed"])
async def test_no_time_is_logged_while_nobody_works(shared, status):
    code = await a_code(shared)
    await set_up(shared, code=code, status=status)

    asked = await shared.call("inv_log_time", agent=AGENT, **worked(code))

    assert fault_code(asked) == "ENGAGEMENT_NOT_ACTIVE"


async def test_a_dry_run_says_what_would_happen_and_writes_nothing(shared):
    code = await a_code(shared)
    before = await everything(shared)

    said = await shared.ok("inv_log_time", agent=AGENT, dry_run=True, **worked(code))

    assert said["outcome"] == "new"
    assert difference(before, await everything(shared)) == {}


async def test_the_engagement_of_another_company_is_not_there(shared):
    code = await a_code(shared)

    asked = await shared.call("inv_log_time", agent=AGENT, company=shared.theirs, **worked(code))

    assert fault_code(asked) == "NOT_FOUND"
