"""A whole agent of pydantic-ai, whose model is a script: TestModel, then the calls we are given."""

import asyncio
import json
import sys

from fastmcp.client.transports import StdioTransport
from pydantic_ai import Agent
from pydantic_ai.mcp import MCPToolset
from pydantic_ai.messages import ModelResponse, TextPart, ToolCallPart, ToolReturnPart
from pydantic_ai.models.function import FunctionModel
from pydantic_ai.models.test import TestModel

EASY = ["whoami", "crm_list_pipelines", "crm_search_accounts"]  # nothing has to be invented


async def talk(server, calls):
    transport = StdioTransport(server["command"], server["args"], server["env"], keep_alive=False)
    script = iter(calls)

    def model(messages, info):
        name, arguments = next(script, (None, None))
        if name is None:
            return ModelResponse(parts=[TextPart("done")])
        return ModelResponse(parts=[ToolCallPart(name, arguments)])

    toolset = MCPToolset(transport, tool_error_behavior="failed", init_timeout=60)
    tested = TestModel(call_tools=EASY)
    async with toolset:
        agent = Agent(toolsets=[toolset])
        easy = await agent.run("Look around.", model=tested)
        scripted = await agent.run("Do it.", model=FunctionModel(model))
    parts = [part for message in scripted.all_messages() for part in message.parts]
    answers = [part for part in parts if isinstance(part, ToolReturnPart)]
    return {
        "tools": [tool.name for tool in tested.last_model_request_parameters.function_tools],
        "tried": sorted(json.loads(easy.output)),
        "answers": [
            {"error": part.outcome != "success", "text": part.model_response_str()}
            for part in answers
        ],
    }


json.dump(asyncio.run(talk(**json.load(sys.stdin))), sys.stdout)
