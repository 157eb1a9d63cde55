"""MCP over stdio: does the server talk with real clients over real pipes, whatever they say?"""

import json
import sys

import pytest
from mcp import Client, StdioServerParameters
from mcp.shared.exceptions import MCPError

from policies.gate import floor, personas
from tests.server.process import HELLO, ROOT, START, a_token, environment, served
from tests.world import fault_code, secret_of

pytestmark = pytest.mark.asyncio(loop_scope="module")

EMBEDDED = pytest.mark.parametrize("shared", ["sqlite"], indirect=True)
DEFAULT = sorted(row.name for row in floor.load_checked().tool if row.toolset == "default")
NOT_BY_THEN = (
    *(
        "tools.",
        "server.cli",
        "fixtures",
        "domain.vn",
        "policies.approvals.executor",
        "policies.approvals.voting",
    ),
    "sqlalchemy.dialects.postgresql",
)
WORDS = {"tools.steps"}  # how a hint names a tool; it loads none
LATER = "alembic typer jsonschema lxml phonenumbers qrcode PIL numpy asyncpg"
NOT_NEEDED_YET = frozenset(LATER.split())
DEEP = b'{"jsonrpc":"2.0","id":999,"method":"tools/call","params":{"name":"whoami","arguments":%s}}'
CALLED = 25  # of so many requests one goes as far as the database
NOISE = """
import logging, os, sys, warnings

def noise(event, arguments):
    if event == "import" and arguments[0].startswith("tools.crm."):
        sys.stdout.write("noise: printed\\n")
        os.write(1, b"noise: written\\n")
        os.system("echo noise: echoed")
        warnings.warn("noise: warned")
        logging.getLogger("elsewhere").debug("noise: logged")

sys.addaudithook(noise)
"""
NO_MESSAGES = {
    "an array": (b'[{"jsonrpc":"2.0","id":999,"method":"tools/list"}]', -32600),
    "an empty array": (b"[]", -32600),
    "garbage": (b"GET / HTTP/1.1", -32700),
    "half a message": (b'{"jsonrpc":"2.0","id":999,"method":', -32700),
    "no UTF-8": (b'{"jsonrpc":"2.0","id":\xff\xfe}', -32700),
    "another version": (b'{"jsonrpc":"1.0","id":999,"method":"tools/list"}', -32600),
    "no method": (b'{"jsonrpc":"2.0","id":999}', -32600),
    "very deep": (DEEP % (b'{"a":' * 100_000 + b"1" + b"}" * 100_000), -32700),
    "half a letter": (DEEP % b'{"name":"\\ud83d"}', -32700),
    "an endless number": (DEEP % (b'{"limit":' + b"9" * 5_000 + b"}"), -32700),
    "a NUL": (b"\0", -32700),
}


@pytest.mark.parametrize("era", ["legacy", "2026-07-28"])
async def test_a_client_of_either_protocol_lists_calls_and_is_refused(shared, era, tmp_path):
    token = tmp_path / "token"
    token.write_text(f"{await a_token(shared)}\n")
    server = StdioServerParameters(
        command=sys.executable,
        args=START,
        cwd=ROOT,
        env=environment(shared, CYBEROS_AGENT_TOKEN_FILE=str(token)),
    )

    async with Client(server, mode=era) as client:
        listed = await client.list_tools()
        who = await client.call_tool("whoami", {})
        created = await client.call_tool(
            "crm_create_account", {"name": "Công ty Ánh Dương", "account_type": "llc"}
        )
        found = await client.call_tool("crm_search_accounts", {"query": "anh duong"})
        refused = await client.call_tool("crm_get_account", {"id": "x", "extra": 1})
        with pytest.raises(MCPError) as unknown:
            await client.call_tool("crm_make_coffee", {})
        version = client.protocol_version

    assert version == ("2025-11-25" if era == "legacy" else era)
    assert sorted(one.name for one in listed.tools) == DEFAULT
    assert who.structured_content["tenant"] == "Cty"
    assert created.structured_content["id"] in str(found.structured_content)
    assert fault_code(refused) == "INVALID_ARGS"
    assert (unknown.value.code, unknown.value.message) == (-32602, "Unknown tool")


