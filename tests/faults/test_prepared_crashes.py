"""Killed between any two writes of a letter that is stamped, sent, entered or voided, and followed:
whoever comes next finishes the work, and nothing is there twice or half.
"""

from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

import pytest
from sqlalchemy import select

from domain.dispatches import queries as dispatches
from domain.identity import tokens
from domain.kernel.ids import new_id
from domain.store.tables import AuditEntry
from tests.faults.dying import FilePost, Mortals, template
from tests.faults.standing import chain_holds
from tests.policies.letters import catalogue
from tests.policies.stamped import (
    ENTERED,
    FILED,
    STAMPED,
    VOIDED,
    WithStamps,
    dispatching,
    topics,
)
from tests.world import World

pytestmark = pytest.mark.both

LEASE_IS_OVER = timedelta(minutes=3)
WINDOW_IS_OVER = timedelta(minutes=20)


@pytest.fixture(scope="module")
def mortals() -> Iterator[Mortals]:
    """Processes that die where they are told to."""
    with template() as ready:
        yield ready


@pytest.fixture
def post(world: World, tmp_path: Path) -> FilePost:
    """A world in which letters are stamped, and leave as lines of a file."""
    post = FilePost(tmp_path / "letters")
    world.registry = WithStamps(post)
    world.catalogue = catalogue()
    return post


async def a_letter(world: World, body: str = "Xin chào") -> str:
    """A letter that both have signed."""
    token = tokens.parse(world.ours.tokens["cro_agent"])
    asked = await world.gate().call(
        token, "test_send_letter", {"letter_id": new_id(), "body": body}
    )
    action_id = str(asked.structured["action_id"])
    await world.decide(action_id, "am")
    await world.decide(action_id, "cfo")
    return action_id


async def stands(world: World, action_id: str) -> tuple[str, list[str]]:
    """The state of the action, and what its tool wrote down."""
    return await world.state(action_id), await topics(world, action_id)


@pytest.mark.parametrize("behaviour", ["deliver", "decline"])
async def test_killed_anywhere_a_stamped_letter_is_entered_or_voided_once(
    world, mortals, post, behaviour
):
    """Each process dies one moment later than the one before, over a letter of its own."""
    done = ("succeeded", [STAMPED, ENTERED]) if behaviour == "deliver" else (
        "failed", [STAMPED, VOIDED]
    )  # fmt: skip
    how = {"letters": str(post.file), "stamped": True, "post": behaviour}
    mortals.practise(world, "run", action_id=await a_letter(world), **how)
    dead, moment, ending = [], 0, None
    while ending is None or ending.died:
        moment += 1
        dead.append(await a_letter(world))
        ending = mortals.send(world, "run", action_id=dead[-1], dies_at=moment, **how)
        assert await stands(world, dead[-1]) in (
            ("approved", []),
            ("executing", [STAMPED]),
            done,
        ), ending.last
    assert moment > 25, "so short a life has not been watched"

    for move in (timedelta(), LEASE_IS_OVER, LEASE_IS_OVER, WINDOW_IS_OVER):
        world.clock.move(move)
        mortals.send(world, "work", **how)

    left = post.letters
    assert len(left) == len(set(left))
    for action_id in dead:
        state, written = await stands(world, action_id)
        arrived = f"act_{action_id}" in left
        assert written == [STAMPED, ENTERED if arrived else VOIDED], (action_id, state)
        assert state == ("succeeded" if arrived else "failed")
    await chain_holds(world)


@pytest.mark.parametrize("kind", ["archive", "mail"])
async def test_killed_anywhere_what_follows_is_repeated_or_unknown_and_never_mailed_twice(
    world, mortals, post, kind
):
    how = {"letters": str(post.file), "stamped": True}
    await world.execute(await a_letter(world, f"then {kind} archive"))
    mortals.practise(world, "follow up", **how)
    died, moment, ending = [], 0, None
    while ending is None or ending.died:
        moment += 1
        died.append(await a_letter(world, f"then {kind} archive"))
        await world.execute(died[-1])
        ending = mortals.send(world, "follow up", dies_at=moment, **how)
        for _ in range(2):
            world.clock.move(LEASE_IS_OVER)
            await dispatching(world, post, "next").run_due(world.ours.id)
    assert moment > 25, "so short a life has not been watched"

    left = post.letters
    for action_id in died:
        async with world.looking() as tx:
            first, second = await dispatches.of_action(tx, action_id)
            told = await tx.all(
                select(AuditEntry.event).where(AuditEntry.object == f"dispatch:{first.id}")
            )
        arrived = left.count(f"{kind}:{first.id}")
        filed = (await topics(world, action_id)).count(FILED)
        if first.state == "done":
            assert (arrived >= 1, second.state, filed) == (True, "done", 2)
        else:
            assert (kind, first.state, second.state, filed) == ("mail", "unknown", "waiting", 0)
            assert left.count(f"archive:{second.id}") == 0
        assert arrived == 1 or kind == "archive" or first.state == "unknown"
        assert arrived <= (1 if kind == "mail" else 2)
        assert told.count("dispatch.begun") == first.attempts
    await chain_holds(world)
