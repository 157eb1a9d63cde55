"""Talk with tools: how does a test talk to the tools?
As an agent with one connection, in sentences.
"""

from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Any

from mcp import Client

from tests.world import Company, World, fault, fault_code


@dataclass(frozen=True, slots=True)
class Talk:
    """A connection of an agent."""

    client: Client

    async def ok(self, tool: str, /, **arguments: Any) -> dict[str, Any]:
        """One call that must succeed; its structure."""
        result = await self.client.call_tool(tool, arguments)
        assert not result.is_error, result.content
        return dict(result.structured_content or {})

    async def text(self, tool: str, /, **arguments: Any) -> str:
        """One call, whatever becomes of it; its words."""
        result = await self.client.call_tool(tool, arguments)
        return "".join(part.text for part in result.content)  # type: ignore[union-attr]

    async def refused(self, tool: str, /, **arguments: Any) -> Mapping[str, Any]:
        """One call that must be refused; the fault."""
        result = await self.client.call_tool(tool, arguments)
        fault_code(result)
        return fault(result)

    async def code(self, tool: str, /, **arguments: Any) -> str:
        """The same; the code alone."""
        return str((await self.refused(tool, **arguments))["code"])


@asynccontextmanager
async def talking(
    world: World, agent: str = "cro_agent", company: Company | None = None
) -> AsyncIterator[Talk]:
    """A connection of an agent of our company, unless said otherwise."""
    async with world.client(agent, company) as client:
        yield Talk(client)
