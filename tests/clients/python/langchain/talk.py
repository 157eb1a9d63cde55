"""LangChain's adapters, on the SDK of the older protocol: answers are blocks of text."""

import asyncio
import json
import sys

from langchain_mcp_adapters.client import MultiServerMCPClient
from langchain_mcp_adapters.tools import load_mcp_tools


async def talk(server, calls):
    client = MultiServerMCPClient({"cyberos": {**server, "transport": "stdio"}})
    async with client.session("cyberos") as session:
        tools = {tool.name: tool for tool in await load_mcp_tools(session)}
        answers = []
        for number, (name, arguments) in enumerate(calls):
            call = {"type": "tool_call", "id": str(number), "name": name, "args": arguments}
            said = await tools[name].ainvoke(call)
            block = said.content[0]
            text = block["text"] if isinstance(block, dict) else said.content
            answers.append({"error": said.status == "error", "text": text})
    return {"tools": list(tools), "answers": answers}


json.dump(asyncio.run(talk(**json.load(sys.stdin))), sys.stdout)
