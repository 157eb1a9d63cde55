"""Effects of a call: what does a call leave behind?
Once what it should, and nothing when it only looks.

For one tool of each shape with every row of the company held against what it was, and for every
tool by what is written (tests/shapes.py).
"""

import asyncio
from datetime import timedelta

import pytest
import pytest_asyncio
from sqlalchemy import text

from policies.gate import floor
from server import publish
from tests import shapes
from tests.rows import TRACES, difference, everything
from tests.tools.inv.work import worked
from tests.tools.samples import agent_for, valid_calls
from tests.traffic import traffic
from tests.world import World, fault_code

pytestmark = pytest.mark.asyncio(loop_scope="module")

SHIPPED = floor.load_checked()
ARGUMENTS = {
    name: set(made["inputSchema"].get("properties", {}))
    for name, made in publish.contracts().items()
}
READING = pytest.mark.parametrize("rows", shapes.proofs(r for r in SHIPPED.tool if r.is_read))


AGENTS = {row.name: agent_for(row) for row in SHIPPED.tool}


def _of_each_shape(rows, argument):
    """One tool of each shape that takes this argument."""
    taking = [row for row in rows if argument in ARGUMENTS[row.name]]
    return [row.name for row in shapes.one_of_each(taking)]


# What may be repeated acts once also without a key.
ONCE = [row for row in SHIPPED.tool if not row.repeatable]
KEYED = pytest.mark.parametrize("name", _of_each_shape(ONCE, "idempotency_key"))
DRY_RUNS = pytest.mark.parametrize("name", _of_each_shape(SHIPPED.tool, "dry_run"))
EVERY_KEYED = pytest.mark.parametrize(
    "name", sorted(name for name, known in ARGUMENTS.items() if "idempotency_key" in known)
)
# The same call with another content.
OTHERWISE = {
    "crm_create_account": {"name": "Công ty khác"},
    "crm_create_contact": {"display_name": "Người khác"},
    "crm_create_deal": {"name": "Cơ hội khác"},
    "crm_move_stage": {"reason": "Lý do khác"},
    "crm_log_activity": {"subject": "Chuyện khác"},
    "crm_update_account": {"industry": "Ngành khác"},
    "crm_update_contact": {"title": "Chức danh khác"},
    "crm_update_deal": {"name": "Cơ hội khác"},
    "crm_undo_move": {"reason": "Lý do khác"},
    "crm_share_deal": {"visibility": "workspace"},
    "crm_dismiss_action": {"days": 7},
    "crm_create_task": {"title": "Việc khác"},
    "crm_complete_task": {"until": "2030-01-02"},
    "inv_set_billing": {"terms_days": 31},
    "inv_log_time": {"hours": "0.25"},
    "inv_import_time": {"entries": [worked("other-work")]},
    "inv_draft_invoice": {"period": "2026-05"},
    "inv_update_draft": {"due_at": "2027-06-30"},
}
# What becomes of the same change, made a second time by a colleague.
REFUSED_AGAIN = {
    "crm_move_stage": "STAGE_SAME",
    "crm_undo_move": "NO_MOVE_TO_UNDO",
    "crm_share_deal": "NOT_FOUND",
    "crm_create_task": "EVENT_CONFLICT",  # what was advised is a task already
}
EVERY_TRACE = frozenset({"call_counter"})


@pytest_asyncio.fixture(loop_scope="module")
async def calls(shared: World):
    """Right arguments for every tool, about things of this test's own."""
    shared.clock.move(timedelta(hours=25))  # what other tests proposed has expired
    return await valid_calls(shared)


@READING
async def test_A14_what_only_reads_writes_nothing_but_its_taint(shared, calls, rows):
    async with shapes.nothing_changes(shared, but=TRACES | {"agent"}) as watch:
        for row in watch.each(rows):
            async with shared.client(AGENTS[row.name]) as client:
                with traffic(shared.agent_side) as first:
                    answer = await client.call_tool(row.name, calls[row.name])
                with traffic(shared.agent_side) as second:
                    await client.call_tool(row.name, calls[row.name])

            assert not answer.is_error or fault_code(answer) == "ACTION_NOT_FOUND", row.name
            assert {shapes.written_to(one) for one in first.writes} <= {"agent", *TRACES}
            assert second.reads and second.writes == [], row.name