@EMBEDDED
async def test_L06_whatever_is_said_the_server_answers_and_lives(shared):
    told = environment(shared, CYBEROS_AGENT_TOKEN=await a_token(shared))

    async with served(told) as peer:
        await peer.hello()
        for said, code in NO_MESSAGES.values():
            peer.say(said)
            answer = await peer.hear()
            assert answer["error"]["code"] == code, said[:60]
            assert answer["id"] in (None, 999)
        peer.say(b"")
        peer.say(b" \t ")
        huge = await peer.request(
            "tools/call", {"name": "crm_search_accounts", "arguments": {"query": "x" * 2**20}}
        )
        mangled = b'{"jsonrpc":"2.0","id":"m","method":"tools/call","params":{"name":"whoami\xff"}}'
        peer.say(mangled)
        unknown = await peer.hear()
        listed = await peer.request("tools/list")
        size = len(peer.heard[-1])
        who = await peer.request("tools/call", {"name": "whoami"})
        code, rest, errors = await peer.end()

    assert huge["result"]["_meta"]["vn.cyberos/error"]["code"] == "INVALID_ARGS"
    assert (unknown["id"], unknown["error"]["code"]) == ("m", -32700)
    assert len(listed["result"]["tools"]) == len(DEFAULT) and size < 96_000
    assert who["result"]["isError"] is False
    assert all(json.loads(line)["jsonrpc"] == "2.0" for line in peer.heard)
    assert (code, rest, errors) == (0, b"", b"")


@EMBEDDED
async def test_L02_a_batch_is_no_message_and_is_not_repeated(shared):
    secret = "Công ty Bí Mật"
    one = {
        "jsonrpc": "2.0",
        "id": 7,
        "method": "tools/call",
        "params": {
            "name": "crm_create_account",
            "arguments": {"name": secret, "account_type": "llc"},
        },
    }
    told = environment(shared, CYBEROS_AGENT_TOKEN=await a_token(shared))

    async with served(told) as peer:
        await peer.hello()
        peer.say(json.dumps([one, {**one, "id": 8}]).encode())
        answer = await peer.hear()
        found = await peer.request(
            "tools/call", {"name": "crm_search_accounts", "arguments": {"query": secret}}
        )
        code, rest, errors = await peer.end()

    assert (answer["error"]["code"], answer["id"]) == (-32600, None)
    assert secret not in json.dumps(answer, ensure_ascii=False)
    assert found["result"]["structuredContent"]["accounts"] == []
    assert (code, rest, errors) == (0, b"", b"")


@EMBEDDED
async def test_L06_ten_thousand_requests_at_once_are_all_answered(shared):
    told = environment(shared, CYBEROS_AGENT_TOKEN=await a_token(shared))
    asked = {number: "tools/call" if number % CALLED == 0 else "ping" for number in range(10_000)}

    async with served(told) as peer:
        await peer.hello()
        for number, method in asked.items():
            params = {"name": "whoami"} if method == "tools/call" else {}
            message = {"jsonrpc": "2.0", "id": f"n{number}", "method": method, "params": params}
            peer.say(json.dumps(message).encode())
        answers = [await peer.hear() for _ in asked]
        who = await peer.request("tools/call", {"name": "whoami"})
        code, rest, _ = await peer.end()

    assert {one["id"] for one in answers} == {f"n{number}" for number in asked}
    assert [one for one in answers if "error" in one or one["result"].get("isError")] == []
    assert who["result"]["isError"] is False
    assert (code, rest) == (0, b"")


@EMBEDDED
async def test_L07_what_a_library_prints_never_reaches_the_client(shared, tmp_path):
    """Noise of every kind while a call imports its tool: none of it is on standard output."""
    (tmp_path / "sitecustomize.py").write_text(NOISE)
    told = environment(
        shared,
        CYBEROS_AGENT_TOKEN=await a_token(shared),
        CYBEROS_LOG_LEVEL="DEBUG",
        PYTHONPATH=str(tmp_path),
        PYTHONWARNINGS="always",
    )

    async with served(told, python=()) as peer:
        await peer.hello()
        found = await peer.request(
            "tools/call", {"name": "crm_search_accounts", "arguments": {"query": "a"}}
        )
        created = await peer.request(
            "tools/call",
            {"name": "crm_create_account", "arguments": {"name": "A", "account_type": "llc"}},
        )
        code, rest, errors = await peer.end()

    assert found["result"]["isError"] is created["result"]["isError"] is False
    assert (code, rest) == (0, b"")
    for kind in (b"printed", b"written", b"echoed", b"warned", b"logged"):
        assert b"noise: " + kind in errors, kind


@EMBEDDED
async def test_E14_a_second_handshake_changes_neither_tenant_nor_agent(shared):
    theirs = await a_token(shared, company=shared.theirs)
    told = environment(shared, CYBEROS_AGENT_TOKEN=await a_token(shared))

    async with served(told) as peer:
        await peer.hello()
        before = await peer.request("tools/call", {"name": "whoami"})
        again = {**HELLO, "_meta": {"token": theirs}, "clientInfo": {"name": theirs, "version": ""}}
        peer.say(json.dumps({"jsonrpc": "2.0", "id": 99, "method": "initialize", "params": again})
                 .encode())  # fmt: skip
        await peer.hear()
        meta = {"authorization": f"Bearer {theirs}", "tenant": shared.theirs.id}
        after = await peer.request("tools/call", {"name": "whoami", "_meta": meta})

    said = [answer["result"]["structuredContent"] for answer in (before, after)]
    assert [one.pop("now") != "" for one in said] == [True, True]
    assert said[0] == said[1]


