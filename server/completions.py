"""What could the person mean who has typed so much? Suggestions for prompts and addresses.

They come from the tools through the gate, so a hidden deal is never suggested, and a caller who
may not list deals is suggested none.
"""

from collections.abc import Awaitable, Callable, Mapping
from importlib import import_module
from typing import Any

import mcp_types as types

from domain.identity.tokens import Token
from domain.kernel.faults import Fault
from domain.kernel.folding import fold, words
from policies.gate import Gate
from server.resources import refused

MOST_SHOWN = 20
MOST_SEARCHED = 200  # deals have no search by name yet: the newest open ones are looked through

Suggestion = tuple[str, str]  # what a person reads, and the id or code it stands for


class Completer:
    """Suggestions for one agent's user."""

    def __init__(self, gate: Gate, token: Token) -> None:
        self._gate = gate
        self._token = token

    async def complete(self, params: types.CompleteRequestParams) -> types.CompleteResult:
        """Values for one argument; none for an argument or a prompt that is not there."""
        kind = _kind(params)
        ways: Mapping[str, Callable[[str], Awaitable[list[Suggestion]]]] = {
            "account": self._accounts,
            "deal": self._deals,
            "pipeline": self._pipelines,
            "action": self._actions,
            "language": self._languages,
        }
        try:
            await self._gate.principal(self._token)
            found = await ways[kind](params.argument.value) if kind else []
        except Fault as fault:
            if fault.code == "TOKEN_INVALID":
                raise refused(fault) from fault
            found = []
        in_prompt = isinstance(params.ref, types.PromptReference)
        label = import_module("tools.prompts.script").label
        values = [
            label(shown, id) if in_prompt and shown else id for shown, id in found[:MOST_SHOWN]
        ]
        return types.CompleteResult(
            completion=types.Completion(values=values, has_more=len(found) > MOST_SHOWN)
        )

    async def _accounts(self, typed: str) -> list[Suggestion]:
        question = {"query": typed.strip()} if typed.strip() else {}
        answer = await self._ask(
            "crm_search_accounts", {**question, "limit": MOST_SHOWN + 1, "fields": ["name"]}
        )
        return [(one["name"], one["id"]) for one in answer["accounts"]]

    async def _deals(self, typed: str) -> list[Suggestion]:
        answer = await self._ask(
            "crm_list_deals",
            {"status": "open", "limit": MOST_SEARCHED, "fields": ["name", "account_name"]},
        )
        return [
            (one["name"], one["id"])
            for one in answer["deals"]
            if _fits(typed, one["name"], one["account_name"], one["id"])
        ]

    async def _pipelines(self, typed: str) -> list[Suggestion]:
        answer = await self._ask("crm_list_pipelines", {})
        return [
            ("", one["code"]) for one in answer["items"] if _fits(typed, one["code"], one["name"])
        ]

    async def _actions(self, typed: str) -> list[Suggestion]:
        answer = await self._ask("approvals_list", {"state": "open", "limit": MOST_SHOWN + 1})
        ids = [one["action_id"] for one in answer["items"]]
        return [("", id) for id in ids if _fits(typed, id)]

    async def _languages(self, typed: str) -> list[Suggestion]:
        languages = import_module("tools.prompts.script").LANGUAGES
        return [("", one) for one in languages if _fits(typed, one)]

    async def _ask(self, tool: str, arguments: Mapping[str, Any]) -> dict[str, Any]:
        return (await self._gate.call(self._token, tool, arguments)).structured


def _fits(typed: str, *names: str) -> bool:
    """Whether every word that was typed begins a word of the names, whatever its accents."""
    there = [word for name in names for word in words(fold(name))]
    return all(any(one.startswith(word) for one in there) for word in words(fold(typed)))


def _kind(params: types.CompleteRequestParams) -> str | None:
    """What the argument names: an account, a deal, ...; None for one that is not there."""
    name = params.argument.name
    if isinstance(params.ref, types.PromptReference):
        for prompt in import_module("tools.prompts.texts").PROMPTS:
            if prompt.name == params.ref.name:
                return next((one.kind for one in prompt.arguments if one.name == name), None)
        return None
    for resource in import_module("tools.resources").RESOURCES:
        if resource.uri == params.ref.uri:
            kind: str | None = resource.holds.get(name)
            return kind
    return None
