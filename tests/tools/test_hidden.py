"""Hidden things: what is not for you does not exist, another tenant's or a private deal's.

That no tool at all tells an outsider of a private deal is looked for in test_canary.py.
"""

import dataclasses
import json

import pytest
import pytest_asyncio

from domain.kernel.ids import new_id
from policies.gate import floor
from server import publish
from tests import shapes
from tests.rows import TRACES, difference, everything
from tests.tools.samples import agent_for, valid_calls
from tests.tools.talk import talking
from tests.world import World, fault

pytestmark = pytest.mark.asyncio(loop_scope="module")

CATALOGUE = floor.load_checked()
CANARY = "Chim Hoàng Yến"
STRANGE = "Chim Cú Mèo"
READING = TRACES | {"agent"}  # with the mark that it has read untrusted input
# Every argument that can name a row by its id.
NAMING = [
    (name, argument)
    for name, made in publish.contracts().items()
    for argument, shape in made["inputSchema"].get("properties", {}).items()
    if argument in {"id", "owner", "workspace", "to_stage", "expected_stage"}
    or (argument.endswith("_id") and argument not in {"source_event_id", "source_id", "tax_id"})
]
NAMERS = [row for row in CATALOGUE.tool if row.name in {name for name, _ in NAMING}]
assert {"crm_close_deal", "approvals_cancel", "crm_move_stage"} <= {row.name for row in NAMERS}


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def ours(shared: World):
    """Right arguments for every tool, about things of ours."""
    return await valid_calls(shared)


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def theirs(shared: World):
    """The same about things of the other tenant, found in their name."""
    other = dataclasses.replace(shared, ours=shared.theirs, theirs=shared.ours)
    calls = await valid_calls(other)
    ids = {key: value for call in calls.values() for key, value in call.items() if key[-2:] == "id"}
    ids["id"] = ids["account_id"]
    ids["pipeline_id"] = shared.theirs.pipeline_ids["sales"]
    ids["owner"] = shared.theirs.people["am"]
    ids["workspace"] = shared.theirs.workspace_id
    async with talking(other) as talk:
        stages = (await talk.ok("crm_list_pipelines"))["items"][0]["stages"]
        ids["stage_id"] = ids["to_stage"] = ids["expected_stage"] = stages[1]["id"]
        deals = await talk.ok("crm_list_deals", limit=1)
    ids["primary_contact_id"] = ids["contact_id"] = calls["crm_log_activity"]["contact_id"]
    ids["deal_id"] = deals["deals"][0]["id"]
    # Nobody there has invoices or time yet.
    ids["invoice_id"] = ids["entry_id"] = ids["engagement"] = ids["deal_id"]
    return ids


def said(result):
    """The fault of a refusal, or what a list answers when there is nothing."""
    return fault(result) if result.is_error else result.structured_content


@pytest.mark.parametrize("rows", shapes.proofs(NAMERS))
async def test_E01_an_id_of_another_tenant_is_answered_like_an_invented_one(
    shared, ours, theirs, rows
):
    async with shapes.nothing_changes(shared, shared.theirs) as watch:
        for row in watch.each(rows):
            for argument in (argument for name, argument in NAMING if name == row.name):
                whole = (row.name, argument) == ("crm_get_deal", "id")
                their_id = theirs["deal_id" if whole else argument]
                async with shared.client(agent_for(row)) as client:
                    outsider, invented = [
                        await client.call_tool(row.name, {**ours[row.name], argument: one})
                        for one in (their_id, new_id())
                    ]

                assert said(outsider) == said(invented), (row.name, argument)
                assert outsider.content == invented.content
                if outsider.is_error:
                    assert fault(outsider)["kind"] in {"not_found", "invalid", "conflict"}
                assert their_id not in str(outsider)


@pytest.mark.both
async def test_E02_no_list_and_no_search_shows_anything_of_another_tenant(shared):
    async with talking(shared, company=shared.theirs) as talk:
        account = await talk.ok("crm_create_account", name=STRANGE, account_type="llc",
                                vn_mst="0388888888")  # fmt: skip
        await talk.ok("crm_create_contact", account_id=account["id"], display_name=STRANGE)
        deal = await talk.ok("crm_create_deal", account_id=account["id"], name=STRANGE)
        await talk.ok("crm_log_activity", kind="note", subject=STRANGE, deal_id=deal["id"])
        await talk.ok("crm_close_deal", deal_id=deal["id"], outcome="won")

    async with talking(shared) as talk:
        seen = [
            await talk.ok("crm_search_accounts", query=STRANGE),
            await talk.ok("crm_search_accounts", query="0388888888"),
            await talk.ok("crm_search_accounts", limit=200),
            await talk.ok("crm_list_deals", limit=200),
            await talk.ok("approvals_list", state="all", limit=100),
            await talk.ok("crm_list_pipelines"),
            await talk.ok("whoami"),
        ]

    assert STRANGE not in json.dumps(seen, ensure_ascii=False)
    assert account["id"] not in json.dumps(seen)


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def private(shared: World):
    """A private deal of Sales that is shared with the CFO, with an activity and a proposal."""
    cfo = shared.ours.people["cfo"]
    async with talking(shared) as talk:
        account = await talk.ok("crm_create_account", name="Công ty Kín", account_type="llc")
        person = await talk.ok("crm_create_contact", account_id=account["id"], display_name="Lan")
        deal = await talk.ok(
            "crm_create_deal",
            account_id=account["id"],
            name=CANARY,
            visibility="private",
            shared_with=[cfo],
            primary_contact_id=person["id"],
        )
        await talk.ok(
            "crm_log_activity",
            kind="email",
            subject=CANARY,
            deal_id=deal["id"],
            contact_id=person["id"],
            source="mail",
            source_event_id="<private@mail>",
        )
        await talk.ok("crm_close_deal", deal_id=deal["id"], outcome="won")
    return deal


@pytest.mark.both
async def test_E09_a_private_deal_exists_for_its_owner_and_those_it_is_shared_with(shared, private):
    seen = {}
    for agent in ("cro_agent", "reader_agent", "cfo_agent", "am_agent"):
        async with talking(shared, agent) as talk:
            listed = await talk.ok("crm_list_deals", account_id=private["account_id"])
            account = await talk.ok("crm_get_account", id=private["account_id"])
            seen[agent] = (
                [one["id"] for one in listed["deals"]],
                account["deal_count"],
                account["open_deal_count"],
                account["activity_count"],
                [one["subject"] for one in account["activities"]],
            )

    whole = ([private["id"]], 1, 1, 1, [CANARY])
    assert seen == {
        "cro_agent": whole,  # acts for Sales, who owns it
        "reader_agent": whole,
        "cfo_agent": whole,  # acts for the CFO, with whom it is shared
        "am_agent": ([], 0, 0, 0, []),
    }


@pytest.mark.both
async def test_E09_an_event_around_a_hidden_deal_is_a_conflict_that_names_nothing(shared, private):
    before = await everything(shared)

    async with talking(shared, "am_agent") as talk:
        conflict = await talk.refused(
            "crm_log_activity",
            kind="email",
            subject="Khác",
            account_id=private["account_id"],
            source="mail",
            source_event_id="<private@mail>",
        )

    assert (conflict["code"], conflict["facts"]) == ("EVENT_CONFLICT", {})
    assert difference(before, await everything(shared)) == {}