@EMBEDDED
@pytest.mark.parametrize("token", ["none", "garbage", "expired", "revoked", "unknown", "unread"])
async def test_without_a_valid_token_it_says_so_in_one_line_and_ends(shared, token, tmp_path):
    whole = await a_token(shared, days=-1 if token == "expired" else 1, revoked=token == "revoked")
    told = {
        "none": {},
        "garbage": {"CYBEROS_AGENT_TOKEN": "cyb_x_y_z"},
        "unknown": {"CYBEROS_AGENT_TOKEN": f"{whole[:-1]}{'A' if whole[-1] != 'A' else 'B'}"},
        "unread": {"CYBEROS_AGENT_TOKEN_FILE": str(tmp_path / "nowhere")},
    }.get(token, {"CYBEROS_AGENT_TOKEN": whole})

    async with served(environment(shared, **told)) as peer:
        code, said, errors = await peer.end()

    line = errors.decode()
    assert code == 2 and said == b""
    assert line.startswith("cyberos serve: TOKEN_INVALID: ") and line.count("\n") == 1
    assert secret_of(whole) not in line


@EMBEDDED
async def test_by_the_first_list_nothing_is_imported_that_listing_does_not_need(shared):
    told = environment(shared, CYBEROS_AGENT_TOKEN=await a_token(shared))

    async with served(told, python=("-X", "importtime")) as peer:
        await peer.hello()
        listed = await peer.request("tools/list")
        _, _, errors = await peer.end()

    imported = {line.rpartition("|")[2].strip() for line in errors.decode().splitlines()}
    assert listed["result"]["tools"]
    assert {"mcp.server.lowlevel", "policies.gate"} <= imported, "the list of imports is no list"
    assert {name.partition(".")[0] for name in imported}.isdisjoint(NOT_NEEDED_YET)
    assert not {name for name in imported - WORDS if name.startswith(NOT_BY_THEN)}


@EMBEDDED
async def test_A04_the_options_of_the_command_hold(shared):
    told = environment(shared, CYBEROS_AGENT_TOKEN=await a_token(shared))

    async with served(told, "--read-only", "--toolsets", "default,admin") as peer:
        await peer.hello()
        listed = await peer.request("tools/list")
        called = await peer.request("tools/call", {"name": "crm_create_account", "arguments": {}})

    shown = {"default", "admin"}
    reading = {r.name for r in floor.load_checked().tool if r.is_read and r.toolset in shown}
    assert {one["name"] for one in listed["result"]["tools"]} == reading
    assert called["result"]["_meta"]["vn.cyberos/error"]["code"] == "READ_ONLY_MODE"


@EMBEDDED
async def test_a_lean_list_has_no_output_schemas_and_the_same_answers(shared):
    told = environment(shared, CYBEROS_AGENT_TOKEN=await a_token(shared))

    lists, answers = [], []
    for options in ([], ["--lean"]):
        async with served(told, *options) as peer:
            await peer.hello()
            lists.append((await peer.request("tools/list"))["result"]["tools"])
            called = {"name": "crm_list_pipelines", "arguments": {}}
            answers.append((await peer.request("tools/call", called))["result"])

    whole, lean = lists
    assert {json.dumps(one["outputSchema"]) for one in lean} == {'{"type": "object"}'}
    assert [{**one, "outputSchema": {}} for one in lean] == [
        {**one, "outputSchema": {}} for one in whole
    ]
    assert answers[0]["structuredContent"] == answers[1]["structuredContent"]


@EMBEDDED
async def test_what_is_stored_with_an_agent_or_said_is_listed_and_all_it_may_call_is_answered(
    shared,
):
    token = await a_token(shared, toolsets=["vn"])
    told = environment(shared, CYBEROS_AGENT_TOKEN=token)
    shown = []

    for options in ([], ["--toolsets", "overview"]):
        async with served(told, *options) as peer:
            await peer.hello()
            listed = await peer.request("tools/list")
            called = await peer.request("tools/call", {"name": "crm_kpis", "arguments": {}})
        shown.append({one["name"] for one in listed["result"]["tools"]})
        assert called["result"]["isError"] is False

    vn = {row.name for row in floor.load_checked().tool if row.toolset == "vn"}
    overview = next(one for one in personas.shipped().preset if one.name == "overview")
    assert shown == [vn, set(overview.tools)]


@EMBEDDED
@pytest.mark.parametrize("option", ["--readonly=true", "--toolsets=defualt", "--allow-writes"])
async def test_an_option_that_does_not_exist_ends_the_command(shared, option):
    told = environment(shared, CYBEROS_AGENT_TOKEN=await a_token(shared))

    async with served(told, option) as peer:
        code, said, errors = await peer.end()

    assert code == 2 and said == b""
    assert b"Traceback" not in errors and errors
