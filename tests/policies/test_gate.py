"""Gate: who comes through the gate, and what do the others learn?

For one tool of each shape on both databases, and for every tool there is (tests/shapes.py).
"""

import dataclasses
import logging
from datetime import timedelta

import pytest
import pytest_asyncio
from mcp.shared.exceptions import MCPError

from domain.identity import service as identity
from domain.kernel.faults import Fault, Kind
from policies.gate import floor
from policies.gate.catalogue import Confirm
from policies.gate.contract import Answer, Arguments, tool
from policies.gate.registry import LazyRegistry
from tests import shapes
from tests.rows import denials, difference, everything
from tests.tools.samples import agent_for, valid_calls
from tests.wire import spoken
from tests.world import SCOPES, World, fault, fault_code

pytestmark = pytest.mark.asyncio(loop_scope="module")

SHIPPED = floor.load_checked()
ROWS = pytest.mark.parametrize("rows", shapes.proofs(SHIPPED.tool))
CHANGING = pytest.mark.parametrize(
    "rows", shapes.proofs(row for row in SHIPPED.tool if not row.is_read)
)
UNAVAILABLE = Fault("POLICY_UNAVAILABLE", Kind.FORBIDDEN, "The policy table is missing.")


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def calls(shared: World):
    """Right arguments for every tool."""
    return await valid_calls(shared)


async def refused(client, name, arguments) -> str:
    """Everything a client is told when there is no such tool."""
    with pytest.raises(MCPError) as caught:
        await client.call_tool(name, arguments)
    return caught.value.error.model_dump_json()


@ROWS
async def test_A01_without_its_scope_a_tool_is_one_that_does_not_exist(shared, calls, rows):
    held = SCOPES["narrow_agent"][1]
    closed = [row for row in rows if row.scope not in held]
    async with shapes.nothing_changes(shared) as watch, shared.client("narrow_agent") as client:
        listed = await client.list_tools()
        unknown = await refused(client, "crm_make_coffee", {})
        for row in watch.each(closed):
            answers = {
                await refused(client, row.name, calls[row.name]),
                await refused(client, row.id, calls[row.name]),
                await refused(client, row.name, {"nonsense": "\0", "approved_by": "am"}),
            }
            assert answers == {unknown}, row.name

    assert {one.name for one in listed.tools} == {
        row.name for row in SHIPPED.tool if row.scope in held
    }
    assert '"code":-32602' in unknown
    assert {(f"tool:{row.name}", "SCOPE_MISSING", 1) for row in closed} <= {*await denials(shared)}


@pytest.mark.parametrize("scope", sorted({row.scope for row in SHIPPED.tool}))
async def test_A02_every_scope_but_its_own_opens_no_tool(shared, scope):
    others = sorted(identity.known_scopes() - {scope})
    async with shared.owning() as tx:
        _, shared.ours.tokens["others"] = await identity.add_agent(
            tx,
            name=f"all but {scope}",
            person_id=shared.ours.people["admin"],
            scopes=others,
            expires_at=tx.at + timedelta(days=1),
        )

    async with shared.client("others") as client:
        listed = {one.name for one in (await client.list_tools()).tools}
        for row in SHIPPED.tool:
            if row.scope == scope:
                await refused(client, row.name, {})

    assert listed == {row.name for row in SHIPPED.tool if row.scope != scope}


@pytest.mark.parametrize(
    "name",
    [
        "CRM_GET_DEAL", "crm_get_deal ", " crm_get_deal", "crm_get_deal\0", "crm.get_deal",
        "cyberos.crm.get_deal.", "cyberos.cyberos.crm.get_deal", "cyberos_crm_get_deal",
        "сrm_get_deal", "crm_get_deаl", "ｃrm_get_deal", "crm_get\u200b_deal", "crm_get_de\u0301al",
        "crm_get_deal/../crm_close_deal", "", "tools", "__proto__", "x" * 100_000,
    ],
    ids=lambda name: ascii(name)[:40],
)  # fmt: skip
async def test_A03_a_name_that_only_looks_like_a_tool_is_none(shared, calls, name):
    before = await everything(shared)

    async with shared.client() as client:
        unknown = await refused(client, "crm_make_coffee", {})
        answer = await refused(client, name, calls["crm_get_deal"])

    assert answer == unknown
    assert difference(before, await everything(shared)) == {}


