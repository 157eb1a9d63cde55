"""Policy shapes: do the proofs by shape reach every tool, and
do they name the one that breaks a promise?
"""

import pytest

from policies.gate import floor
from tests import shapes

SHIPPED = floor.load_checked()


def test_every_shape_is_proved_on_both_databases_and_every_tool_on_one():
    *each, last = shapes.proofs(SHIPPED.tool)

    assert {shapes.of(row) for one in each for row in one.values[0]} == {
        shapes.of(row) for row in SHIPPED.tool
    }
    assert all(mark.name == "both" for one in each for mark in one.marks)
    assert last.values == (SHIPPED.tool,) and not last.marks
    assert len(each) < len(SHIPPED.tool) / 2, "that is what shapes are for"


async def test_a_tool_that_writes_where_nothing_should_change_is_named(world):
    named = {name: SHIPPED.by_name[name] for name in ("whoami", "crm_create_account")}

    async def calling() -> None:
        async with shapes.nothing_changes(world) as watch:
            for row in watch.each(named.values()):
                arguments = {} if row.name == "whoami" else {"name": "A", "account_type": "llc"}
                await world.ok(row.name, **arguments)

    with pytest.raises(AssertionError, match=r"'account': \['crm_create_account'\]"):
        await calling()
