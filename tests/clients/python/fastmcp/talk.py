"""fastmcp's client: typed answers, refusals as results."""

import asyncio
import json
import sys

from fastmcp import Client
from fastmcp.client.transports import StdioTransport


async def talk(server, calls):
    transport = StdioTransport(server["command"], server["args"], server["env"], keep_alive=False)
    async with Client(transport) as client:
        tools = [tool.name for tool in await client.list_tools()]
        answers = []
        for tool, arguments in calls:
            said = await client.call_tool(tool, arguments, raise_on_error=False)
            text = said.content[0].text
            answers.append({"error": said.is_error, "text": text})
            assert said.is_error or said.data is not None  # read by the tool's output schema
    return {"tools": tools, "answers": answers}


json.dump(asyncio.run(talk(**json.load(sys.stdin))), sys.stdout)
