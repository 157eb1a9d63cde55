"""The clock jumps, back and forth: order, expiry, chain and leases hold."""

import json
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

import pytest
from mcp.shared.exceptions import MCPError
from sqlalchemy import select

from domain.approvals import queries as approvals
from domain.kernel import ids
from domain.kernel.clock import HandClock, milliseconds
from domain.kernel.faults import Fault
from domain.kernel.ids import new_id
from domain.store.audit_report import Report
from domain.store.audit_verify import verify_chain
from domain.store.tables import AuditEntry
from policies.gate.contract import Declined, Delivered, Order, Outside
from tests.faults.standing import chain_holds, standing
from tests.policies.letters import PostOffice, WithLetters, catalogue
from tests.world import World, fault_code

pytestmark = pytest.mark.both

INSTANT = timedelta(microseconds=1)
HOUR = timedelta(hours=1)
LEASE_IS_OVER = timedelta(minutes=3)
SMALL = {"amount_minor": 500_000, "currency": "USD"}  # one signature is enough
JUMPS = [-timedelta(days=1), -INSTANT, HOUR, -HOUR, timedelta(days=2), -timedelta(days=1)]


# --- ids ---


@pytest.mark.parametrize("hours", [-24, 0, 24])
def test_ids_of_a_process_sort_though_the_clock_has_jumped(hours):
    sequence = ids._Sequence()
    sequence._last = milliseconds() + hours * 3_600_000 << ids._RANDOM_BITS  # given out before

    numbers = [sequence._last, *(sequence.next() for _ in range(1_000))]

    assert numbers == sorted(set(numbers))


def test_ids_sort_as_text_as_they_were_given_out():
    made = [new_id() for _ in range(1_000)]

    assert made == sorted(set(made))


# --- expiry ---


async def expiry(world: World, action_id: str) -> datetime:
    async with world.looking() as tx:
        row = await approvals.action(tx, action_id)
    return row.expires_at


async def test_B12_a_vote_counts_until_the_last_instant_before_the_expiry(world):
    early = (await world.proposed_close(**SMALL))["action_id"]
    late = (await world.proposed_close(**SMALL))["action_id"]
    ends = await expiry(world, early)

    world.clock.move(ends - world.clock.now() - INSTANT)
    await world.decide(early, "am")
    world.clock.move(INSTANT)
    with pytest.raises(Fault) as caught:
        await world.decide(late, "am")

    assert caught.value.code == "ACTION_EXPIRED"
    assert await world.state(early) == "approved"


@pytest.mark.parametrize(("before", "state"), [(INSTANT, "succeeded"), (timedelta(), "expired")])
async def test_B13_what_is_approved_is_carried_out_until_the_last_instant(world, before, state):
    action_id = (await world.proposed_close(**SMALL))["action_id"]
    await world.decide(action_id, "am")

    world.clock.move(await expiry(world, action_id) - world.clock.now() - before)
    await world.execute(action_id)

    assert await world.state(action_id) == state


async def test_what_has_expired_stays_so_when_the_clock_goes_back(world):
    action_id = (await world.proposed_close(**SMALL))["action_id"]
    await world.decide(action_id, "am")
    ends = await expiry(world, action_id)
    world.clock.move(ends - world.clock.now())
    await world.executor().run_due(world.ours.id)

    world.clock.move(-HOUR)
    report = await world.execute(action_id)

    assert report.fault is not None
    assert await world.state(action_id) == "expired"
    assert (await standing(world, action_id)).deal == "open"


async def test_a_token_is_good_until_the_last_instant_and_again_when_the_clock_goes_back(world):
    world.clock.move(timedelta(days=90) - INSTANT)  # as tests/world.py lets them live
    codes = []

    for jump in (timedelta(), INSTANT, -INSTANT):
        world.clock.move(jump)
        answer = await world.call("whoami")
        codes.append(fault_code(answer) if answer.is_error else "ok")

    assert codes == ["ok", "TOKEN_INVALID", "ok"]


# --- chain ---


async def test_the_chain_is_whole_though_its_times_go_back(world):
    world.clock.move(-25 * HOUR)  # what is asked for at a time to come is not signed
    action_id = (await world.proposed_close(**SMALL))["action_id"]
    world.clock.move(25 * HOUR)
    steps: list[Callable[[], Awaitable[object]]] = [
        world.an_account,
        world.a_deal,
        lambda: world.decide(action_id, "am"),
        lambda: world.execute(action_id),
        world.an_account,
        world.a_deal,
    ]

    for jump, step in zip(JUMPS, steps, strict=True):
        world.clock.move(jump)
        await step()

    async with world.looking() as tx:
        await verify_chain(tx, report := Report(world.ours.id))
        times = await tx.all(select(AuditEntry.at).order_by(AuditEntry.seq))
    assert {one.what for one in report.findings} == {"is dated before one that stands before it"}
    assert times != sorted(times)
    assert await chain_holds(world) == len(times)
    assert await world.state(action_id) == "succeeded"


