"""Conformance tools: how is a tool of the test toolset written?
As every tool of ours, and declared in one line more.

These tools stand in no namespace, catalogue or wiring of the product. They are a toolset of their
own with a policy row each, and reach a client only where a test hands them to a gate.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from policies.gate.catalogue import Catalogue, Effect, ToolPolicy
from policies.gate.contract import Answer, Arguments, Call, Run, Tool, tool

TOOLSET = "conformance"
SCOPE = "core.read"


class Nothing(Arguments):
    """No arguments."""


class Said(Answer):
    """A few words: what the product itself shows as text."""

    words: str

    def text(self) -> str:
        """The words."""
        return self.words


class Blocks(Answer):
    """Content the product has no tool for: sounds, embedded resources, mixtures."""

    blocks: list[dict[str, Any]]


class Questions(Answer):
    """What has to be asked of the client, round after round, before there is an answer."""

    rounds: list[dict[str, Any]]
    done: str
    keeps_state: bool = False


class Steps(Answer):
    """Work in so many steps, of which a client may be told."""

    steps: int


@dataclass
class Toolset:
    """Tools and their policy rows, as a value: a registry for a gate."""

    tools: dict[str, Tool] = field(default_factory=dict)

    def names(self) -> Sequence[str]:
        """Every wire name."""
        return [one.name for one in self.tools.values()]

    def get(self, tool_id: str) -> Tool | None:
        """The tool with this canonical id."""
        return self.tools.get(tool_id)

    def catalogue(self) -> Catalogue:
        """One reading row for each, with the scope every agent of ours has."""
        rows = [
            ToolPolicy(id=id, scope=SCOPE, effect=Effect.READ, toolset=TOOLSET) for id in self.tools
        ]
        return Catalogue(version=1, tool=tuple(rows))

    def add(self, made: Tool) -> Tool:
        """Take a tool in."""
        self.tools[made.id] = made
        return made

    def answering(self, name: str, about: str, answer: Answer) -> None:
        """A tool without arguments that always gives this answer."""
        self.add(tool(f"cyberos.{name}", title=about, answer=type(answer))(_always(about, answer)))


def _always(about: str, answer: Answer) -> Run:
    async def run(call: Call, arguments: Nothing) -> Answer:
        return answer

    run.__doc__ = about
    return run


def text_block(words: str) -> dict[str, Any]:
    """A text, as it stands in a result."""
    return {"type": "text", "text": words}


def resource_block(uri: str, mime_type: str, words: str) -> dict[str, Any]:
    """A resource inside a result."""
    return {"type": "resource", "resource": {"uri": uri, "mimeType": mime_type, "text": words}}


def form(message: str, name: str, kind: str = "string") -> Mapping[str, Any]:
    """A question to a person: a form with one field."""
    schema = {"type": "object", "properties": {name: {"type": kind}}, "required": [name]}
    params = {"mode": "form", "message": message, "requestedSchema": schema}
    return {"method": "elicitation/create", "params": params}


def sampling(prompt: str, most: int) -> Mapping[str, Any]:
    """A question to the client's model."""
    said = {"role": "user", "content": text_block(prompt)}
    return {"method": "sampling/createMessage", "params": {"messages": [said], "maxTokens": most}}


def roots() -> Mapping[str, Any]:
    """A question for the client's folders."""
    return {"method": "roots/list", "params": {}}
