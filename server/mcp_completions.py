"""Completions over MCP: what could the person mean who has typed so much?

Suggestions for prompts and addresses come from the tools through the gate, as the namespaces say
(tools/completions.py).
"""

from collections.abc import Mapping
from importlib import import_module
from typing import TYPE_CHECKING, Any

import mcp_types as types

from domain.identity.tokens import Token
from domain.kernel.faults import Fault
from policies.gate.gate import Gate
from server import mcp_prompts, mcp_resources
from server.mcp_resources import refused

if TYPE_CHECKING:
    from tools.completions import CompletionKind


class Completer:
    """Suggestions for one agent's user."""

    def __init__(self, gate: Gate, token: Token) -> None:
        self._gate = gate
        self._token = token

    async def complete(self, params: types.CompleteRequestParams) -> types.CompleteResult:
        """Values for one argument; none for an argument or a prompt that is not there."""
        # Only when somebody asks: starting up and listing tools needs none of it.
        completions = import_module("tools.completions")
        kind: CompletionKind | None = completions.kinds().get(_kind(params))
        try:
            await self._gate.principal(self._token)
            found = await kind.suggest(self._ask, params.argument.value) if kind else []
        except Fault as fault:
            if fault.code == "TOKEN_INVALID":
                raise refused(fault) from fault
            found = []
        in_prompt = isinstance(params.ref, types.PromptReference)
        label = import_module("tools.prompts.script").label
        most: int = completions.MOST_SHOWN
        values = [label(shown, id) if in_prompt and shown else id for shown, id in found[:most]]
        return types.CompleteResult(
            completion=types.Completion(values=values, has_more=len(found) > most)
        )

    async def _ask(self, tool: str, arguments: Mapping[str, Any]) -> Mapping[str, Any]:
        return (await self._gate.call(self._token, tool, arguments)).structured


def _kind(params: types.CompleteRequestParams) -> str | None:
    """What the argument names: an account, a deal, ...; None for one that is not there."""
    name = params.argument.name
    if isinstance(params.ref, types.PromptReference):
        for prompt in mcp_prompts.brought_prompts():
            if prompt.name == params.ref.name:
                return next((one.kind for one in prompt.arguments if one.name == name), None)
        return None
    for resource in mcp_resources.brought_resources():
        if resource.uri == params.ref.uri:
            return resource.holds.get(name)
    return None
