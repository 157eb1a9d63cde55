"""Baseline server: the smallest low-level server the SDK allows, with one idle tool."""

import anyio
import mcp_types as types
from mcp.server.lowlevel import Server
from mcp.server.stdio import stdio_server


async def list_tools(_ctx: object, _params: object) -> types.ListToolsResult:
    """One tool."""
    return types.ListToolsResult(tools=[types.Tool(name="noop", input_schema={"type": "object"})])


async def call_tool(_ctx: object, _params: object) -> types.CallToolResult:
    """Nothing."""
    return types.CallToolResult(content=[types.TextContent(type="text", text="ok")])


async def main() -> None:
    """Serve until the client hangs up."""
    server = Server("noop", on_list_tools=list_tools, on_call_tool=call_tool)
    async with stdio_server() as (incoming, outgoing):
        await server.run(incoming, outgoing, server.create_initialization_options())


if __name__ == "__main__":
    anyio.run(main)