@DRY_RUNS
@pytest.mark.both
async def test_a_dry_run_answers_as_the_call_would_and_writes_nothing(shared, calls, name):
    before = await everything(shared, but=EVERY_TRACE)

    async with shared.client(AGENTS[name]) as client:
        tried = await client.call_tool(
            name, {**calls[name], "dry_run": True, "idempotency_key": "tried"}
        )
        untouched = difference(before, await everything(shared, but=EVERY_TRACE))
        done = await client.call_tool(name, {**calls[name], "idempotency_key": "tried"})

    assert tried.content[0].text.startswith("DRY RUN, nothing was written.\n")
    assert untouched == {}
    assert tried.structured_content.keys() == done.structured_content.keys() | {"dry_run"}
    assert not done.content[0].text.startswith("DRY RUN")
    assert difference(before, await everything(shared)) != {}


@KEYED
@pytest.mark.both
async def test_a_key_makes_a_repeated_call_answer_the_same_and_act_once(shared, calls, name):
    keyed = {**calls[name], "idempotency_key": f"again-{name}"}

    async with shared.client() as client:
        first = await client.call_tool(name, keyed)
        after_one = await everything(shared, but=EVERY_TRACE)
        again = await client.call_tool(name, keyed)
        other = await client.call_tool(name, {**keyed, **OTHERWISE[name]})

    assert not first.is_error
    assert again == first
    assert fault_code(other) == "IDEMPOTENCY_KEY_REUSED"
    assert difference(after_one, await everything(shared, but=EVERY_TRACE)) == {}


@EVERY_KEYED
async def test_a_dry_run_and_a_repetition_of_any_tool_write_no_row(shared, calls, name):
    keyed = {**calls[name], "idempotency_key": f"any-{name}"}

    async with shared.client(AGENTS[name]) as client:
        async with shapes.nothing_changes(shared, but=TRACES | {"agent"}):
            tried = await client.call_tool(name, {**keyed, "dry_run": True})
        with traffic(shared.agent_side) as change:
            first = await client.call_tool(name, keyed)
        with traffic(shared.agent_side) as repetition:
            again = await client.call_tool(name, keyed)
            other = await client.call_tool(name, {**keyed, **OTHERWISE[name]})

    assert tried.structured_content.keys() == first.structured_content.keys() | {"dry_run"}
    assert again == first and not first.is_error
    assert fault_code(other) == "IDEMPOTENCY_KEY_REUSED"
    assert written(change) >= {"idempotency_key"}
    assert written(repetition) == set()


def written(traffic) -> set[str]:
    """The tables that were written to, apart from the traces of the call itself."""
    return {shapes.written_to(statement) for statement in traffic.writes} - TRACES


@KEYED
@pytest.mark.both
async def test_E10_a_key_belongs_to_one_agent_of_one_tenant(shared, calls, name):
    keyed = {**calls[name], "idempotency_key": f"mine-{name}"}
    theirs = {**(await _their_calls(shared))[name], "idempotency_key": f"mine-{name}"}

    mine = await shared.call(name, **keyed)
    colleague = await shared.call(name, agent="am_agent", **{**keyed, **OTHERWISE[name]})
    foreign = await shared.call(name, company=shared.theirs, **theirs)

    assert not mine.is_error and not foreign.is_error
    assert foreign.structured_content["id"] != mine.structured_content["id"]
    if name in REFUSED_AGAIN:
        assert fault_code(colleague) == REFUSED_AGAIN[name]  # not answered from anybody's memory
    elif name == "crm_dismiss_action":
        assert colleague.structured_content == mine.structured_content  # it is away for everybody
    elif "expected_version" in ARGUMENTS[name]:  # an edit of the same row, and one more
        assert colleague.structured_content["version"] == mine.structured_content["version"] + 1
    else:
        assert colleague.structured_content["id"] != mine.structured_content["id"]


@KEYED
@pytest.mark.both
async def test_ten_calls_at_once_with_one_key_act_once(shared, calls, name):
    keyed = {**calls[name], "idempotency_key": f"at-once-{name}"}
    before = await everything(shared)

    answers = await asyncio.gather(*(shared.call(name, **keyed) for _ in range(10)))
    changes = difference(before, await everything(shared))

    assert [answer.is_error for answer in answers] == [False] * 10
    assert len({answer.structured_content["id"] for answer in answers}) == 1
    assert changes.pop("idempotency_key") == (0, 1)
    assert changes.pop("outbox") == (0, 1)
    assert max(new for _, new in changes.values()) == 1


