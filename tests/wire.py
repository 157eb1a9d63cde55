"""Wire of the protocol: what does the server say to exactly this line?
The real protocol server, spoken to in lines.

A client of the SDK cannot send what is no JSON, or NaN, or half a letter; whoever writes a client
of their own can. The lines go through the SDK's stdio transport, without a process around it.
"""

import asyncio
import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any, Self

from mcp.server.stdio import stdio_server

from domain.identity import tokens
from policies.gate.gate import Gate
from server.mcp_server import converse, mcp_server
from tests.world import Company, World

TIMEOUT_SECONDS = 20
HELLO = {
    "jsonrpc": "2.0",
    "id": "hello",
    "method": "initialize",
    "params": {
        "protocolVersion": "2025-11-25",
        "capabilities": {},
        "clientInfo": {"name": "lines", "version": "1"},
    },
}


class _Lines:
    """One direction of a pipe, as the transport reads or writes it."""

    def __init__(self) -> None:
        self.queue: asyncio.Queue[str | None] = asyncio.Queue()

    def __aiter__(self) -> Self:
        return self

    async def __anext__(self) -> str:
        line = await self.queue.get()
        if line is None:
            raise StopAsyncIteration
        return line

    async def write(self, line: str) -> None:
        self.queue.put_nowait(line)

    async def flush(self) -> None:
        pass


class Wire:
    """A connection of a client that says what it likes."""

    def __init__(self, there: _Lines, back: _Lines) -> None:
        self._there = there
        self._back = back
        self._id = 0

    def say(self, line: str) -> None:
        """Send a line and wait for nothing."""
        self._there.queue.put_nowait(f"{line}\n")

    async def hear(self) -> dict[str, Any]:
        """The next line that comes back."""
        line = await asyncio.wait_for(self._back.queue.get(), TIMEOUT_SECONDS)
        assert line is not None
        return dict(json.loads(line))

    async def ask(self, line: str) -> dict[str, Any]:
        """Send a line and wait for the one that answers it."""
        self.say(line)
        return await self.hear()

    async def call(self, tool: str, arguments: str) -> dict[str, Any]:
        """Call a tool with the arguments in exactly this text; the whole answer."""
        self._id += 1
        answer = await self.ask(
            f'{{"jsonrpc":"2.0","id":{self._id},"method":"tools/call",'
            f'"params":{{"name":{json.dumps(tool)},"arguments":{arguments}}}}}'
        )
        assert answer["id"] == self._id
        return answer

    def hang_up(self) -> None:
        """Say nothing more."""
        self._there.queue.put_nowait(None)


@asynccontextmanager
async def spoken(
    world: World,
    agent: str = "cro_agent",
    company: Company | None = None,
    gate: Gate | None = None,
    **options: Any,
) -> AsyncIterator[Wire]:
    """A connection of an agent, after the handshake; through a gate of its own, or this one."""
    server = mcp_server(
        gate or world.gate(**options),
        tokens.parse((company or world.ours).tokens[agent]),
        world.toolsets,
        world.contract,
    )
    there, back = _Lines(), _Lines()

    async def serve() -> None:
        streams: Any = stdio_server(there, back)  # type: ignore[arg-type]
        async with streams as (incoming, outgoing):
            await converse(server, incoming, outgoing)

    serving, wire = asyncio.create_task(serve()), Wire(there, back)
    await wire.ask(json.dumps(HELLO))
    wire.say('{"jsonrpc":"2.0","method":"notifications/initialized"}')
    yield wire
    wire.hang_up()
    await serving


def fault_in(answer: dict[str, Any]) -> dict[str, Any]:
    """The machine-readable fault of a refused call."""
    result = answer["result"]
    assert result["isError"] is True, result
    assert "structuredContent" not in result
    return dict(result["_meta"]["vn.cyberos/error"])
