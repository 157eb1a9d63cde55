"""Neighbours (redteam H5, M6, L10): one agent, or an unknown caller, beside everybody else."""

from contextlib import AsyncExitStack
from dataclasses import replace
from functools import partial

import anyio
import anyio.lowlevel
import pytest

from policies.gate.turns import BURST_SECONDS, UNKNOWN_CALLERS, FairTurns
from server.updates import Readings
from tests.http.serving import PLENTY, message, site
from tests.http.test_crowds import connected

EMBEDDED = pytest.mark.parametrize("world", ["sqlite"], indirect=True)


class Machine:
    """Time that passes only while somebody holds a turn, or everybody waits."""

    def __init__(self, at_once: int = 1) -> None:
        self.at = 1_000.0
        self.turns = FairTurns(at_once, now=lambda: self.at)
        self.used: dict[str, float] = {}

    async def work(self, company: str, agent: str, cost: float) -> None:
        async with self.turns.of(company, agent):
            self.at += cost
            await anyio.lowlevel.checkpoint()
        self.used[company] = self.used.get(company, 0) + cost
        self.used[f"{company}/{agent}"] = self.used.get(f"{company}/{agent}", 0) + cost

    async def always(self, company: str, agent: str, cost: float) -> None:
        while True:
            await self.work(company, agent, cost)

    async def idle(self, step: float = 0.002) -> None:
        """Time passes also while nobody may work."""
        while True:
            self.at += step
            await anyio.sleep(step)

    async def run(self, seconds: float, *callers: tuple[str, str, float]) -> None:
        end = self.at + seconds
        async with anyio.create_task_group() as tasks:
            tasks.start_soon(self.idle)
            for caller in callers:
                tasks.start_soon(partial(self.always, *caller))
            while self.at < end:
                await anyio.lowlevel.checkpoint()
            tasks.cancel_scope.cancel()


async def test_H5_alone_an_agent_may_use_everything():
    machine = Machine()

    await machine.run(20, ("a", "one", 0.4))

    assert machine.used["a"] > 19


async def test_H5_beside_a_neighbour_it_gets_its_share_whatever_a_call_costs():
    machine = Machine()

    await machine.run(30, ("a", "dear", 0.4), ("b", "cheap", 0.004))

    assert machine.used["a"] <= 30 / 2 + BURST_SECONDS + 0.4
    assert machine.used["b"] > 5


async def test_H5_many_agents_of_a_company_have_one_share_among_them():
    machine = Machine()
    crowd = [("a", f"agent {number}", 0.1) for number in range(12)]

    await machine.run(30, *crowd, ("b", "alone", 0.01))

    assert machine.used["a"] <= 30 / 2 + BURST_SECONDS + 12 * 0.1
    each = [machine.used[f"a/agent {number}"] for number in range(12)]
    assert max(each) <= 3 * min(each)


async def test_H5_one_agent_holds_one_turn_beside_others_also_where_several_are_given():
    machine, running, most = Machine(4), 0, 0

    async def heavy() -> None:
        nonlocal running, most
        async with machine.turns.of("a", "heavy"):
            running += 1
            most = max(most, running)
            await anyio.sleep(0.001)
            running -= 1

    async with anyio.create_task_group() as tasks:
        await machine.work("a", "neighbour", 0.0)
        for _ in range(8):
            tasks.start_soon(heavy)

    assert most == 1


async def test_H5_who_gives_up_waiting_leaves_no_trace():
    machine = Machine()

    async with machine.turns.of("a", "one"):
        with anyio.move_on_after(0.01):
            await machine.work("b", "two", 1)
    await machine.work("b", "three", 0.1)
    await machine.work("a", "one", 0.1)

    assert "b/two" not in machine.used


async def test_M6_unknown_callers_take_nothing_from_the_share_of_those_who_are_known():
    machine = Machine()

    await machine.run(20, ("a", "one", 0.01), (UNKNOWN_CALLERS, "203.0.113.7", 0.01))

    assert machine.used[UNKNOWN_CALLERS] <= 0.1 * 20 + 1
    assert machine.used["a"] > 15


