"""Canary: what is not for you does not exist; no tool tells others anything of a private deal."""

import dataclasses
from collections.abc import Iterable

import pytest
import pytest_asyncio
from sqlalchemy import func, select

from domain.activities.tables import Activity
from domain.deals.tables import Deal
from domain.kernel.faults import Fault, Kind
from domain.store.visibility import SYSTEM, restricted_kinds
from policies.gate.catalogue import Catalogue, Effect, ToolPolicy
from policies.gate.contract import Call, Registry, Tool, tool, wire_name
from tests import planting
from tests.canary import Canary, fitting
from tests.tools.samples import valid_calls
from tests.world import World
from tools.shapes import Ask, Id, View

pytestmark = pytest.mark.asyncio(loop_scope="module")

TOY = "cyberos.crm.toy_"


class OfAccount(Ask):
    """Whose."""

    account_id: Id


class OfDeal(Ask):
    """Which."""

    deal_id: Id


class Told(View):
    """What a toy tells."""

    told: list[str]


@tool(f"{TOY}words", title="Toy", answer=Told)
async def WORDS(call: Call, arguments: OfAccount) -> Told:
    """Forget who reads: show subjects."""
    with call.tx.looking_as(SYSTEM):
        found = await call.tx.all(
            select(Activity.subject).where(Activity.account_id == arguments.account_id)
        )
    return Told(told=list(found))


@tool(f"{TOY}count", title="Toy", answer=Told)
async def COUNT(call: Call, arguments: OfAccount) -> Told:
    """Forget who reads: count."""
    with call.tx.looking_as(SYSTEM):
        number = await call.tx.first(
            select(func.count()).where(Deal.account_id == arguments.account_id)
        )
    return Told(told=[str(number)])


@tool(f"{TOY}oracle", title="Toy", answer=Told)
async def ORACLE(call: Call, arguments: OfDeal) -> Told:
    """Say that something is hidden."""
    with call.tx.looking_as(SYSTEM):
        there = await call.tx.get(Deal, arguments.deal_id)
    if there is None:
        raise Fault("NOT_FOUND", Kind.NOT_FOUND, "There is no such deal.")
    raise Fault("HIDDEN", Kind.FORBIDDEN, "The deal is not for you.")


@tool(f"{TOY}write", title="Toy", answer=Told)
async def WRITE(call: Call, arguments: OfDeal) -> Told:
    """Write about a hidden deal."""
    with call.tx.looking_as(SYSTEM):
        if await call.tx.get(Deal, arguments.deal_id) is None:
            raise Fault("NOT_FOUND", Kind.NOT_FOUND, "There is no such deal.")
    return Told(told=[])


TOYS = {one.id: one for one in (WORDS, COUNT, ORACLE, WRITE)}


class WithToys:
    """The registry, and tools that leak."""

    def __init__(self, real: Registry) -> None:
        self._real = real

    def names(self) -> Iterable[str]:
        return [*self._real.names(), *map(wire_name, TOYS)]

    def get(self, tool_id: str) -> Tool | None:
        return TOYS.get(tool_id) or self._real.get(tool_id)


def with_toys(world: World) -> World:
    """The same world with tools that leak among the others."""
    rows = [
        ToolPolicy(
            id=id,
            scope="crm.read",
            effect=Effect.DRAFT if id.endswith("write") else Effect.READ,
        )
        for id in TOYS
    ]
    shipped: Catalogue = world.catalogue
    catalogue = Catalogue.model_construct(
        version=shipped.version,
        rate_max_age_days=shipped.rate_max_age_days,
        tool=(*shipped.tool, *rows),
    )
    return dataclasses.replace(world, registry=WithToys(world.registry), catalogue=catalogue)


@dataclasses.dataclass(frozen=True, slots=True)
class Found:
    """What reached an outsider, what was planted, and whether they changed anything."""

    leaks: list[str]
    planted: planting.Planted
    changed: bool


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def found(shared: World) -> Found:
    """Everything asked of every tool, before there is a private deal and after."""
    samples = await valid_calls(shared)
    number = str(samples["crm_generate_vietqr"]["account_number"])
    ground = await planting.ground(shared, "0071555000111")
    canary = Canary(with_toys(shared), ground, samples)
    await canary.look_before()
    planted = await planting.plant(shared, ground, number)
    await canary.look_after(planted)
    before = await planting.rows_of(shared, planted)
    await canary.change(planted)
    changed = before != await planting.rows_of(shared, planted)
    return Found(canary.leaks, planted, changed)


async def test_E09_no_tool_resource_prompt_or_completion_tells_an_outsider_of_a_private_deal(found):
    assert [leak for leak in found.leaks if not leak.startswith("crm_toy_")] == []
    assert not found.changed


async def test_the_canary_names_every_tool_that_leaks(found):
    told = {toy: [leak for leak in found.leaks if leak.startswith(f"crm_toy_{toy}")] for toy in
            ("words", "count", "oracle", "write")}  # fmt: skip

    assert any("shows ['Hoàng Yến Kín']" in leak for leak in told["words"])
    assert any("tells of it" in leak for leak in told["count"])
    assert any("HIDDEN" in leak for leak in told["oracle"])
    assert any("knows the id" in leak for leak in told["write"])


async def test_every_table_that_not_everybody_may_see_has_a_canary(found):
    tables = {kind.__tablename__ for kind in restricted_kinds()} - found.planted.asked.keys()

    assert planting.unplanted(restricted_kinds()) == []
    assert tables == set(planting.UNPLANTED), "plant a row of it"
    assert found.planted.asked.keys() >= planting.PLANTED
    assert len(found.planted.ids) >= 8


async def test_an_argument_that_nothing_fits_is_named():
    nothing = planting.Ground({}, "")

    assert list(fitting({"type": "string", "pattern": "^[A-F]{9}$"}, nothing)) == []
