"""Killed at any moment, nothing is half done, and whoever comes next finishes the work, once.

Process after process dies over the same work, each one moment later than the one before; when one
of them has changed something, the next begins to count anew. The first that survives finishes.
"""

from collections.abc import Collection, Iterator
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from domain.identity import tokens
from domain.kernel.ids import new_id
from tests.faults.dying import FilePost, Mortals, template
from tests.faults.standing import Look, Standing, chain_holds, counts, standing
from tests.policies.letters import WithLetters, catalogue
from tests.world import World

pytestmark = pytest.mark.both

LEASE_IS_OVER = timedelta(minutes=3)
CLAIM, DELIVERED = "after COMMIT", "after the letter has left"  # the first such moment
WINDOW_IS_OVER = timedelta(minutes=20)  # after which "not found" is an answer

SIGNED_ONCE = Standing("pending", ("action.proposed", "action.approved_by"))
APPROVED = SIGNED_ONCE.then("approved", "action.approved_by", "action.approved")
CLOSED = APPROVED.then(
    "succeeded", "action.executing", "cyberos.crm.close_deal", "action.succeeded",
    attempts=("ok",), deal="won", engagements=1,
    messages=("deal.created", "deal.won", "engagement.created"),
)  # fmt: skip

READY = APPROVED.then("approved", deal=None, messages=())  # a letter, signed by both
CLAIMED = READY.then("executing", "action.executing", attempts=(None,))
LOST = CLAIMED.then("unknown", "action.unknown")
SENT = CLAIMED.then("succeeded", "cyberos.test.send_letter", "action.succeeded", attempts=("ok",))
FOUND = LOST.then("succeeded", "cyberos.test.send_letter", "action.succeeded", attempts=("ok",))
GIVEN_UP = LOST.then("failed", "action.failed", attempts=("failed",))


@pytest.fixture(scope="module")
def mortals() -> Iterator[Mortals]:
    """Processes that die where they are told to."""
    with template() as ready:
        yield ready


@pytest.fixture
def post(world: World, tmp_path: Path) -> FilePost:
    """A world with a tool that reaches outside: the letters are lines of a file."""
    post = FilePost(tmp_path / "letters")
    world.registry = WithLetters(post)  # type: ignore[arg-type]
    world.catalogue = catalogue()
    return post


async def everywhere(
    world: World,
    mortals: Mortals,
    look: Look,
    allowed: Collection[Any],
    *,
    fewest: int = 8,
    **task: Any,
) -> list[Any]:
    """Let processes die over an task until one survives; every standing that was seen.

    More than `fewest` die for each standing, or the task was not watched.
    """
    seen, moment, deaths = [await look()], 0, 0
    while True:
        moment += 1
        ending = mortals.send(world, **task, dies_at=moment)
        now = await look()
        assert now in allowed, f"after death {ending.last!r}"
        if now != seen[-1]:
            await chain_holds(world)
            seen.append(now)
            moment = 0
        if not ending.died:
            assert deaths > fewest * len(seen), "so short a life has not been watched"
            return seen
        deaths += 1


async def signed_once(world: World) -> str:
    """Closing a deal that needs two signatures, with one of them."""
    deal = await world.a_deal(amount_minor=20_000_000, currency="USD")
    asked = await world.ok("crm_close_deal", deal_id=deal["id"], outcome="won")
    await world.decide(asked["action_id"], "am")
    return str(asked["action_id"])


async def test_B20_killed_anywhere_from_the_last_signature_to_the_effect_it_happens_once(
    world, mortals
):
    mortals.practise(world, "approve", action_id=await signed_once(world), person="cro")
    action_id = await signed_once(world)

    seen = await everywhere(
        world,
        mortals,
        lambda: standing(world, action_id),
        [SIGNED_ONCE, APPROVED, CLOSED],
        task="approve",
        action_id=action_id,
        person="cro",
    )

    assert seen == [SIGNED_ONCE, APPROVED, CLOSED]


CALLS = ["crm_close_deal", "crm_move_stage", "crm_log_activity"]


