"""The protocol's own conformance suite tries the HTTP server, in both eras of the protocol.

It comes in through everything that stands before a tool: host, origin, token, rate, body and gate.
What it looks for are tools, prompts and addresses of its own, so most of it is run against the
test toolset (tests/clients/conformance), and what every server has to do against the product too.
What is not green is listed, check by check, with the reason, in node/conformance/expected.toml.

`make clients` installs the suite from its lock file, with the newer Node it needs.
"""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import replace
from pathlib import Path

import pytest
from mcp.shared.exceptions import MCPError

from domain.store.chain import SYSTEM
from policies.gate import activation, floor
from server import wiring
from server.http.limits import Limits
from tests.clients.conformance import suite
from tests.clients.conformance.answering import Introduced, in_form, state_kept, workbench
from tests.clients.conformance.toolset import TOOLS
from tests.clients.conformance.words import TOOLSET
from tests.http.serving import LEGACY, MODERN, Site, message, site
from tests.world import World, fault_code, migrated, opened

REQUIRED = {MODERN: 37, LEGACY: 30}  # by the protocol; the README tells how many are green
FAILING = {MODERN: 1, LEGACY: 9}
ERAS = pytest.mark.parametrize("era", [MODERN, LEGACY])

SCHEMA = "wire-schema-valid"

# Our bounds, but for the pace: how quick the suite is depends on the machine it runs on.
LIMITS = Limits(calls_per_second=200, calls_at_once=600)

installed = pytest.mark.skipif(
    not suite.is_installed(),
    reason="the conformance suite, or a Node of 22 or newer, is not installed: make clients",
)


@pytest.fixture
async def world(tmp_path: Path) -> AsyncIterator[World]:
    async with opened(await migrated("sqlite", tmp_path)) as made:
        yield made


@installed
@ERAS
async def test_the_test_toolset_is_green_but_for_what_is_listed(world, era, tmp_path):
    async with toolset_served(world) as there:
        report = await suite.run(f"http://{there.host}/mcp", era, tmp_path / "results")

    required = suite.required(era)
    assert required <= report.scenarios
    assert (len(required), len(required & report.failing)) == (REQUIRED[era], FAILING[era])
    assert report.not_green.keys() == suite.listed("toolset", era), report.not_green


@installed
@ERAS
async def test_the_product_is_green_where_the_suite_needs_no_tool_of_its_own(world, era, tmp_path):
    async with product_served(world) as there:
        report = await suite.run(f"http://{there.host}/mcp", era, tmp_path / "results")

    for_any_server = set(suite.expected()["for_any_server"][era])
    assert for_any_server <= report.scenarios
    known = report.of(for_any_server).not_green
    assert known.keys() == suite.listed("product", era), known
    # Whatever is asked of it, each of its messages is as the protocol's schema says.
    assert not [one for one in report.not_green if one.endswith(f":{SCHEMA}")]
    assert (
        len([one for found in report.checks.values() for one in found if one["id"] == SCHEMA]) > 20
    )


def test_the_test_toolset_is_no_part_of_the_product():
    product = floor.load_checked()

    assert not set(TOOLS.names()) & set(wiring.registry().names())
    assert not set(TOOLS.names()) & product.by_name.keys()
    assert TOOLSET not in {row.toolset for row in product.tool}


async def test_the_test_toolset_stands_behind_token_and_scope_like_every_tool(world):
    async with toolset_served(world) as there:
        wrong = await there.ask(message("tools/list"), token="cyb_a_b_c")
        async with there.client("narrow_agent") as client:
            shown = (await client.list_tools()).tools
            with pytest.raises(MCPError) as unknown:
                await client.call_tool("test_simple_text", {})
        async with there.client("reader_agent") as client:
            extra = await client.call_tool("test_simple_text", {"more": 1})
            said = await client.call_tool("test_simple_text", {})

    assert (wrong.status, wrong.code) == (401, "TOKEN_INVALID")
    assert (shown, unknown.value.message) == ([], "Unknown tool")
    assert fault_code(extra) == "INVALID_ARGS"
    assert said.content[0].text == "A simple text for testing."


@ERAS
@pytest.mark.parametrize("server", ["toolset", "product"])
def test_every_listed_check_has_its_reason_and_stands_once(server, era):
    groups = suite.groups(server, era)
    checks = [check for one in groups for check in one["checks"]]

    assert len(set(checks)) == len(checks)
    assert all(one["why"].endswith(".") for one in groups)


@asynccontextmanager
async def toolset_served(world: World) -> AsyncIterator[Site]:
    """The server as `cyberos http` makes it, with the test toolset instead of ours."""
    table = TOOLS.catalogue()
    async with world.owning() as tx:
        await activation.activate(tx, table, SYSTEM)
    tested = replace(world, registry=TOOLS, catalogue=table)
    also = [state_kept(), in_form]
    async with site(
        tested, limits=LIMITS, answering=workbench, middleware=also, allow_itself=True,
        front=lambda door: Introduced(door, world.ours.tokens["reader_agent"]),
    ) as there:  # fmt: skip
        yield there


@asynccontextmanager
async def product_served(world: World) -> AsyncIterator[Site]:
    """The server as `cyberos http` makes it, with every toolset."""
    token = world.ours.tokens["cro_agent"]
    async with site(
        world, limits=LIMITS, allow_itself=True, front=lambda door: Introduced(door, token)
    ) as there:
        yield there
