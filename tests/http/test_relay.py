"""Relay: does a client that speaks only stdio work with a server elsewhere, whatever happens to
the wire, and learn what happened?
"""

import asyncio
import json
import socket
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import pytest
from mcp import Client, StdioServerParameters

from server.relay import STREAM_PAUSE
from tests.http.process import started
from tests.http.serving import LEGACY, MODERN, message
from tests.server.process import HELLO, ROOT, TIMEOUT_SECONDS, a_token

RELAY = ["-c", "import cyberos; cyberos.main()", "relay"]
SALES = "crm://pipelines/sales/board"


def program(url: str, token: str, tmp_path) -> StdioServerParameters:
    """The relay as a desktop client starts it: an address, a file with a token, nothing else."""
    file = tmp_path / "agent.token"
    file.write_text(token)
    env = {"CYBEROS_AGENT_TOKEN_FILE": str(file)}
    return StdioServerParameters(command=sys.executable, args=[*RELAY, url], cwd=ROOT, env=env)


@asynccontextmanager
async def piped(url: str, token: str, tmp_path) -> AsyncIterator["Pipe"]:
    """The relay on two pipes."""
    told = program(url, token, tmp_path)
    process = await asyncio.create_subprocess_exec(
        told.command, *told.args, cwd=ROOT, env=told.env, limit=2**24,
        stdin=asyncio.subprocess.PIPE, stdout=asyncio.subprocess.PIPE,
    )  # fmt: skip
    try:
        yield Pipe(process)
    finally:
        if process.returncode is None:
            process.kill()
        await process.wait()


class Pipe:
    """A relay, seen by a client."""

    def __init__(self, process: asyncio.subprocess.Process) -> None:
        self.process = process
        assert process.stdin is not None
        self.stdin = process.stdin

    def say(self, line: bytes) -> None:
        self.stdin.write(line + b"\n")

    async def hear(self) -> dict[str, Any]:
        assert self.process.stdout is not None
        async with asyncio.timeout(TIMEOUT_SECONDS):
            return dict(json.loads(await self.process.stdout.readline()))

    async def asked(self, line: bytes) -> dict[str, Any]:
        self.say(line)
        return await self.hear()

    async def end(self) -> int:
        """Hang up; the exit code."""
        self.stdin.close()
        async with asyncio.timeout(TIMEOUT_SECONDS):
            return await self.process.wait()


@pytest.mark.parametrize("era", ["legacy", MODERN])
async def test_a_client_of_either_protocol_works_through_it(world, tmp_path, era):
    token = await a_token(world)
    async with (
        started(world) as server,
        Client(program(server.url, token, tmp_path), mode=era) as client,
    ):
        listed = await client.list_tools()
        many = [client.call_tool("crm_search_accounts", {"query": "đại dương"}) for _ in range(20)]
        answers = await asyncio.gather(*many)
        new = {"name": "Công ty Tiếp Âm", "account_type": "llc"}
        made = await client.call_tool("crm_create_account", new)
        version = client.protocol_version

    assert version == (LEGACY if era == "legacy" else era)
    assert "crm_search_accounts" in {tool.name for tool in listed.tools}
    assert not any(answer.is_error for answer in answers)
    assert made.structured_content["name"] == "Công ty Tiếp Âm"


async def test_a_change_reaches_whoever_listens_also_after_the_stream_broke(world, tmp_path):
    token, deal = await a_token(world), await world.a_deal()
    async with (
        started(world, before=()) as server,
        Client(program(server.url, token, tmp_path), mode=MODERN) as client,
        client.listen(resource_subscriptions=[SALES]) as stream,
    ):
        heard = [await moved(client, stream, deal["id"], "discovery")]
        server.process.kill()
        async with started(world, "--port", str(server.port)):
            await client.list_tools()  # reached again, as the stream is a moment later
            await asyncio.sleep(2 * STREAM_PAUSE)
            heard.append(await moved(client, stream, deal["id"], "proposal"))

    assert heard == [SALES, SALES]