def arguments(tool: str, deal: dict[str, Any]) -> dict[str, Any]:
    """A call that can be repeated: the same one is carried out once."""
    match tool:
        case "crm_close_deal":
            return {"deal_id": deal["id"], "outcome": "won"}
        case "crm_move_stage":
            return {"deal_id": deal["id"], "to_stage": "discovery", "idempotency_key": new_id()}
        case _:
            what = {"kind": "call", "subject": "Đã gọi lại", "idempotency_key": new_id()}
            return {"deal_id": deal["id"], **what}


@pytest.mark.parametrize("tool", CALLS)
async def test_a_call_killed_anywhere_has_happened_or_not_and_is_repeated_safely(
    world, mortals, tool
):
    account = await world.an_account()
    first, second = await world.a_deal(account), await world.a_deal(account)
    before = await counts(world)
    mortals.practise(world, "call", tool=tool, arguments=arguments(tool, first))
    once = await counts(world)
    twice = {name: 2 * number - before.get(name, 0) for name, number in once.items()}

    seen = await everywhere(
        world,
        mortals,
        lambda: counts(world),
        [once, twice],
        task="call",
        tool=tool,
        arguments=arguments(tool, second),
    )

    assert once != before
    assert seen == [once, twice]


async def a_letter(world: World) -> str:
    """A letter that both have signed."""
    token = tokens.parse(world.ours.tokens["cro_agent"])
    asked = await world.gate().call(token, "test_send_letter", {"letter_id": new_id()})
    action_id = str(asked.structured["action_id"])
    await world.decide(action_id, "am")
    await world.decide(action_id, "cfo")
    return action_id


def key_of(action_id: str) -> str:
    """What the post office knows the letter by."""
    return f"act_{action_id}"


async def test_B20_killed_before_its_claim_is_written_a_letter_waits_for_the_next_worker(
    world, mortals, post
):
    mortals.practise(world, "run", action_id=await a_letter(world), letters=str(post.file))
    action_id = await a_letter(world)

    seen = await everywhere(
        world,
        mortals,
        lambda: standing(world, action_id),
        [READY, CLAIMED],
        task="run",
        action_id=action_id,
        letters=str(post.file),
    )

    assert seen == [READY, CLAIMED]
    assert key_of(action_id) not in post.letters


async def test_B20_killed_between_claim_delivery_and_settlement_no_letter_leaves_twice(
    world, mortals, post
):
    claimed = mortals.send(
        world, "run", action_id=await a_letter(world), letters=str(post.file), dies_at=CLAIM
    )
    moment, dead, ending = claimed.moments, [], claimed
    while ending.died:
        moment += 1
        dead.append(await a_letter(world))
        ending = mortals.send(
            world, "run", action_id=dead[-1], letters=str(post.file), dies_at=moment
        )
        done = ending.last == "after COMMIT"
        assert await standing(world, dead[-1]) == (SENT if done else CLAIMED), ending.last

    world.clock.move(LEASE_IS_OVER)
    await work(world, mortals, post)
    left = set(post.letters)
    for action_id in dead:
        sent = key_of(action_id) in left
        assert await standing(world, action_id) in ([SENT, FOUND] if sent else [LOST])
    world.clock.move(WINDOW_IS_OVER)
    await work(world, mortals, post)

    assert sorted(post.letters) == sorted(left)
    for action_id in dead:
        sent = key_of(action_id) in left
        assert await standing(world, action_id) in ([SENT, FOUND] if sent else [GIVEN_UP])
    await chain_holds(world)


async def test_B21_killed_anywhere_while_a_lost_letter_is_asked_about_the_next_finds_it(
    world, mortals, post
):
    action_id = await a_letter(world)
    mortals.send(world, "run", action_id=action_id, letters=str(post.file), dies_at=DELIVERED)
    world.clock.move(LEASE_IS_OVER)

    seen = await everywhere(
        world,
        mortals,
        lambda: standing(world, action_id),
        [CLAIMED, LOST, FOUND],
        task="work",
        letters=str(post.file),
    )

    assert seen == [CLAIMED, LOST, FOUND]
    assert post.letters == [key_of(action_id)]


async def work(world: World, mortals: Mortals, post: FilePost) -> None:
    """Worker after worker, until there is nothing to do any more."""
    rounds, before = 0, None
    while before != (before := await counts(world)):
        mortals.send(world, "work", letters=str(post.file))
        rounds += 1
        assert rounds < 10, "the workers never come to an end"
