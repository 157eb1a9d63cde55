"""Samples of calls: what does a call look like that is right, for tests that bend one thing?

Each tool has one, in the `SAMPLES` of a file in `tests/tools/<namespace>/`: beside the tests of a
new tool (`test_<tool>.py`), or together in `samples.py`. They are found there and listed nowhere.
"""

from collections.abc import Awaitable, Callable, Hashable, Iterable, Mapping
from dataclasses import dataclass, field
from functools import cache
from importlib import import_module
from pathlib import Path
from typing import Any, Literal, TypeVar

from mcp import Client

from domain.store.descriptor import modules
from policies.gate.catalogue import ToolPolicy
from policies.gate.registry import module_of
from tests.world import SCOPES, World

Arguments = dict[str, Any]
HERE = Path(__file__).parent
_T = TypeVar("_T")


@dataclass
class Things:
    """What the samples of one company are about: made when first asked for, and once for all."""

    world: World
    client: Client
    _made: dict[Hashable, Any] = field(default_factory=dict)

    async def of(self, make: "Callable[[Things], Awaitable[_T]]") -> _T:
        """What `make` makes; for every sample that asks the same."""
        if make not in self._made:
            self._made[make] = await make(self)
        made: _T = self._made[make]
        return made

    async def ok(self, tool: str, /, **arguments: Any) -> dict[str, Any]:
        """A call that must succeed; its structure."""
        result = await self.client.call_tool(tool, arguments)
        assert not result.is_error, result.content
        return dict(result.structured_content or {})


@dataclass(frozen=True)
class Sample:
    """One call that is right, and how much it asks of the database.

    `statements` are those that read and that write: two of the reads say who is calling, three of
    the writes are the audit chain's, one of them for what is left in rows. `on_postgresql` differs
    for a search, which looks among a few accounts before it asks an index. A tool that asks each
    module (`asks_each`: its counts, its sources of timelines) reads once more for each declaration.
    """

    arguments: Arguments | Callable[[Things], Awaitable[Arguments]]
    statements: tuple[int, int]
    on_postgresql: tuple[int, int] | None = None
    asks_each: Literal["", "counts", "timeline"] = ""

    def expected(self, *, sqlite: bool) -> tuple[int, int]:
        """The statements on one of the databases, with the modules that there are."""
        reads, writes = self.statements if sqlite else self.on_postgresql or self.statements
        if self.asks_each:
            reads += sum(len(getattr(module, self.asks_each)) for module in modules())
        return reads, writes

    async def call(self, things: Things) -> Arguments:
        """The arguments, about things that are there."""
        if isinstance(self.arguments, dict):
            return self.arguments
        return await self.arguments(things)


async def valid_calls(world: World) -> dict[str, Arguments]:
    """Arguments of our company for every tool, by wire name, about things made for this."""
    missing = without_sample(world.catalogue.tool)
    assert not missing, "a tool without a sample is not tested:\n" + "\n".join(missing)
    async with world.client() as client:
        things = Things(world, client)
        return {row.name: await samples()[row.name].call(things) for row in world.catalogue.tool}


@cache
def samples() -> Mapping[str, Sample]:
    """Every sample by the wire name of its tool."""
    found: dict[str, Sample] = {}
    for file in sorted(HERE.glob("*/*.py")):
        if "\nSAMPLES" in file.read_text(encoding="utf-8"):
            module = import_module(f"tests.tools.{file.parent.name}.{file.stem}")
            assert found.keys().isdisjoint(module.SAMPLES), (
                f"{file}: there is such a sample already"
            )
            found |= module.SAMPLES
    return found


def without_sample(rows: Iterable[ToolPolicy]) -> list[str]:
    """The tools that nobody calls in a test, each with the file to write."""
    return [where_to_write(row) for row in rows if row.name not in samples()]


def where_to_write(row: ToolPolicy) -> str:
    """The sentence that tells the author of a tool what is missing."""
    _, namespace, name = (module_of(row.id) or "").split(".")
    return (
        f"{row.name}: write tests/tools/{namespace}/test_{name}.py with "
        f'SAMPLES = {{"{row.name}": Sample(...)}}'
    )


def agent_for(row: ToolPolicy) -> str:
    """An agent that may call this tool."""
    return next(name for name, (_, scopes) in SCOPES.items() if row.scope in scopes)