async def moved(client: Client, stream: Any, deal_id: str, stage: str) -> str:
    """Which address a move of the deal is told of at."""
    await client.call_tool("crm_move_stage", {"deal_id": deal_id, "to_stage": stage})
    async with asyncio.timeout(TIMEOUT_SECONDS):
        return str((await anext(aiter(stream))).uri)


async def test_a_server_that_comes_back_is_found_again(world, tmp_path):
    token = await a_token(world)
    async with started(world) as server:
        port, url = server.port, server.url
        async with piped(url, token, tmp_path) as pipe:
            hello = await pipe.asked(message("initialize", **HELLO))
            await server.end()
            away = asyncio.create_task(pipe.asked(message("ping", id=2)))
            async with started(world, "--port", str(port)):
                back = await away
                code = await pipe.end()

    assert hello["result"]["protocolVersion"] == HELLO["protocolVersion"]
    assert (back["id"], back["result"], code) == (2, {}, 0)


async def test_a_call_whose_answer_is_lost_is_not_made_again(world, tmp_path):
    """What only reads is asked again, and so is what carries an idempotency_key."""
    heard: list[bytes] = []

    async def hang_up(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        head = await reader.readuntil(b"\r\n\r\n")
        length = int(head.lower().split(b"content-length: ")[1].split(b"\r\n")[0])
        heard.append(await reader.readexactly(length))
        writer.close()

    async with await asyncio.start_server(hang_up, "127.0.0.1", 0) as server:
        url = f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}/mcp"
        async with piped(url, "a_token", tmp_path) as pipe:
            call = message("tools/call", name="crm_create_account", arguments={})
            lost = await pipe.asked(call)
            once = len(heard)
            keyed = message("tools/call", id=2, name="x", arguments={"idempotency_key": "k"})
            again = await pipe.asked(keyed)

    assert once == 1 and lost["error"]["message"].startswith("CONNECTION_BROKE: ")
    assert len(heard) > 2 and again["error"]["message"].startswith("SERVER_AWAY: ")


async def test_who_is_refused_reads_why_under_the_id_they_asked_with(world, tmp_path):
    async with started(world) as server, piped(server.url, "wrong", tmp_path) as pipe:
        refused = await pipe.asked(message("ping", id="seven"))
        pipe.say(b'{"jsonrpc": "2.0", "method": "notifications/initialized"}')
        pipe.say(b"no json")
        code = await pipe.end()

    assert refused["id"] == "seven"
    assert "TOKEN_INVALID" in refused["error"]["message"]
    assert code == 0


async def test_nobody_there_is_said_so(tmp_path):
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    async with piped(f"http://127.0.0.1:{port}/mcp", "a_token", tmp_path) as pipe:
        said = await pipe.asked(message("tools/call", name="whoami", arguments={}))

    assert said["error"]["message"].startswith(f"SERVER_AWAY: Nobody answers at 127.0.0.1:{port}")


@pytest.mark.parametrize(
    "url", ["http://crm.example.vn/mcp", "https://u:p@crm.vn/mcp", "ftp://x/mcp", "https://x/", "x"]
)
async def test_a_token_travels_to_no_place_where_others_read_it(tmp_path, url):
    async with piped(url, "a_token", tmp_path) as pipe:
        async with asyncio.timeout(TIMEOUT_SECONDS):
            code = await pipe.process.wait()

    assert code == 2


async def test_it_loads_nothing_but_the_standard_library():
    """First answer within twice the start of a Python that can speak TLS."""
    found = "import sys, server.relay; print(*{name.partition('.')[0] for name in sys.modules})"
    process = await asyncio.create_subprocess_exec(
        sys.executable, "-I", "-c", f"import sys; sys.path.insert(0, {str(ROOT)!r}); {found}",
        stdout=asyncio.subprocess.PIPE,
    )  # fmt: skip
    loaded, _ = await process.communicate()

    assert not {"mcp", "pydantic", "sqlalchemy", "typer", "httpx", "anyio"} & set(
        loaded.decode().split()
    )