async def test_G07_what_is_proposed_after_reading_untrusted_input_is_marked_for_a_day(shared):
    """A day after the last of many readings, not after the first."""
    account = await _of_others(shared)
    deals = [await shared.a_deal(account) for _ in range(5)]
    shared.clock.move(timedelta(days=2))

    async with shared.client() as client:

        async def proposed(deal) -> int:
            answer = await client.call_tool(
                "crm_close_deal", {"deal_id": deal["id"], "outcome": "won"}
            )
            return await _taint(shared, answer.structured_content["action_id"])

        pure = await proposed(deals[0])
        await client.call_tool("crm_list_pipelines", {})
        still_pure = await proposed(deals[1])
        await client.call_tool("crm_get_account", {"id": account})
        just_read = await proposed(deals[2])
        shared.clock.move(timedelta(hours=20))
        await client.call_tool("crm_get_account", {"id": account})
        shared.clock.move(timedelta(hours=23))
        lately = await proposed(deals[3])
        shared.clock.move(timedelta(hours=3))
        long_ago = await proposed(deals[4])

    assert (pure, still_pure, just_read, lately, long_ago) == (0, 0, 1, 1, 0)


async def _their_calls(world: World):
    """What `valid_calls` gives, for the other company and the tools that take a key."""
    async with world.client(company=world.theirs) as client:

        async def made(name, /, **arguments):
            return (await client.call_tool(name, arguments)).structured_content

        account = await made("crm_create_account", name="Their Co", account_type="llc")
        deal = await made("crm_create_deal", account_id=account["id"], name="Their deal")
        person = await made(
            "crm_create_contact", account_id=account["id"], display_name="Their One"
        )
        moved = await made("crm_create_deal", account_id=account["id"], name="Their other deal")
        await made("crm_move_stage", deal_id=moved["id"], to_stage="discovery")
        proposed = (await made("crm_next_best_action", deal_id=deal["id"]))["actions"][0]
    return {
        "crm_create_account": {"name": "Their other", "account_type": "llc"},
        "crm_create_contact": {"account_id": account["id"], "display_name": "Ann Lee"},
        "crm_create_deal": {"account_id": account["id"], "name": "Another"},
        "crm_update_account": {"account_id": account["id"], "industry": "Trade"},
        "crm_update_contact": {"contact_id": person["id"], "title": "Buyer"},
        "crm_update_deal": {"deal_id": deal["id"], "amount_minor": 5},
        "crm_undo_move": {"deal_id": moved["id"]},
        "crm_share_deal": {"deal_id": deal["id"], "visibility": "private"},
        "crm_move_stage": {"deal_id": deal["id"], "to_stage": "discovery"},
        "crm_log_activity": {"kind": "note", "subject": "Seen", "account_id": account["id"]},
        "crm_dismiss_action": {"proposal_id": proposed["id"], "reason": "No"},
        "crm_create_task": {"title": "Call", "due": f"{world.clock.now().year + 1}-06-30"},
    }


async def _of_others(world: World) -> str:
    """An account that another agent of the company wrote."""
    made = await world.ok(
        "crm_create_account", agent="am_agent", name="Công ty Người Lạ", account_type="llc"
    )
    return str(made["id"])


async def _taint(world: World, action_id: str) -> int:
    async with world.looking() as tx:
        row = await tx.session.execute(
            text("select taint from pending_action where tenant_id = :tenant and id = :id"),
            {"tenant": tx.tenant_id, "id": action_id},
        )
        return int(row.scalar_one())


@pytest.mark.parametrize("dry_run", [True, False])
async def test_G07_a_write_that_shows_untrusted_input_marks_the_reader_too(shared, dry_run):
    account = await _of_others(shared)
    moved, closing = await shared.a_deal(account), await shared.a_deal(account)
    shared.clock.move(timedelta(days=2))

    async with shared.client() as client:
        await client.call_tool(
            "crm_move_stage", {"deal_id": moved["id"], "to_stage": "discovery", "dry_run": dry_run}
        )
        asked = await client.call_tool(
            "crm_close_deal", {"deal_id": closing["id"], "outcome": "won"}
        )

    assert await _taint(shared, asked.structured_content["action_id"]) == 1


async def test_B26_another_expectation_makes_no_second_action_of_one_request(shared):
    deal = await shared.a_deal(await shared.an_account())
    arguments = {"deal_id": deal["id"], "outcome": "won"}

    asked = [
        await shared.ok("crm_close_deal", **arguments, **expected)
        for expected in (
            {},
            {"expected_version": deal["version"]},
            {"expected_stage": "qualifying"},
        )
    ]

    assert len({one["action_id"] for one in asked}) == 1


async def test_B26_a_second_agent_is_told_that_somebody_asked_already(shared):
    deal = await shared.a_deal(await shared.an_account())
    arguments = {"deal_id": deal["id"], "outcome": "won"}
    await shared.ok("crm_close_deal", **arguments)

    async with shared.client("am_agent") as client:
        refused = await client.call_tool("crm_close_deal", arguments)

    assert refused.is_error
    assert refused.content[0].text.startswith("ALREADY_PROPOSED: ")
