"""Scripted agent: who plays the agent?
A script that knows the tools and nothing else, and pays for every byte.

It talks over a real MCP client and goes on with what it reads: ids from answers, and the next step
from the hint of a refusal, in the words a model would read.
"""

import json
import re
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import asdict, dataclass
from typing import Any

from mcp import Client

from tests.evals.reader import WAYS, Reading
from tests.world import World

_REFUSAL = re.compile(r"(?P<code>[A-Z0-9_]+): (?P<message>.*?)(?: Hint: (?P<hint>.*))?", re.DOTALL)


@dataclass
class Spent:
    """What a task has cost, and how often a hint of ours led on from a refusal."""

    calls: int = 0
    bytes_in: int = 0
    bytes_out: int = 0
    recoveries: int = 0

    def as_dict(self) -> dict[str, int]:
        return asdict(self)


@dataclass(frozen=True)
class Refusal:
    """A refusal as a model reads it."""

    code: str
    hint: str

    def choice(self, after: str) -> list[str]:
        """The codes a hint lists after some words: `..., one of price, other.`"""
        assert after in self.hint, self.hint
        listed = self.hint.partition(after)[2].partition(".")[0]
        return [word.strip() for word in listed.split(",")]

    def word(self, pattern: str) -> str:
        """The one thing that a hint names."""
        found = re.search(pattern, self.hint)
        assert found, self.hint
        return found[1]


class Agent:
    """A scripted agent with one connection, whose client shows it one half of answers, or both."""

    def __init__(self, client: Client, way: str = "both") -> None:
        self._client, self._way = client, way
        self.spent = Spent()

    async def do(self, tool: str, /, **arguments: Any) -> Reading:
        """A call that succeeds; what the agent is shown of the answer."""
        result = await self._call(tool, arguments)
        assert not result.is_error, result.content
        return WAYS[self._way](result.content[0].text, dict(result.structured_content or {}))

    async def refused(self, tool: str, /, **arguments: Any) -> Refusal:
        """A call that is refused; why, and what to do next."""
        result = await self._call(tool, arguments)
        assert result.is_error, result.structured_content
        said = _REFUSAL.fullmatch(result.content[0].text)
        assert said, result.content
        return Refusal(said["code"], said["hint"] or "")

    async def recover(self, tool: str, /, **arguments: Any) -> Reading:
        """The call that a hint led to."""
        answer = await self.do(tool, **arguments)
        self.spent.recoveries += 1
        return answer

    async def _call(self, tool: str, arguments: dict[str, Any]) -> Any:
        result = await self._client.call_tool(tool, arguments)
        sent = {"name": tool, "arguments": arguments}
        self.spent.calls += 1
        self.spent.bytes_in += _bytes(sent)
        self.spent.bytes_out += _bytes(self._shown(result))
        return result

    def _shown(self, result: Any) -> Any:
        """What the client puts before the model; of a refusal always its words."""
        if self._way == "text" or (self._way == "structure" and result.is_error):
            return [part.model_dump(mode="json") for part in result.content]
        if self._way == "structure":
            return result.structured_content
        return result.model_dump(mode="json", by_alias=True, exclude_none=True)


@asynccontextmanager
async def playing(world: World, agent: str, way: str = "both") -> AsyncIterator[Agent]:
    """An agent of our company that has spent nothing yet."""
    async with world.client(agent) as client:
        yield Agent(client, way)


def _bytes(body: Any) -> int:
    return len(json.dumps(body, ensure_ascii=False, separators=(",", ":")).encode())