@CHANGING
async def test_A04_a_server_that_only_reads_neither_lists_nor_runs_what_changes(
    shared, calls, rows
):
    async with shapes.nothing_changes(shared) as watch:
        for row in watch.each(rows):
            async with shared.client(agent_for(row), read_only=True) as client:
                listed = {one.name for one in (await client.list_tools()).tools}
                plain = await client.call_tool(row.name, calls[row.name])
                loosened = await client.call_tool(
                    row.id, {**calls[row.name], "read_only": False}, meta={"X-Read-Only": "false"}
                )
                alive = await client.call_tool("whoami", {})

            assert listed == {one.name for one in SHIPPED.tool if one.is_read and _may(row, one)}
            assert fault_code(plain) == fault_code(loosened) == "READ_ONLY_MODE", row.name
            assert not alive.is_error

    assert {(f"tool:{row.name}", "READ_ONLY_MODE", 1) for row in rows} <= {*await denials(shared)}


@ROWS
@pytest.mark.parametrize("table", ["none", "not the one activated"])
async def test_A06_without_a_policy_there_is_only_reading(shared, calls, rows, table):
    catalogue = floor.reading_only() if table == "none" else SHIPPED
    without = dataclasses.replace(shared, catalogue=catalogue)

    async with shapes.nothing_changes(shared, but=_OUTSIDE) as watch:
        for row in watch.each(rows):
            at_once = {"wait_seconds": 0} if row.name == "approvals_get" else {}
            async with without.client(agent_for(row), policy_fault=UNAVAILABLE) as client:
                listed = {one.name for one in (await client.list_tools()).tools}
                answer = await client.call_tool(row.name, {**calls[row.name], **at_once})

            assert listed == {one.name for one in SHIPPED.tool if one.is_read and _may(row, one)}
            if row.is_read:
                assert not answer.is_error, row.name
            else:
                assert fault_code(answer) == "POLICY_UNAVAILABLE", row.name

    denied = {(f"tool:{row.name}", "POLICY_UNAVAILABLE", 1) for row in rows if not row.is_read}
    assert denied <= {*await denials(shared)}


async def test_the_canonical_id_is_an_alias_of_the_name(shared):
    for row in SHIPPED.tool:
        async with shared.client(agent_for(row)) as client:
            by_name = await client.call_tool(row.name, {"nonsense": 1})
            by_id = await client.call_tool(row.id, {"nonsense": 1})

        assert fault_code(by_name) == "INVALID_ARGS"
        assert fault(by_id) == fault(by_name)


async def test_a_token_that_ends_while_somebody_speaks_opens_nothing_any_more(shared, calls):
    """Revoked, expired, and its person gone: on the next call, whatever is called."""
    async with shared.owning() as tx:
        for name, days in (("revoked", 80), ("expired", 1), ("orphan", 80)):
            gone, _ = await identity.add_person(
                tx, email=f"{name}@gone.vn", display_name="X", roles=[], workspaces=[]
            )
            _, shared.ours.tokens[name] = await identity.add_agent(
                tx,
                name=name,
                person_id=gone.id,
                scopes=sorted(identity.known_scopes()),
                expires_at=tx.at + timedelta(days=days),
            )
    for name in ("revoked", "expired", "orphan"):
        async with shared.client(name) as client:
            assert not (await client.call_tool("whoami", {})).is_error
            await _end(shared, name)
            before = await everything(shared)

            codes = {
                fault_code(await client.call_tool(row.name, arguments))
                for row in SHIPPED.tool
                for arguments in (calls[row.name], {"nonsense": 1})
            }
            with pytest.raises(MCPError) as unlisted:
                await client.list_tools(cache_mode="bypass")

            assert codes == {"TOKEN_INVALID"}
            assert "TOKEN_INVALID" in unlisted.value.error.message
            assert difference(before, await everything(shared)) == {}
        shared.clock.move(-timedelta(days=2) if name == "expired" else timedelta(0))


