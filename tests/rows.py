"""Rows of a company: what stands in a company's tables?
All of it, so that a test can say that nothing changed.
"""

import json
from collections import Counter
from importlib import import_module
from pathlib import Path
from typing import Any

from sqlalchemy import text

from domain.store.schema import Base
from tests.world import Company, World

# What is written down about calls whatever became of them: an attempt is to be proved later.
TRACES = frozenset({"audit_entry", "audit_head", "audit_blob", "audit_row", "call_counter"})

# Tables of the whole installation.
WITHOUT_TENANT = frozenset({"deployment", "guard_tool", "tenant_directory"})

Rows = dict[str, list[Any]]


def tables() -> list[str]:
    """Every table of the program, by name."""
    for file in sorted((Path(__file__).parents[1] / "domain").glob("*/tables.py")):
        import_module(f"domain.{file.parent.name}.tables")
    return sorted(Base.metadata.tables)


async def everything(
    world: World, company: Company | None = None, *, but: frozenset[str] = TRACES
) -> Rows:
    """Every row of a company, table by table, the traces of calls aside."""
    found: Rows = {}
    async with world.looking(company) as tx:
        for name in tables():
            if name in but:
                continue
            own = "" if name in WITHOUT_TENANT else " where tenant_id = :tenant"
            listing = text(f"select * from {name}{own}")  # noqa: S608 - the names are ours
            rows = await tx.session.execute(listing, {"tenant": tx.tenant_id} if own else {})
            found[name] = sorted(map(repr, rows))
    return found


def difference(before: Rows, after: Rows) -> dict[str, tuple[int, int]]:
    """How many rows of each table are gone, and how many are new; a changed row is both.

    Of the tables that were looked at both times.
    """
    changes = {}
    for name in before.keys() & after.keys():
        old, new = Counter(before[name]), Counter(after[name])
        if old != new:
            changes[name] = ((old - new).total(), (new - old).total())
    return changes


async def denials(world: World, company: Company | None = None) -> list[tuple[str, str, int]]:
    """The refusals in the audit chain, in their order: object, code, how many at once."""
    found = []
    async with world.looking(company) as tx:
        listing = text(
            "select body from audit_entry where tenant_id = :tenant and event = 'call.denied'"
            " order by seq"
        )
        for (body,) in await tx.session.execute(listing, {"tenant": tx.tenant_id}):
            entry = json.loads(body)
            found.append((entry["object"], entry["code"], entry["data"]["count"]))
    return found
