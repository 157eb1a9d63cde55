"""What can an agent's client read by an address? The answers of tools, through the same gate.

There is no second door: reading an address is calling its tool (tools/resources.py), so scope,
private deals, counting and the marking of what strangers wrote are those of the call.
"""

import json
from collections.abc import Callable
from importlib import import_module
from typing import TYPE_CHECKING

import mcp_types as types
from mcp.shared.exceptions import MCPError
from mcp_types.version import MODERN_PROTOCOL_VERSIONS

from domain.identity.tokens import Token
from domain.kernel.faults import Fault, Kind
from policies.gate import Gate
from tools.steps import worded

if TYPE_CHECKING:
    from tools.resources import Resource

JSON = "application/json"
NOT_FOUND_BEFORE_2026 = -32002
LIST_TTL_MS = 60_000  # what an agent may use changes when a person changes it
_HIDDEN = {"UNKNOWN_TOOL", "SCOPE_MISSING"}


class Shelf:
    """What one agent may read by address."""

    def __init__(
        self,
        gate: Gate,
        token: Token,
        resources: "Callable[[], tuple[Resource, ...]] | None" = None,
    ) -> None:
        self.gate = gate
        self.token = token
        self._resources = resources or _resources

    async def listed(self) -> types.ListResourcesResult:
        """A short list: the boards of the agent's pipelines, and what has no variables.

        Accounts and deals are thousands; they are found by searching, and their templates listed.
        """
        try:
            there = await self._there()
            boards = await self._boards() if any(one.tool == _board().tool for one in there) else []
        except Fault as fault:
            raise refused(fault) from fault
        plain = [_resource(one, one.uri, one.title) for one in there if not one.variables]
        return types.ListResourcesResult(resources=[*boards, *plain])

    async def templates(self) -> types.ListResourceTemplatesResult:
        """The addresses with variables whose tools this agent may use."""
        try:
            there = await self._there()
        except Fault as fault:
            raise refused(fault) from fault
        return types.ListResourceTemplatesResult(
            resource_templates=[
                types.ResourceTemplate(
                    uri_template=one.uri,
                    name=one.name,
                    title=one.title,
                    description=one.description,
                    mime_type=JSON,
                )
                for one in there
                if one.variables
            ],
            ttl_ms=LIST_TTL_MS,
        )

    async def read(self, uri: str, version: str) -> types.ReadResourceResult:
        """What stands at an address. Unknown, hidden and malformed addresses look alike."""
        try:
            content = await self.content(uri)
        except Fault as fault:
            raise refused(fault) from fault
        if content is None:
            raise not_found(uri, version)
        return types.ReadResourceResult(
            contents=[types.TextResourceContents(uri=uri, mime_type=JSON, text=content)]
        )

    async def content(self, uri: str) -> str | None:
        """The tool's structured answer as JSON; None if there is nothing at this address for it.

        Raises the Fault of whatever else went wrong, TOKEN_INVALID among them.
        """
        for one in self._resources():
            arguments = one.arguments(uri)
            if arguments is not None:
                break
        else:
            await self.gate.principal(self.token)
            return None
        try:
            outcome = await self.gate.call(self.token, one.tool, arguments)
        except Fault as fault:
            if fault.code in _HIDDEN or fault.kind in {Kind.NOT_FOUND, Kind.INVALID}:
                return None
            raise
        return json.dumps(outcome.structured, ensure_ascii=False, separators=(",", ":"))

    async def _there(self) -> list["Resource"]:
        principal = await self.gate.principal(self.token)
        usable = {row.name for row in self.gate.visible(principal)}
        return [one for one in self._resources() if one.tool in usable]

    async def _boards(self) -> list[types.Resource]:
        outcome = await self.gate.call(self.token, "crm_list_pipelines", {})
        return [
            _resource(_board(), _board().uri.format(pipeline_id=one["id"]), one["name"])
            for one in outcome.structured["items"]
        ]


def not_found(uri: str, version: str) -> MCPError:
    """There is nothing at this address, in the words of either protocol era."""
    modern = version in MODERN_PROTOCOL_VERSIONS
    code = types.INVALID_PARAMS if modern else NOT_FOUND_BEFORE_2026
    return MCPError(code=code, message="Resource not found", data={"uri": uri})


def refused(fault: Fault) -> MCPError:
    """A fault where the protocol has no result to put it in."""
    down = fault.kind is Kind.UNAVAILABLE
    return MCPError(
        code=types.INTERNAL_ERROR if down else types.INVALID_REQUEST, message=str(worded(fault))
    )


def _resource(one: "Resource", uri: str, title: str) -> types.Resource:
    return types.Resource(
        uri=uri, name=one.name, title=title, description=one.description, mime_type=JSON
    )


def _resources() -> tuple["Resource", ...]:
    # Only when somebody asks: starting up and listing tools needs none of it.
    listed: tuple[Resource, ...] = import_module("tools.resources").RESOURCES
    return listed


def _board() -> "Resource":
    board: Resource = import_module("tools.resources").BOARD
    return board
