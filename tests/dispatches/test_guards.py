"""Guards of dispatches: does the database refuse what follows nobody's approval?"""

from typing import Any

import pytest
from sqlalchemy import update
from sqlalchemy.exc import IntegrityError

from domain.approvals import queries as approvals
from domain.approvals.tables import PendingAction
from domain.dispatches.tables import Dispatch
from domain.kernel.ids import new_id
from tests.policies.letters import catalogue
from tests.policies.stamped import Depot, ReadingOffice, WithStamps
from tests.policies.test_dispatching import sent
from tests.world import World

pytestmark = pytest.mark.both


@pytest.fixture
def depot(world: World) -> Depot:
    """A world in which something follows letters."""
    world.registry = WithStamps(ReadingOffice())
    world.catalogue = catalogue()
    return Depot()


def a_dispatch(action: Any, **other: Any) -> Dispatch:
    """One that follows this action, but for what is said otherwise."""
    values: dict[str, Any] = {
        "action_id": action.id, "n": 1, "tool": action.tool, "kind": "mail",
        "entity_type": action.entity_type, "entity_id": action.entity_id, "payload": {},
        "digest": action.entity_digest, "state": "waiting", "created_at": action.created_at,
    }  # fmt: skip
    return Dispatch(**{**values, **other})


async def test_the_database_refuses_what_follows_no_approved_action(world, depot):
    done = await sent(world)
    answer = await world.ok("test_send_letter", letter_id=new_id())
    await world.decide(answer["action_id"], "am")
    await world.decide(answer["action_id"], "cfo")
    async with world.looking() as tx:
        succeeded, approved = [await approvals.action(tx, id) for id in (done, answer["action_id"])]
    refused = [
        a_dispatch(approved),  # signed, and not carried out
        a_dispatch(succeeded, digest="0" * 64),
        a_dispatch(succeeded, tool="cyberos.test.other"),
        a_dispatch(succeeded, entity_id=new_id()),
        a_dispatch(succeeded, action_id=new_id()),
    ]

    for row in refused:
        with pytest.raises(IntegrityError):
            async with world.owning() as tx:
                tx.add(row)
    with pytest.raises(IntegrityError):
        async with world.owning(world.theirs) as tx:
            tx.add(a_dispatch(succeeded))
    async with world.owning() as tx:
        tx.add(a_dispatch(succeeded))


async def test_the_database_refuses_one_whose_action_has_no_quorum(world, depot):
    answer = await world.ok("test_send_letter", letter_id=new_id())
    await world.decide(answer["action_id"], "am")
    async with world.without_triggers("pending_action"), world.owning() as tx:
        await tx.change(
            update(PendingAction)
            .where(PendingAction.id == answer["action_id"])
            .values(state="executing")
        )
    async with world.looking() as tx:
        action = await approvals.action(tx, answer["action_id"])

    with pytest.raises(IntegrityError, match="follows approved actions only"):
        async with world.owning() as tx:
            tx.add(a_dispatch(action))


@pytest.mark.parametrize(
    "change",
    [
        {"state": "done", "version": 2},
        {"state": "leased", "version": 3, "attempts": 1},
        {"state": "leased", "version": 2, "attempts": 0},
        {"payload": {"letter": "another"}},
        {"kind": "archive"},
        {"digest": "1" * 64},
    ],
)
async def test_the_database_refuses_a_step_that_was_not_taken(world, depot, change):
    action_id = await sent(world, "mail")

    with pytest.raises(IntegrityError):
        async with world.owning() as tx:
            await tx.change(update(Dispatch).where(Dispatch.action_id == action_id).values(change))
