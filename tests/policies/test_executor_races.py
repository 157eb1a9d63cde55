"""An action does not fail for having lost a race, and what cannot be settled disturbs nobody."""

from dataclasses import replace
from datetime import timedelta

import pytest
from sqlalchemy.exc import IntegrityError

from domain.kernel.backoff import FIRST, LONGEST
from domain.kernel.ids import new_id
from policies.approvals import executor as executing
from policies.approvals.backoff import Backoff
from tests.policies.letters import PostOffice, WithLetters, catalogue, without_the_outside
from tests.world import NOW, World

pytestmark = pytest.mark.both


@pytest.fixture
def office(world: World) -> PostOffice:
    """A world in which letters can be sent."""
    office = PostOffice()
    world.registry = WithLetters(office)
    world.catalogue = catalogue()
    return office


async def approved(world: World) -> str:
    """A letter that both have signed."""
    answer = await world.ok("test_send_letter", letter_id=new_id())
    await world.decide(answer["action_id"], "am")
    await world.decide(answer["action_id"], "cfo")
    return str(answer["action_id"])


def refused() -> IntegrityError:
    """What the database says to whoever comes second."""
    return IntegrityError("insert", {}, Exception("unique"))


def colliding(world: World, times: int) -> None:
    """The tool, with all its effects in the database, meets a concurrent change so many times."""
    without_the_outside(world.registry)
    letters = world.registry.letters
    left = [times]

    async def execute(call, arguments):
        if left[0]:
            left[0] -= 1
            raise refused()
        return await letters.execute(call, arguments)

    world.registry.letters = replace(letters, execute=execute)


async def test_an_effect_that_met_a_concurrent_change_is_tried_once_more(world, office):
    colliding(world, 1)
    action_id = await approved(world)

    report = await world.execute(action_id)

    assert (report.state, report.fault) == ("succeeded", None)
    assert list(office.recorded.values()) == [1]


async def test_an_effect_that_the_database_refuses_twice_failed_and_did_nothing(world, office):
    colliding(world, 2)
    action_id = await approved(world)

    report = await world.execute(action_id)

    assert report.state == "failed"
    async with world.looking() as tx:
        row = await executing.load(tx, action_id)
    assert row.error_code == "CONFLICT"
    assert not office.recorded


async def test_whoever_lost_the_race_reports_what_the_winner_did(world, office):
    without_the_outside(world.registry)
    action_id = await approved(world)
    late = world.executor("late")
    claim = late._claim

    async def beaten(tenant_id: str, action_id: str, *_):
        late._claim = claim
        await world.executor("early").run(tenant_id, action_id)
        raise refused()

    late._claim = beaten

    report = await late.run(world.ours.id, action_id)

    assert report.state == "succeeded"
    assert await world.state(action_id) == "succeeded"
    assert list(office.recorded.values()) == [1]


@pytest.mark.parametrize("askable", [True, False])
async def test_what_stays_unknown_takes_no_write_lock(world, office, monkeypatch, askable):
    action_id = await approved(world)
    office.behaviour = "lose_before"
    await world.execute(action_id)
    office.behaviour = "silent"
    if not askable:
        world.registry.letters = replace(world.registry.letters, inquire=None)

    def writing(*_):
        raise AssertionError("nothing is to be written")

    monkeypatch.setattr(executing, "writing", writing)

    (report,) = await world.executor().run_due(world.ours.id)

    assert report.state == "unknown"


async def test_a_provider_that_knows_nothing_is_asked_less_and_less_often(world, office):
    action_id = await approved(world)
    office.behaviour = "lose_before"
    await world.execute(action_id)
    office.behaviour = "deliver"
    worker, asked = world.executor(), []
    know = office.know

    async def counted(order, outside):
        asked.append(order)
        return await know(order, outside)

    world.registry.letters = replace(world.registry.letters, inquire=counted)

    for _ in range(60):
        await worker.run_due(world.ours.id)
        world.clock.move(timedelta(seconds=1))

    assert len(asked) == 5  # after 0, 2, 6, 14 and 30 seconds


def test_the_pause_doubles_up_to_the_longest_and_ends_when_the_action_went_on():
    backoff, now = Backoff(), NOW
    pauses = []
    for _ in range(12):
        backoff.wait("a", now)
        start = now
        while not backoff.due(["a"], now):
            now += timedelta(seconds=1)
        pauses.append(now - start)

    assert pauses[:3] == [FIRST, 2 * FIRST, 4 * FIRST]
    assert pauses[-1] == LONGEST
    backoff.wait("a", now)
    backoff.forget("a")
    assert backoff.due(["a", "b"], now) == ["a", "b"]


def test_a_clock_that_was_put_back_makes_nobody_wait_longer():
    backoff = Backoff()
    backoff.wait("a", NOW)

    assert backoff.due(["a"], NOW) == []
    assert backoff.due(["a"], NOW - timedelta(days=1)) == ["a"]