async def test_refusals_are_chained_at_once_and_then_summed_up_every_minute(shared):
    """Also those of an agent that never does anything it may."""
    before = len(await denials(shared))
    async with shared.client("narrow_agent") as client:
        for _ in range(5):
            await refused(client, "crm_close_deal", {})
        at_once = (await denials(shared))[before:]
        shared.clock.move(timedelta(seconds=61))
        for _ in range(3):
            await refused(client, "crm_close_deal", {})
        a_minute_later = (await denials(shared))[before:]
        shared.clock.move(timedelta(seconds=61))
        await refused(client, "crm_get_deal", {})
        after_another = (await denials(shared))[before:]

    close = "tool:crm_close_deal"
    assert at_once == [(close, "SCOPE_MISSING", 1)]
    assert a_minute_later == [*at_once, (close, "SCOPE_MISSING", 1), (close, "SCOPE_MISSING", 4)]
    assert after_another == [
        *a_minute_later,
        ("tool:crm_get_deal", "SCOPE_MISSING", 1),
        (close, "SCOPE_MISSING", 2),
    ]


class Nothing(Arguments):
    """No arguments."""


@tool("cyberos.whoami", title="Who am I", answer=Answer)
async def broken(call, arguments: Nothing) -> Answer:
    """Break, for tests only, with everything in the message that must never be seen."""
    raise RuntimeError("password=hunter2 SELECT * FROM person")


class WithABrokenTool(LazyRegistry):
    """The shipped tools, one of which breaks."""

    def get(self, tool_id):
        return broken if tool_id == "cyberos.whoami" else super().get(tool_id)


async def test_a_tool_that_breaks_says_nothing_of_how_and_the_log_says_all(shared, caplog):
    with_it = dataclasses.replace(shared, registry=WithABrokenTool())
    before = await everything(shared, but=_OUTSIDE)

    async with spoken(with_it) as wire:
        with caplog.at_level(logging.ERROR, logger="cyberos"):
            answer = await wire.call("whoami", "{}")
        alive = await wire.call("crm_list_deals", '{"limit":1}')

    assert answer["result"]["content"][0]["text"].startswith("INTERNAL_ERROR: Something broke")
    assert "hunter2" not in str(answer) and "RuntimeError" not in str(answer)
    assert "hunter2" in caplog.text and "Traceback" in caplog.text
    assert alive["result"]["isError"] is False
    assert difference(before, await everything(shared, but=_OUTSIDE)) == {}


_OUTSIDE = frozenset({"audit_entry", "audit_head", "audit_blob", "call_counter", "agent"})


def _may(row, other) -> bool:
    """Whether the agent that may call the one tool may call the other."""
    return other.scope in SCOPES[agent_for(row)][1]


async def _end(world: World, name: str) -> None:
    async with world.owning() as tx:
        if name == "revoked":
            await identity.revoke_agent(tx, name)
        if name == "orphan":
            found = await identity.queries.agent_by_name(tx, name)
            person = await tx.get(identity.Person, found.person_id)
            person.active = False
    if name == "expired":
        world.clock.move(timedelta(days=2))


@pytest.mark.parametrize(
    "row", [row for row in SHIPPED.tool if row.confirm is Confirm.PREDICATE], ids=lambda r: r.name
)
async def test_what_runs_at_once_when_nobody_has_to_be_asked_reaches_nothing_outside(row):
    """The gate runs it in its own transaction; what reaches outside is the executor's alone."""
    made = LazyRegistry().get(row.id)

    assert made is not None and made.execute is not None
    assert made.deliver is None
