"""Two clients: do clients of one server hear each other's answers, or wait for each other?"""

import asyncio
import json
from contextlib import AsyncExitStack
from typing import Any

from sqlalchemy import func, select

from domain.accounts.tables import Account
from tests.server.process import TIMEOUT_SECONDS, Peer, a_token, environment, served
from tests.wire import Wire, spoken
from tests.world import World

ASKED = 40
LISTED = 10
DEAF = 2**12
A_PIPE = 2**16 + 2 * DEAF  # what the kernel holds, and what is taken out of it unheard


async def test_E13_equal_ids_on_several_connections_never_cross_their_answers(world):
    """One gate, three connections, the same ids at the same time, as numbers and as texts."""
    askers = {
        ("am_agent", "vi"): world.ours,
        ("cro_agent", "vi"): world.ours,
        ("cro_agent", "en"): world.theirs,
    }
    gate = world.gate()

    async with AsyncExitStack() as stack:
        wires = [
            await stack.enter_async_context(spoken(world, agent, company, gate=gate))
            for (agent, _), company in askers.items()
        ]
        heard = await asyncio.gather(*map(everything_asked, wires, map(str, askers)))

    for asker, answers in zip(askers, heard, strict=True):
        assert len(answers) == 2 * ASKED
        for number in range(ASKED):
            who, made = answers[str(number)], answers[number]
            assert (who["agent"], who["locale"]) == asker
            assert made["name"] == f"{asker} {number}"


async def everything_asked(wire: Wire, name: str) -> dict[int | str, dict[str, Any]]:
    """Ask without waiting, then listen: what was said to each id."""
    for number in range(ASKED):
        new = {"name": f"{name} {number}", "account_type": "llc"}
        wire.say(request(number, "crm_create_account", new))
        wire.say(request(str(number), "whoami", {}))
    answers = [await wire.hear() for _ in range(2 * ASKED)]
    return {answer["id"]: answer["result"]["structuredContent"] for answer in answers}


async def test_L09_who_does_not_listen_keeps_nobody_from_writing(world):
    """Their changes are made and only the answers wait: no transaction waits with them."""
    told = environment(world, CYBEROS_AGENT_TOKEN=await a_token(world))
    new = {"name": "Viết mà không nghe", "account_type": "llc"}

    async with served(told, hears=DEAF) as peer:
        await peer.hello()
        for number in range(LISTED):
            peer.say(request(f"list {number}", "", {}, method="tools/list").encode())
        for number in range(ASKED):
            peer.say(request(number, "crm_create_account", new).encode())
        await all_written(world, ASKED)
        await world.an_account("Công ty Đầu Tiên")  # learns what a process learns but once
        await world.an_account("Công ty Người Khác")  # and would be refused, had it to wait
        heard = await lines(peer, LISTED + ASKED)

    answers = [json.loads(line) for line in heard]
    assert sum(map(len, heard)) > A_PIPE, "the answers fitted into the pipe, so nobody had to wait"
    assert len({one["id"] for one in answers}) == LISTED + ASKED
    assert all("error" not in one for one in answers)


async def lines(peer: Peer, number: int) -> list[bytes]:
    """That many lines of standard output, however long."""
    assert peer.process.stdout is not None
    heard = b""
    async with asyncio.timeout(TIMEOUT_SECONDS):
        while heard.count(b"\n") < number:
            heard += await peer.process.stdout.read(DEAF)
    return heard.splitlines()


async def all_written(world: World, number: int) -> None:
    """Until the database has that many accounts of ours."""
    async with asyncio.timeout(TIMEOUT_SECONDS):
        while True:
            async with world.looking() as tx:
                if await tx.first(select(func.count()).select_from(Account)) == number:
                    return
            await asyncio.sleep(0.05)


def request(id: int | str, tool: str, arguments: dict[str, Any], method="tools/call") -> str:
    params = {"name": tool, "arguments": arguments} if tool else {}
    return json.dumps({"jsonrpc": "2.0", "id": id, "method": method, "params": params})
