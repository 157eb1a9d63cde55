"""Shapes of policy: on which tools is a promise of the gate proved, when there are many?

The gate knows no tool by name: what it does depends on effect, confirmation, prefetch, and whether
a tool is listed by default. So the whole proof, with every row of the company held against what it
was, is made for one tool of each shape, on both databases. Every tool goes through the same
promise once more in one test on one database, with one look at the rows for all of them; who wrote
what is overheard, so that a failure names the tool.

    @pytest.mark.parametrize("rows", shapes.proofs(CATALOGUE.tool))
    async def test_promise(shared, calls, rows):
        async with shapes.nothing_changes(shared) as watch:
            for row in watch.each(rows):
                ...
"""

import re
from collections import defaultdict
from collections.abc import AsyncIterator, Iterable, Iterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Any

import pytest

from policies.gate.catalogue import Confirm, Effect, ToolPolicy
from policies.gate.fitting import file_of
from server import wiring
from tests.rows import TRACES, difference, everything
from tests.traffic import overheard
from tests.world import Company, World

REGISTRY = wiring.registry()
_WRITES = re.compile(r"\s*(?:insert\s+into|update|delete\s+from)\s+(\w+)", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class Shape:
    """All that the gate asks about a tool."""

    effect: Effect
    confirm: Confirm
    prefetches: bool
    is_listed: bool


def of(row: ToolPolicy) -> Shape:
    """The shape of a tool."""
    tool = REGISTRY.get(row.id)
    assert tool is not None, f"{row.name}: policy row exists but {file_of(row)} is missing"
    return Shape(row.effect, row.confirm, tool.prefetch is not None, row.toolset == "default")


def one_of_each(rows: Iterable[ToolPolicy]) -> list[ToolPolicy]:
    """The first tool of each shape, by name."""
    found: dict[Shape, ToolPolicy] = {}
    for row in sorted(rows, key=lambda row: row.name):
        found.setdefault(of(row), row)
    return list(found.values())


def proofs(rows: Iterable[ToolPolicy]) -> list[Any]:
    """What a promise is tested with: one tool of each shape on both databases, and all on one."""
    rows = tuple(rows)
    each = [pytest.param((row,), id=row.name, marks=pytest.mark.both) for row in one_of_each(rows)]
    return [*each, pytest.param(rows, id="every tool")]


def written_to(statement: str) -> str:
    """The table that a statement writes to; empty for what only reads."""
    found = _WRITES.match(statement)
    return found[1] if found else ""


@dataclass
class Watch:
    """Which tool is being called, and what was written meanwhile."""

    tool: str = ""
    writes: dict[str, set[str]] = field(default_factory=lambda: defaultdict(set))

    def each(self, rows: Iterable[ToolPolicy]) -> Iterator[ToolPolicy]:
        """The rows, one after the other, under observation."""
        for row in rows:
            self.tool = row.name
            yield row
        self.tool = ""

    def note(self, _connection: Any, statement: str) -> None:
        if table := written_to(statement):
            self.writes[table].add(self.tool)

    def suspects(self, tables: Iterable[str]) -> dict[str, list[str]]:
        """The tools that wrote to these tables."""
        return {table: sorted(self.writes[table]) for table in tables}


@asynccontextmanager
async def nothing_changes(
    world: World, *others: Company, but: frozenset[str] = TRACES
) -> AsyncIterator[Watch]:
    """Every row of our company, and of these, is the same after the block as before it."""
    watch, companies = Watch(), (world.ours, *others)
    before = [await everything(world, company, but=but) for company in companies]
    with overheard(watch.note):
        yield watch
    for company, rows in zip(companies, before, strict=True):
        changed = difference(rows, await everything(world, company, but=but))
        assert changed == {}, watch.suspects(changed)
