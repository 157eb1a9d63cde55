"""MCP over HTTP: does HTTP say what stdio says, in both eras,
without keeping anything between two requests?
"""

import asyncio

import pytest
from mcp.shared.exceptions import MCPError

from domain.approvals.facts import Decision
from tests.http.serving import LEGACY, MODERN, message, site
from tests.world import fault_code

ERAS = pytest.mark.parametrize("era", ["legacy", MODERN])


@ERAS
async def test_a_client_of_either_protocol_lists_calls_and_is_refused(world, era):
    async with site(world) as there, there.client(era=era) as client:
        who = await client.call_tool("whoami", {})
        created = await client.call_tool(
            "crm_create_account", {"name": "Công ty Ánh Dương", "account_type": "llc"}
        )
        found = await client.call_tool("crm_search_accounts", {"query": "anh duong"})
        refused = await client.call_tool("crm_get_account", {"id": "x", "extra": 1})
        with pytest.raises(MCPError) as unknown:
            await client.call_tool("crm_make_coffee", {})
        version = client.protocol_version

    assert version == (LEGACY if era == "legacy" else era)
    assert who.structured_content["agent"] == "cro_agent"
    assert created.structured_content["id"] in str(found.structured_content)
    assert fault_code(refused) == "INVALID_ARGS"
    assert (unknown.value.code, unknown.value.message) == (-32602, "Unknown tool")


@pytest.mark.parametrize("era", ["legacy", "auto"])  # one that names no era has asked first
async def test_a_client_is_promised_no_news_that_never_comes(world, era):
    world.era = era
    async with site(world) as there, there.client(era=era) as client:
        over_http = client.server_capabilities
    async with world.client() as client:
        connected = client.server_capabilities

    for said in (over_http, connected):
        lists = (said.tools, said.prompts, said.resources)
        assert [one.list_changed for one in lists] == [False] * 3
    # Until 2025-11-25 the news needs a connection that stays; since then it has its own stream.
    assert connected.resources.subscribe is True
    assert over_http.resources.subscribe is (era == "auto")


@ERAS
async def test_every_tool_looks_as_it_does_without_http(world, era):
    world.era = era
    async with site(world) as there, there.client(era=era) as client:
        over_http = (await client.list_tools()).tools
    async with world.client() as client:
        direct = (await client.list_tools()).tools

    assert len(over_http) > 10
    assert [one.model_dump_json(by_alias=True) for one in over_http] == [
        one.model_dump_json(by_alias=True) for one in direct
    ]


async def test_no_session_is_given_and_none_is_needed(world):
    """The handshake happened on one server; another one answers without having heard of it."""
    hello = message(
        "initialize",
        protocolVersion=LEGACY,
        capabilities={},
        clientInfo={"name": "two servers", "version": "1"},
    )
    async with site(world) as one, site(world) as other:
        shaken = await one.ask(hello)
        told = await one.ask(b'{"jsonrpc":"2.0","method":"notifications/initialized"}')
        lists = [await there.ask(message("tools/list")) for there in (one, other)]
        session = await other.ask(message("tools/list"), mcp_session_id="made-up")

    assert shaken.status == 200 and "mcp-session-id" not in shaken.headers
    assert told.status == 202
    assert lists[0].json == lists[1].json == session.json


async def test_every_request_is_the_agent_whose_token_it_shows(world):
    """On one server, at the same time, with the same ids."""
    askers = [
        (company, agent)
        for company in (world.ours, world.theirs)
        for agent in ("cro_agent", "am_agent", "cfo_agent")
    ]
    async with site(world) as there:
        answers = await asyncio.gather(
            *(there.call("whoami", token=company.tokens[agent]) for company, agent in askers * 5)
        )

    for (company, agent), answer in zip(askers * 5, answers, strict=True):
        said = answer.json["result"]["structuredContent"]
        assert said["agent"] == agent
        assert said["locale"] == ("vi" if company is world.ours else "en")


async def test_a_deal_of_another_tenant_is_not_there(world):
    deal = await world.a_deal()

    async with site(world) as there:
        mine = await there.call("crm_get_deal", id=deal["id"])
        theirs = await there.call(
            "crm_get_deal", token=world.theirs.tokens["cro_agent"], id=deal["id"]
        )

    assert mine.json["result"]["isError"] is False
    assert theirs.json["result"]["isError"] is True and deal["name"] not in theirs.body.decode()


async def test_what_needs_people_waits_for_them_and_http_carries_nothing_out(world):
    deal = await world.a_deal()

    async with site(world) as there:
        asked = await there.call("crm_close_deal", deal_id=deal["id"], outcome="won")
        action = asked.json["result"]["structuredContent"]
        await world.decide(action["action_id"], "am")
        await world.decide(action["action_id"], "cro")
        followed = await there.call("approvals_get", action_id=action["action_id"])

    assert action["status"] == "pending_approval"
    assert followed.json["result"]["structuredContent"]["state"] == "approved"
    assert await world.state(action["action_id"]) == "approved"


async def test_a_long_poll_keeps_nobody_from_being_answered(world):
    """It waits until a person decides; the others are answered before that."""
    pending = await world.proposed_close()

    async with site(world) as there:
        polling = asyncio.create_task(
            there.call("approvals_get", action_id=pending["action_id"], wait_seconds=20)
        )
        others = [await there.call("whoami") for _ in range(20)]
        waits = not polling.done()
        await world.decide(pending["action_id"], decision=Decision.REJECT, reason="no")
        answer = await polling

    assert waits and all(other.status == 200 for other in others)
    assert answer.json["result"]["structuredContent"]["state"] == "rejected"


async def test_a_server_that_only_reads_says_so(world):
    async with site(world, read_only=True) as there:
        refused = await there.call("crm_create_account", name="A", account_type="llc")

    error = refused.json["result"]["_meta"]["vn.cyberos/error"]
    assert error["code"] == "READ_ONLY_MODE"


@pytest.mark.parametrize("world", ["sqlite"], indirect=True)
async def test_while_somebody_else_writes_for_long_only_writers_wait(world):
    """Another process holds the one write lock of an embedded database."""
    new = {"name": "Wartet", "account_type": "llc"}

    async with site(world) as there:
        async with world.owning() as tx:
            await tx.session.connection()
            writing = [
                asyncio.create_task(there.call("crm_create_account", **new)) for _ in range(9)
            ]
            read = [await there.call("crm_search_accounts", query="a") for _ in range(20)]
            waited = [one.done() for one in writing]
        wrote = await asyncio.gather(*writing)

    assert not any(waited)
    assert {one.json["result"]["isError"] for one in (*read, *wrote)} == {False}
