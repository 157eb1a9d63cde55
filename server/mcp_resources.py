"""Resources over MCP: the answers of tools by address, through the same gate.

There is no second door: reading an address is calling its tool (tools/resources.py), so scope,
private deals, counting and the marking of untrusted input are those of the call.
"""

import json
from collections.abc import Callable, Mapping
from importlib import import_module
from typing import TYPE_CHECKING, Any

import mcp_types as types
from mcp.shared.exceptions import MCPError
from mcp_types.version import MODERN_PROTOCOL_VERSIONS

from domain.identity.tokens import Token
from domain.kernel.faults import Fault, Kind
from policies.gate.gate import Gate
from tools.steps import worded

if TYPE_CHECKING:
    from tools.resources import Each, Resource

JSON = "application/json"
NOT_FOUND_BEFORE_2026 = -32002
LIST_TTL_MS = 60_000  # what an agent may use changes when a person changes it
_HIDDEN = {"UNKNOWN_TOOL", "SCOPE_MISSING"}


class ResourceServer:
    """What one agent may read by address."""

    def __init__(
        self,
        gate: Gate,
        token: Token,
        resources: "Callable[[], tuple[Resource, ...]] | None" = None,
    ) -> None:
        self.gate = gate
        self.token = token
        self._resources = resources or brought_resources

    async def listed(self) -> types.ListResourcesResult:
        """A short list: what has no variables, and templates of which there are few.

        Accounts and deals are thousands; they are found by searching, and their templates listed.
        """
        try:
            there = await self._there()
            few = [one for each in there if each.each for one in await self._each(each, each.each)]
        except Fault as fault:
            raise refused(fault) from fault
        plain = [_resource(one, one.uri, one.title) for one in there if not one.variables]
        return types.ListResourcesResult(resources=[*few, *plain])

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

    async def _each(self, one: "Resource", each: "Each") -> list[types.Resource]:
        outcome = await self.gate.call(self.token, each.tool, {})
        return [
            _resource(one, one.uri.format_map(_values(each, item)), item[each.title])
            for item in outcome.structured["items"]
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


def _values(each: "Each", item: Mapping[str, Any]) -> dict[str, str]:
    return {variable: item[field] for variable, field in each.variables.items()}


def brought_resources() -> tuple["Resource", ...]:
    """What the namespaces bring."""
    # Only when somebody asks: starting up and listing tools needs none of it.
    brought: tuple[Resource, ...] = import_module("tools.resources").resources()
    return brought
