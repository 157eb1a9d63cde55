"""Killed at any moment while messages are handed on, nothing is lost and nothing is done twice."""

from collections.abc import Iterator

import pytest
from sqlalchemy import select

from domain.kernel.backoff import pause
from domain.store.subscribers import MOST_FAILURES
from domain.store.tables import DeadLetter, OutboxCursor, OutboxMessage
from tests.faults.dying import Mortals, template
from tests.faults.standing import chain_holds
from tests.faults.test_crashes import everywhere
from tests.store.outbox_samples import TAKEN, dispatcher, taken, tell
from tests.world import World

pytestmark = pytest.mark.both


@pytest.fixture(scope="module")
def mortals() -> Iterator[Mortals]:
    """A template of processes that can die."""
    with template() as ready:
        yield ready


async def standing(world: World) -> tuple[list[str], list[str], list[tuple[int, int]], list[bool]]:
    """What was taken, its echoes, cursor and failures, and whether each dead letter is settled."""
    done = await taken(world)
    async with world.looking() as tx:
        echoes = await tx.all(
            select(OutboxMessage.payload)
            .where(OutboxMessage.topic == TAKEN)
            .order_by(OutboxMessage.seq)
        )
        ours = OutboxCursor.subscriber.startswith("toy")
        cursors = await tx.all(select(OutboxCursor).where(ours))
        dead = await tx.all(select(DeadLetter))
    return (
        done,
        [one["what"] for one in echoes],
        [(one.seq, one.failures) for one in cursors],
        [one.settled_at is not None for one in dead],
    )


async def test_killed_anywhere_a_worker_has_handed_a_message_on_or_not(world, mortals):
    await tell(world, "a")
    mortals.practise(world, "dispatch")
    await tell(world, "b", "c")

    before = (["a"], ["a"], [(1, 0)], [])
    # The echo of the first has number 2.
    one = (["a", "b"], ["a", "b"], [(3, 0)], [])
    both = (["a", "b", "c"], ["a", "b", "c"], [(4, 0)], [])
    seen = await everywhere(
        world, mortals, lambda: standing(world), [before, one, both], task="dispatch"
    )

    assert seen == [before, one, both]
    await chain_holds(world)


async def test_killed_anywhere_a_message_dies_once_and_is_settled_once(world, mortals):
    await tell(world, "bad", bad=True)
    for failures in range(1, MOST_FAILURES):
        await dispatcher(world).dispatch(world.ours.id)
        world.clock.move(pause(failures))

    failed = ([], [], [(0, MOST_FAILURES - 1)], [])
    dead = ([], [], [(1, 0)], [False])
    settled = (["bad"], ["bad"], [(1, 0)], [True])
    died = await everywhere(
        world, mortals, lambda: standing(world), [failed, dead], fewest=6, task="dispatch"
    )
    retried = await everywhere(
        world, mortals, lambda: standing(world), [dead, settled], fewest=6, task="retry dead"
    )

    assert (died, retried) == ([failed, dead], [dead, settled])
    await chain_holds(world)
