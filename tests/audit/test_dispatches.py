"""Audit of dispatches: does the verifier find what followed nobody's approval, or nobody's word?"""

from pathlib import Path

import pytest

from domain.approvals.facts import Outcome
from domain.dispatches.tables import Dispatch, DispatchResolution
from domain.store import chain
from policies.gate import activation
from policies.gate.catalogue import Catalogue
from tests.forgery import kept
from tests.policies.letters import catalogue
from tests.policies.stamped import Depot, ReadingOffice, WithStamps
from tests.policies.test_dispatching import say, sent, states, work
from tests.world import World

pytestmark = pytest.mark.both


@pytest.fixture
async def action_id(world: World) -> str:
    """An archive, a mail that a person found to have left, and another archive after it."""
    shipped = world.catalogue
    world.registry = WithStamps(ReadingOffice())
    world.catalogue = Catalogue(version=shipped.version + 1, tool=catalogue().tool)
    async with world.owning() as tx:
        await activation.activate(tx, world.catalogue, chain.SYSTEM)
    depot = Depot()
    action_id = await sent(world, "archive", "mail", "archive")
    depot.behaviours["mail"] = "lose_after"
    await work(world, depot)
    await say(world, action_id, "mail", "am", Outcome.SEEN)
    await work(world, depot)
    return action_id


async def test_what_people_and_workers_did_is_no_finding(world, action_id, tmp_path: Path):
    assert await states(world, action_id) == ["done", "done", "done"]
    assert await kept(world, tmp_path).findings() == []


FORGED = {
    "what was approved": (
        lambda f, id: f.change(Dispatch, {"action_id": id}, digest="1" * 64),
        "is not about what people approved",
    ),
    "the order": (
        lambda f, id: f.change(Dispatch, {"action_id": id, "n": 1}, state="waiting"),
        "was begun before what stands before it",
    ),
    "the word": (
        lambda f, id: f.change(DispatchResolution, {}, outcome="closed"),
        "signature does not fit the dispatch",
    ),
    "the reason": (
        lambda f, id: f.change(DispatchResolution, {}, reason="Khác"),
        "signature does not fit the dispatch",
    ),
    "gone": (
        lambda f, id: f.delete(DispatchResolution),
        "nobody said so of a dispatch with a key",
    ),
}


@pytest.mark.parametrize("forgery", FORGED)
async def test_what_was_changed_or_taken_away_is_found(world, action_id, tmp_path, forgery):
    archive = kept(world, tmp_path)
    change, expected = FORGED[forgery]

    async with archive.forging() as forger:
        await change(forger, action_id)

    assert any(expected in one for one in await archive.findings())


async def test_a_word_of_somebody_who_might_not_speak_is_found(world, action_id, tmp_path):
    archive = kept(world, tmp_path)

    async with archive.forging() as forger:
        other = world.ours.people["sales"]
        await forger.change(DispatchResolution, {}, person_id=other)

    found = await archive.findings()
    assert any("a key that is not this person's" in one for one in found)


async def test_one_that_follows_what_was_never_carried_out_is_found(world, action_id, tmp_path):
    archive = kept(world, tmp_path)
    waits = await world.ok("test_send_letter", letter_id="0" * 26)

    async with archive.forging() as forger:
        one = await forger.row(Dispatch, action_id=action_id, n=1)
        await forger.add_like(one, Dispatch, id="1" * 26, action_id=waits["action_id"])

    found = await archive.findings()
    assert any("follows an action that was not carried out" in one for one in found)
