"""HTTP command: does `cyberos http` begin, serve, watch its
database and end as an operator expects?
"""

import asyncio
import signal

import pytest

from tests.http.process import begun, started
from tests.http.serving import LEGACY, MODERN, answer_from, client_of, message
from tests.server.process import TIMEOUT_SECONDS, a_token
from tests.world import World

pytestmark = pytest.mark.asyncio(loop_scope="module")

EVERYWHERE = "0.0.0.0"  # noqa: S104 - it must not, without a name
EMBEDDED = pytest.mark.parametrize("shared", ["sqlite"], indirect=True)


@pytest.mark.parametrize("era", ["legacy", MODERN])
async def test_a_client_of_either_protocol_works_with_the_command(shared, era):
    token = await a_token(shared)

    async with started(shared, "--toolsets", "default,admin", before=()) as server:
        async with client_of(server.url, token, era) as client:
            listed = await client.list_tools()
            who = await client.call_tool("whoami", {})
            version = client.protocol_version
        ready = await server.get("/readyz")
        code = await server.end()

    assert version == (LEGACY if era == "legacy" else era)
    assert "admin_add_bank_account" in {tool.name for tool in listed.tools}
    assert who.structured_content["agent"].startswith("agent ")
    assert (ready.status, code) == (200, 0)
    assert {"tools/list", "tools/call"} <= {line.get("method") for line in server.lines}


@EMBEDDED
@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
async def test_what_was_begun_is_answered_before_it_ends(shared, number):
    pending = await shared.proposed_close()
    token = await a_token(shared)
    action = {"action_id": pending["action_id"], "wait_seconds": 2}
    body = message("tools/call", name="approvals_get", arguments=action)
    head = (
        f"POST /mcp HTTP/1.1\r\nHost: 127.0.0.1:%d\r\nAuthorization: Bearer {token}\r\n"
        f"Content-Type: application/json\r\nAccept: application/json\r\n"
        f"Content-Length: {len(body)}\r\n\r\n"
    )

    async with started(shared) as server:
        reader, writer = await asyncio.open_connection("127.0.0.1", server.port)
        writer.write((head % server.port).encode() + body)
        async with asyncio.timeout(TIMEOUT_SECONDS):
            while b"cyberos_requests_in_flight 2.0" not in (await server.get("/metrics")).body:
                pass
        ending = asyncio.create_task(server.end(number))
        answer = await answer_from(reader)
        writer.close()
        code = await ending
        with pytest.raises(OSError, match="Connect call failed"):
            await asyncio.open_connection("127.0.0.1", server.port)

    assert (answer.status, code) == (200, 0)


@EMBEDDED
async def test_only_loopback_needs_no_name(shared):
    refused = await ended(shared, "--host", EVERYWHERE)
    other = await ended(shared, "--host", "::", "--read-only")

    assert refused.startswith("cyberos http: HOST_REQUIRED: ") and refused.count("\n") == 1
    assert other == refused
    async with started(shared, "--host", EVERYWHERE, "--allow-host", "crm.vn") as server:
        hosts = (None, "crm.vn", f"crm.vn:{server.port}", "evil.vn")
        found = [(await server.get("/mcp", host)).status for host in hosts]

    assert found == [405, 405, 421, 421]


@EMBEDDED
async def test_a_port_that_is_taken_is_said_in_one_line(shared):
    async with started(shared) as server:
        said = await ended(shared, "--port", str(server.port))

    assert said.startswith("cyberos http: ADDRESS_UNAVAILABLE: ") and said.count("\n") == 1


@EMBEDDED
async def test_a_database_that_is_not_there_is_said_in_one_line(shared, tmp_path):
    said = await ended(shared, CYBEROS_DATABASE_URL=f"sqlite:///{tmp_path}/none.db")
    misspelt = await ended(shared, "--toolsets", "defualt")

    assert said.startswith("cyberos http: ") and said.count("\n") == 1
    assert misspelt.startswith("cyberos http: TOOLSET_UNKNOWN: ") and misspelt.count("\n") == 1


@EMBEDDED
async def test_the_options_of_the_command_hold(shared):
    token = await a_token(shared)

    async with (
        started(shared, "--read-only", "--rate", "1", "--burst", "4") as server,
        client_of(server.url, token, MODERN) as client,
    ):
        listed = await client.list_tools()
        refused = await client.call_tool("crm_create_account", {"name": "A"})
        hurried = [(await server.get("/healthz")).status for _ in range(9)]

    assert "crm_create_account" not in {tool.name for tool in listed.tools}
    assert refused.is_error
    assert set(hurried) == {200}


async def ended(world: World, *options: str, **told: str) -> str:
    """What it says when it refuses to start."""
    process = await begun(world, *options, **told)
    out, errors = await asyncio.wait_for(process.communicate(), TIMEOUT_SECONDS)
    assert (process.returncode, out) == (2, b"")
    return errors.decode()


@pytest.mark.parametrize("own", ["sqlite"], indirect=True)  # elsewhere no agent's door may count
async def test_whoever_watches_sees_what_waits_for_people_and_where_the_unknown_come_from(own):
    token = await a_token(own)

    async with started(own) as server:
        seen = (await server.get("/metrics")).body.decode()
        async with client_of(server.url, token) as client:
            await client.call_tool("whoami", {})
        await server.get("/mcp")
        code = await server.end()

    refused, answered = (
        [one for one in server.lines if one.get("status") == status] for status in (405, 200)
    )
    figures = dict(line.rsplit(" ", 1) for line in seen.splitlines() if line.startswith("cyberos_"))
    assert code == 0
    assert figures['cyberos_actions{state="pending"}'] == "0.0"
    assert figures['cyberos_actions{state="unknown"}'] == "0.0"
    assert float(figures['cyberos_uncovered_seconds{by="checkpoint"}']) >= 0
    assert [one["client"] for one in refused] == ["127.0.0.1"]
    assert all("client" not in one for one in answered if one["agent"])
