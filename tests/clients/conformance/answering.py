"""Answers of the conformance toolset: what does the test toolset need beyond the product's answers?
Content and questions to clients.

Every call goes through the product's own handler, and so through its gate, first. Only what came
back is then put into the form the suite looks for.
"""

import json
from collections.abc import Mapping, Sequence
from typing import Any

import mcp_types as types
from mcp.server.context import CallNext, HandlerResult
from mcp.server.request_state import RequestStateBoundary, RequestStateSecurity
from mcp.shared.exceptions import MCPError
from starlette.types import ASGIApp, Receive, Scope, Send

from domain.identity.tokens import Token
from policies.gate.gate import Gate
from server.mcp_prompts import Prompter
from server.mcp_resources import ResourceServer
from server.mcp_server import AgentServer, Contracts
from tests.clients.conformance.toolset import IMAGE_BLOCK, PROMPT_QUESTIONS, PROMPTS, RESOURCES
from tests.clients.conformance.words import Questions, resource_block, text_block

CAPABILITY = {
    "elicitation/create": "elicitation",
    "sampling/createMessage": "sampling",
    "roots/list": "roots",
}


def state_kept() -> RequestStateBoundary:
    """The SDK's own seal around what a client carries from round to round."""
    return RequestStateBoundary(RequestStateSecurity.ephemeral(), default_audience="conformance")


def workbench(
    gate: Gate, token: Token, toolsets: frozenset[str], contracts: Contracts
) -> AgentServer:
    """The product's handlers, with the test toolset's addresses and prompts."""
    return AgentServer(
        gate,
        token,
        toolsets,
        contracts,
        resource_server=ResourceServer(gate, token, lambda: RESOURCES),
        prompter=Prompter(gate, token, toolsets, lambda: PROMPTS),
    )


async def in_form(ctx: Any, call_next: CallNext) -> HandlerResult:
    """Middleware behind the product's own: its answer first, then the form the suite looks for."""
    result: Any = await call_next(ctx)
    match result:
        case {"structuredContent": {"rounds": _} as held}:
            questions = Questions.model_validate(held)
            return asked(questions, ctx) or {
                **_plain(result),
                "content": [text_block(questions.done)],
            }
        case {"structuredContent": {"blocks": blocks}}:
            return {**_plain(result), "content": blocks}
        case {"structuredContent": {"steps": steps}}:
            for step in range(steps + 1):
                await ctx.session.report_progress(step, steps)
            return result
        case {"contents": [{"uri": uri, "text": text}]}:
            blobs = [{**block, "uri": uri} for block in json.loads(text).get("blocks", [])]
            return {**result, "contents": blobs} if blobs else result
        case {"messages": [*messages]}:
            return _prompted(result, messages, ctx)
        case _:
            return result


def _plain(result: Mapping[str, Any]) -> dict[str, Any]:
    return {key: value for key, value in result.items() if key != "structuredContent"}


def _prompted(result: HandlerResult, messages: Sequence[Any], ctx: Any) -> HandlerResult:
    """The product's prompt; before it a question, or after it what is no text."""
    assert isinstance(result, dict)
    match ctx.params["name"]:
        case "test_input_required_result_prompt":
            return asked(PROMPT_QUESTIONS, ctx) or result
        case "test_prompt_with_image":
            block = IMAGE_BLOCK
        case "test_prompt_with_embedded_resource":
            uri = ctx.params["arguments"]["resourceUri"]
            block = resource_block(uri, "text/plain", "Embedded.")
        case _:
            return result
    return {**result, "messages": [*messages, {"role": "user", "content": block}]}


def asked(questions: Questions, ctx: Any) -> types.InputRequiredResult | None:
    """The questions that are still open; None if all are answered.

    Only what this client said it can answer is asked of it.
    """
    at = int(ctx.params.get("requestState") or 0)
    given = ctx.params.get("inputResponses") or {}
    if questions.rounds[at].keys() <= given.keys():
        at += 1
    if at == len(questions.rounds):
        return None
    wanted = questions.rounds[at]
    can = _can(ctx, wanted)
    if not can:
        needed = {CAPABILITY[one["method"]]: {} for one in wanted.values()}
        raise MCPError(
            code=types.MISSING_REQUIRED_CLIENT_CAPABILITY,
            message="The client cannot be asked this.",
            data={"requiredCapabilities": needed},
        )
    return types.InputRequiredResult.model_validate(
        {"inputRequests": can, "requestState": str(at) if questions.keeps_state else None}
    )


def _can(ctx: Any, wanted: Mapping[str, Any]) -> dict[str, Any]:
    declared = ctx.session.client_capabilities
    return {
        key: one
        for key, one in wanted.items()
        if getattr(declared, CAPABILITY[one["method"]], None) is not None
    }


class Introduced:
    """In front of the door: a request without a token gets the one of a demo agent.

    The suite cannot send one, and the product has no way to do without.
    """

    def __init__(self, door: ASGIApp, token: str) -> None:
        self._door = door
        self._token = (b"authorization", f"Bearer {token}".encode())

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """The same request with a token."""
        given = [header for header in scope["headers"] if header[0] == b"authorization"]
        headers = scope["headers"] if given else [*scope["headers"], self._token]
        await self._door({**scope, "headers": headers}, receive, send)