async def test_a_refusal_is_chained_soon_whichever_way_the_clock_has_jumped(world):
    seen = []

    async with world.client("reader_agent") as client:
        for jump in (timedelta(), INSTANT, -HOUR, INSTANT, 2 * HOUR):
            world.clock.move(jump)
            with pytest.raises(MCPError):
                await client.call_tool("crm_create_account", {"name": "x", "account_type": "llc"})
            seen.append(await refusals(world))

    assert [len(entries) for entries in seen[:4]] == [1, 1, 2, 2]
    assert sum(seen[-1]) == 5


async def refusals(world: World) -> list[int]:
    """For each entry about refused calls, how many of them there were."""
    async with world.looking() as tx:
        denied = select(AuditEntry.body).where(AuditEntry.event == "call.denied")
        return [json.loads(body)["data"]["count"] for body in await tx.all(denied)]


# --- leases ---


@dataclass
class SlowOffice(PostOffice):
    """A post office that lets something happen while it takes a letter."""

    meanwhile: Callable[[], Awaitable[object]] | None = None

    async def take(self, order: Order, outside: Outside) -> Delivered | Declined:
        if self.meanwhile is not None:
            await self.meanwhile()
        return await super().take(order, outside)


@pytest.fixture
def office(world: World) -> SlowOffice:
    """A world in which letters can be sent."""
    office = SlowOffice()
    world.registry = WithLetters(office)
    world.catalogue = catalogue()
    return office


async def a_letter(world: World) -> str:
    """A letter that both have signed."""
    asked = await world.ok("test_send_letter", letter_id=new_id())
    await world.decide(asked["action_id"], "am")
    await world.decide(asked["action_id"], "cfo")
    return str(asked["action_id"])


async def others(world: World) -> None:
    """What every other worker does all the time."""
    async with world.looking() as tx:
        waiting = await approvals.actions(tx, limit=10)
    await world.executor("another").run_due(world.ours.id)
    for row in waiting.rows:
        await world.executor("another").run(world.ours.id, row.id)


@pytest.mark.parametrize("jump", [-timedelta(days=1), LEASE_IS_OVER, timedelta(days=1)])
async def test_a_clock_that_jumps_while_a_letter_leaves_sends_no_second_one(world, office, jump):
    action_id = await a_letter(world)

    async def meanwhile():
        world.clock.move(jump)
        await others(world)

    office.meanwhile = meanwhile
    await world.executor("first").run(world.ours.id, action_id)
    world.clock.move(-jump)
    await others(world)

    assert office.calls == [f"act_{action_id}"]
    assert list(office.delivered.values()) == [1]
    assert list(office.recorded.values()) == [1]
    assert await world.state(action_id) == "succeeded"


@pytest.mark.parametrize("jump", [-timedelta(days=1), -INSTANT])
async def test_a_lease_is_not_taken_twice_when_the_clock_goes_back(world, office, jump):
    action_id = await a_letter(world)
    first = world.executor("first")
    _, order = await first._claim(world.ours.id, action_id)

    world.clock.move(jump)
    report = await world.executor("another").run(world.ours.id, action_id)
    await others(world)
    delivered = await first._deliver(order)

    assert (report.state, report.fault.code) == ("executing", "ACTION_CONFLICT")
    assert delivered.state == "succeeded"
    assert list(office.delivered.values()) == [1]


async def test_B20_a_worker_that_slept_past_its_lease_sends_nothing_any_more(world, office):
    action_id = await a_letter(world)
    first = world.executor("first")
    _, order = await first._claim(world.ours.id, action_id)

    world.clock.move(LEASE_IS_OVER)
    report = await first._deliver(order)
    await others(world)

    assert report.fault.code == "ACTION_CONFLICT"
    assert office.calls == []
    assert await world.state(action_id) == "unknown"


@pytest.mark.parametrize("skew", [-HOUR, LEASE_IS_OVER, HOUR])
async def test_two_workers_whose_clocks_differ_send_one_letter(world, office, skew):
    action_id = await a_letter(world)
    elsewhere = replace(world, clock=HandClock(world.clock.now() + skew))
    office.meanwhile = lambda: others(elsewhere)

    await world.execute(action_id)
    await others(elsewhere)
    await others(world)

    assert list(office.delivered.values()) == [1]
    assert list(office.recorded.values()) == [1]
    assert await world.state(action_id) == "succeeded"
