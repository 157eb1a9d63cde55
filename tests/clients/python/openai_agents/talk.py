"""The server as openai-agents starts it; strict schemas are made of ours, no model is asked."""

import asyncio
import json
import sys

from agents import Agent, RunContextWrapper
from agents.mcp import MCPServerStdio
from agents.mcp.util import MCPUtil


async def talk(server, calls):
    agent, context = Agent(name="seller"), RunContextWrapper(context=None)
    async with MCPServerStdio(params=server, client_session_timeout_seconds=60) as started:
        for strict in (True, False):
            tools = await MCPUtil.get_function_tools(started, strict, context, agent)
        answers = []
        for tool, arguments in calls:
            said = await started.call_tool(tool, arguments)
            error = getattr(said, "is_error", None) or getattr(said, "isError", False)
            answers.append({"error": bool(error), "text": said.content[0].text})
    return {"tools": [tool.name for tool in tools], "answers": answers}


json.dump(asyncio.run(talk(**json.load(sys.stdin))), sys.stdout)