@EMBEDDED
async def test_M6_an_unknown_caller_who_guesses_locks_no_agent_out_not_even_an_unknown_one(world):
    """Neither one that this process has never met nor a better guess of theirs."""
    async with site(world, limits=replace(PLENTY, bad_tokens_per_second=0.001)) as there:
        guesses = [await there.ask(message("ping"), token=f"wrong {n}") for n in range(12)]
        right = [
            await there.call("whoami", token=token)
            for token in (*world.ours.tokens.values(), *world.theirs.tokens.values())
        ]
        guess = await there.ask(message("ping"), token="wrong")

    assert [one.status for one in guesses] == [401] * 10 + [429] * 2
    assert {one.status for one in right} == {200}
    assert guess.status == 429


@EMBEDDED
async def test_L10_silent_connections_take_no_place_from_those_with_a_token(world):
    limits = replace(PLENTY, connections=8, connections_without_token=3)

    async with site(world, limits=limits) as there, AsyncExitStack() as open_ones:
        known = await open_ones.enter_async_context(connected(there))
        known[1].write(there.request(message("ping"), None))
        first = await known[0].readuntil(b"\r\n\r\n")
        silent = [await open_ones.enter_async_context(connected(there)) for _ in range(30)]
        await anyio.sleep(1.2)  # they had their moment to show a token
        calls = [await there.call("whoami") for _ in range(5)]
        oldest = await silent[0][0].read()
        known[1].write(there.request(message("ping"), None))
        heard = await known[0].readuntil(b"HTTP/1.1 200")

    assert first.startswith(b"HTTP/1.1 200") and heard
    assert [one.status for one in calls] == [200] * 5
    assert oldest == b""


@EMBEDDED
async def test_L10_a_question_without_a_token_buys_no_place(world):
    limits = replace(PLENTY, connections_without_token=3, idle_seconds=60)

    async with site(world, limits=limits) as there, AsyncExitStack() as open_ones:
        host = f"127.0.0.1:{there.port}"
        asked = [await open_ones.enter_async_context(connected(there)) for _ in range(5)]
        for reader, writer in asked:
            writer.write(f"GET /healthz HTTP/1.1\r\nHost: {host}\r\n\r\n".encode())
            assert (await reader.readuntil(b"\r\n\r\n")).startswith(b"HTTP/1.1 200")
        await anyio.sleep(1.2)
        assert (await there.call("whoami")).status == 200
        with anyio.fail_after(5):
            await asked[0][0].read()
        asked[-1][1].write(f"GET /healthz HTTP/1.1\r\nHost: {host}\r\n\r\n".encode())
        newest = await asked[-1][0].readuntil(b"HTTP/1.1 200")

    assert newest, "only as many end as there are too many"


class Counted:
    """An agent's addresses, whose reads are counted."""

    def __init__(self, sha256: str) -> None:
        self.token = type("Token", (), {"sha256": sha256})
        self.reads: list[str] = []

    async def content(self, uri: str) -> str | None:
        self.reads.append(uri)
        await anyio.lowlevel.checkpoint()
        return None if uri == "gone" else f"{uri} of {self.token.sha256}"


async def test_H5_streams_of_one_agent_share_one_read_of_an_address():
    readings, one, other = Readings(), Counted("one"), Counted("other")

    async with anyio.create_task_group() as tasks:
        for _ in range(15):
            for uri in ("a", "b", "gone"):
                for agent in (one, other):
                    tasks.start_soon(readings.digest, agent, uri, 7)
    again = await readings.digest(one, "a", 7)
    later = await readings.digest(one, "a", 8)

    assert sorted(one.reads) == ["a", "a", "b", "gone"] and sorted(other.reads) == [
        "a",
        "b",
        "gone",
    ]
    assert again == later != await readings.digest(other, "a", 8)
