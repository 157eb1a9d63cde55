"""Prompts over MCP: which tasks can a person hand to their agent by name?

A prompt is offered to an agent that may use the tools it names; to others it does not exist.
"""

from collections.abc import Callable, Mapping
from importlib import import_module
from typing import TYPE_CHECKING, Any

import mcp_types as types
from mcp.shared.exceptions import MCPError

from domain.identity.tokens import Token
from domain.kernel import text
from domain.kernel.faults import Fault
from policies.gate.contract import Principal
from policies.gate.gate import Gate
from server.listing import Toolsets, shown
from server.mcp_resources import LIST_TTL_MS, refused

if TYPE_CHECKING:
    from tools.prompts.script import Language, Prompt


class Prompter:
    """The prompts of one agent."""

    def __init__(
        self,
        gate: Gate,
        token: Token,
        toolsets: Toolsets,
        prompts: "Callable[[], tuple[Prompt, ...]] | None" = None,
    ) -> None:
        self._gate = gate
        self._token = token
        self._toolsets = toolsets
        self._prompts = prompts or brought_prompts

    async def listed(self) -> types.ListPromptsResult:
        """Every prompt this agent can follow, in the language of the tenant."""
        principal, usable = await self._usable()
        language = _language(principal)
        return types.ListPromptsResult(
            prompts=[
                types.Prompt(
                    name=one.name,
                    title=one.title.in_(language),
                    description=one.about.in_(language),
                    arguments=[
                        types.PromptArgument(
                            name=argument.name,
                            description=argument.about.in_(language),
                            required=argument.required,
                        )
                        for argument in one.arguments
                    ],
                )
                for one in self._prompts()
                if usable.issuperset(one.needs)
            ],
            ttl_ms=LIST_TTL_MS,
        )

    async def get(self, name: str, given: Mapping[str, str]) -> types.GetPromptResult:
        """The message of one prompt, with what the person typed."""
        principal, usable = await self._usable()
        one = next((one for one in self._prompts() if one.name == name), None)
        if one is None or not usable.issuperset(one.needs):
            raise MCPError(code=types.INVALID_PARAMS, message="Unknown prompt")
        typed = _checked(one, given)
        language = _chosen(typed, _language(principal))
        words = one.text(language, typed, usable)
        return types.GetPromptResult(
            description=one.about.in_(language),
            messages=[
                types.PromptMessage(role="user", content=types.TextContent(type="text", text=words))
            ],
        )

    async def _usable(self) -> tuple[Principal, frozenset[str]]:
        """Who asks, and the tools they are shown: a prompt must not name one that is not listed."""
        try:
            principal = await self._gate.principal(self._token)
        except Fault as fault:
            raise refused(fault) from fault
        rows = shown(self._gate, principal, self._toolsets)
        return principal, frozenset(row.name for row in rows)


def brought_prompts() -> "tuple[Prompt, ...]":
    """What the namespaces bring."""
    # Only when somebody asks: starting up and listing tools needs none of it.
    prompts: tuple[Prompt, ...] = import_module("tools.prompts.script").prompts()
    return prompts


def _language(principal: Principal) -> "Language":
    return "vi" if principal.locale == "vi" else "en"


def _chosen(typed: Mapping[str, str], otherwise: "Language") -> "Language":
    match typed.get("language", "").lower():
        case "":
            return otherwise
        case "vi" | "en" as language:
            return language
        case _:
            raise _invalid("language is vi or en")


def _checked(one: "Prompt", given: Mapping[str, str]) -> dict[str, str]:
    """What was typed, cleaned line by line; every mistake at once."""
    most = import_module("tools.prompts.script").MOST_TYPED
    known = {argument.name: argument for argument in one.arguments}
    wrong = ["an argument is unknown"] if set(given) - set(known) else []
    typed: dict[str, str] = {}
    for name, argument in known.items():
        value = given.get(name, "")
        if value.strip():
            try:
                typed[name] = text.line(value, most)
            except ValueError as error:
                wrong.append(f"{name} {error}")
        elif argument.required:
            wrong.append(f"{name} is required")
    if wrong:
        raise _invalid("; ".join(wrong))
    return typed


def _invalid(why: str) -> MCPError:
    data: dict[str, Any] = {"code": "INVALID_ARGS"}
    return MCPError(code=types.INVALID_PARAMS, message=f"INVALID_ARGS: {why}.", data=data)
