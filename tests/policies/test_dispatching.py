"""Dispatching: what follows an action outside is done in its order, never lost, and sent once where
it may be sent once only.
"""

import asyncio
import random
from collections import Counter
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy import select, update

from domain.approvals import queries as approvals
from domain.approvals.facts import Outcome
from domain.dispatches import checks, queries
from domain.dispatches.rules import MOST_ATTEMPTS
from domain.dispatches.tables import Dispatch, DispatchResolution
from domain.identity import keys
from domain.kernel.faults import Fault
from domain.kernel.ids import new_id
from domain.store.tx import reading, writing
from domain.store.visibility import SYSTEM
from policies.approvals import dispatch_resolving
from policies.gate.contract import Declined
from tests.policies.letters import catalogue
from tests.policies.stamped import (
    ENTERED,
    FILED,
    STAMPED,
    Depot,
    ReadingOffice,
    WithStamps,
    dispatching,
    told,
    topics,
)
from tests.world import World, fault_code

pytestmark = pytest.mark.both

LEASE_IS_OVER = timedelta(minutes=3)


@pytest.fixture
def depot(world: World) -> Depot:
    """A world in which letters are archived and mailed after they have left."""
    world.registry = WithStamps(ReadingOffice())
    world.catalogue = catalogue()
    return Depot()


async def sent(world: World, *kinds: str) -> str:
    """A letter that has left, and what is to follow it."""
    answer = await world.ok("test_send_letter", letter_id=new_id(), body=f"then {' '.join(kinds)}")
    action_id = str(answer["action_id"])
    await world.decide(action_id, "am")
    await world.decide(action_id, "cfo")
    report = await world.execute(action_id)
    assert report.state == "succeeded", report
    return action_id


async def rows(world: World, action_id: str) -> list[Dispatch]:
    """What follows the action, as it stands."""
    async with world.looking() as tx:
        return list(await queries.of_action(tx, action_id))


async def states(world: World, action_id: str) -> list[str]:
    """Where each of it stands."""
    return [one.state for one in await rows(world, action_id)]


async def work(world: World, depot: Any, owner: str = "test") -> list[str]:
    """One round of a worker; the states it reports."""
    return [one.state for one in await dispatching(world, depot, owner).run_due(world.ours.id)]


async def say(world: World, action_id: str, kind: str, person: str, outcome: Outcome) -> None:
    """A person says what became of it, as `cyberos resolve --dispatch` does."""
    key, ours = world.ours.keys[person], world.ours
    async with reading(world.inbox_side, ours.id, world.clock, viewer=SYSTEM) as tx:
        prepared = await dispatch_resolving.prepare(
            tx,
            world.approval_context,
            action_id,
            kind,
            email=f"{person}@{ours.workspace_id.lower()}.vn",
            key_id=key.key_id,
            outcome=outcome,
            reason="Có trong hộp thư",
        )
    signature = keys.sign(key, prepared.to_be_signed)
    async with writing(world.inbox_side, ours.id, world.clock, viewer=SYSTEM) as tx:
        await dispatch_resolving.record(tx, world.approval_context, prepared, signature)


# --- in order, and once ---


async def test_what_follows_is_written_with_the_effect_and_bound_to_what_was_approved(world, depot):
    action_id = await sent(world, "archive", "mail")

    first, second = await rows(world, action_id)

    assert [(one.n, one.kind, one.state) for one in (first, second)] == [
        (1, "archive", "waiting"),
        (2, "mail", "waiting"),
    ]
    async with world.looking() as tx:
        action = await approvals.action(tx, action_id)
    assert {first.digest, second.digest} == {action.entity_digest}
    assert first.payload == {"letter": action.entity_id}
    assert depot.tries == []


async def test_it_is_carried_out_in_the_order_in_which_it_was_written(world, depot):
    action_id = await sent(world, "mail", "archive", "mail")

    await work(world, depot)
    await work(world, depot)

    assert [one.split()[0] for one in depot.tries] == ["mail", "archive", "mail"]
    assert set(depot.kept.values()) == {1}
    assert await topics(world, action_id) == [STAMPED, ENTERED, FILED, FILED, FILED]
    assert [one.provider_ref for one in await rows(world, action_id)] == [
        "mail-1",
        "archive-1",
        "mail-1",
    ]


async def test_many_workers_at_once_carry_it_out_once(world, depot):
    for _ in range(3):
        await sent(world, "archive", "mail")

    for _ in range(2):
        await asyncio.gather(*(work(world, depot, f"w{n}") for n in range(6)))

    assert sorted(depot.kept.values()) == [1] * 6


async def test_an_action_that_fails_is_followed_by_nothing(world, depot):
    answer = await world.ok("test_send_letter", letter_id=new_id(), body="then archive")
    action_id = str(answer["action_id"])
    await world.decide(action_id, "am")
    await world.decide(action_id, "cfo")
    world.registry.letters = replace(  # type: ignore[attr-defined]
        world.registry.letters,  # type: ignore[attr-defined]
        inquire=None,
        deliver=_declining,
    )

    await world.execute(action_id)

    assert await world.state(action_id) == "failed"
    assert await rows(world, action_id) == []


async def _declining(order: Any, outside: Any) -> Any:
    return Declined("NO")


# --- what fails ---


@pytest.mark.parametrize("behaviour", ["lose_before", "not_sent", "unreadable", "unsettled"])
async def test_what_may_be_done_twice_is_tried_again_and_the_next_waits_for_it(
    world, depot, behaviour
):
    action_id = await sent(world, "archive", "mail")
    depot.behaviours["archive"] = behaviour

    await work(world, depot)
    await work(world, depot)  # too early
    waits = await states(world, action_id)
    del depot.behaviours["archive"]
    world.clock.move(timedelta(seconds=3))
    await work(world, depot)

    assert waits == ["waiting", "waiting"]
    assert await states(world, action_id) == ["done", "done"]
    assert (await rows(world, action_id))[0].attempts == 2
    assert [n for one, n in depot.kept.items() if one.startswith("mail")] == [1]


async def test_it_is_given_up_after_eight_attempts_and_doctor_names_it(world, depot):
    action_id = await sent(world, "archive", "mail")
    depot.behaviours["archive"] = "lose_before"

    for _ in range(12):
        await work(world, depot)
        world.clock.move(timedelta(minutes=6))

    (archive, mail) = await rows(world, action_id)
    assert (archive.state, archive.attempts) == ("failed", MOST_ATTEMPTS)
    assert (mail.state, mail.attempts) == ("waiting", 0)
    async with world.looking() as tx:
        ((mark, sentence),) = await checks.stuck(tx)
    assert mark == "warn"
    assert sentence.startswith(f"archive of action {action_id} failed after 8 attempts")


async def test_what_was_given_up_is_tried_once_more_when_an_operator_asks(world, depot):
    action_id = await sent(world, "archive", "mail")
    depot.behaviours["archive"] = "refuse"
    await work(world, depot)
    failed = await states(world, action_id)

    del depot.behaviours["archive"]
    again = await dispatching(world, depot).retry_failed(world.ours.id)
    await work(world, depot)

    assert (failed, again) == (["failed", "waiting"], 1)
    assert await states(world, action_id) == ["done", "done"]


@pytest.mark.parametrize("behaviour", ["decline", "refuse"])
@pytest.mark.parametrize("kind", ["archive", "mail"])
async def test_a_definite_no_is_not_tried_again(world, depot, kind, behaviour):
    action_id = await sent(world, kind)
    depot.behaviours[kind] = behaviour

    await work(world, depot)
    world.clock.move(timedelta(hours=1))
    await work(world, depot)

    (row,) = await rows(world, action_id)
    assert (row.state, row.attempts) == ("failed", 1)
    assert row.error_code == f"DEPOT_{'DECLINED' if behaviour == 'decline' else 'REFUSED'}"


async def test_a_kind_that_nobody_knows_waits_for_a_worker_that_does(world, depot):
    action_id = await sent(world, "parcel")

    await work(world, depot)

    (row,) = await rows(world, action_id)
    assert (row.state, row.error_code) == ("waiting", "DISPATCH_KIND_UNKNOWN")


# --- what is sent once ---


@pytest.mark.parametrize("behaviour", ["lose_before", "lose_after", "unsettled"])
async def test_a_mail_whose_answer_was_lost_is_unknown_and_is_not_sent_again(
    world, depot, behaviour
):
    action_id = await sent(world, "mail", "archive")
    depot.behaviours["mail"] = behaviour

    for _ in range(4):
        await work(world, depot)
        world.clock.move(timedelta(hours=1))

    assert await states(world, action_id) == ["unknown", "waiting"]
    assert len(depot.tries) == 1
    async with world.looking() as tx:
        ((_, sentence),) = await checks.stuck(tx)
    assert f"cyberos resolve {action_id} --dispatch mail" in sentence


@pytest.mark.parametrize("behaviour", ["not_sent", "unreadable"])
async def test_a_mail_that_never_left_is_tried_again(world, depot, behaviour):
    action_id = await sent(world, "mail")
    depot.behaviours["mail"] = behaviour
    await work(world, depot)

    del depot.behaviours["mail"]
    world.clock.move(timedelta(seconds=3))
    await work(world, depot)

    assert await states(world, action_id) == ["done"]
    assert list(depot.kept.values()) == [1]


async def test_a_mail_that_takes_too_long_is_unknown(world, depot):
    action_id = await sent(world, "mail")
    depot.meanwhile = _for_ever
    worker = dispatching(world, depot)
    slow = {
        kind: replace(one, answer_within=timedelta(seconds=0.1))
        for kind, one in worker._handlers("").items()
    }
    worker._handlers = lambda tool_id: slow

    await worker.run_due(world.ours.id)

    (row,) = await rows(world, action_id)
    assert (row.state, row.error_code) == ("unknown", "NO_ANSWER")


async def _for_ever() -> None:
    await asyncio.sleep(3600)


@pytest.mark.parametrize(
    ("kind", "state", "tries"), [("archive", "done", 2), ("mail", "unknown", 1)]
)
async def test_a_lost_lease_repeats_what_may_be_repeated_and_nothing_else(
    world, depot, kind, state, tries
):
    action_id = await sent(world, kind)

    async def dies() -> None:
        raise asyncio.CancelledError

    depot.meanwhile = dies
    with pytest.raises(BaseException):  # noqa: B017, PT011 - the worker is gone, however
        await work(world, depot, "dead")
    depot.meanwhile = None
    leased = await states(world, action_id)

    for _ in range(3):
        world.clock.move(LEASE_IS_OVER)
        await work(world, depot, "next")

    assert leased == ["leased"]
    assert await states(world, action_id) == [state]
    assert len(depot.tries) == tries


async def test_an_answer_that_comes_after_the_lease_was_lost_is_still_written_down(world, depot):
    action_id = await sent(world, "mail")

    async def given_up() -> None:
        world.clock.move(LEASE_IS_OVER)
        depot.meanwhile = None
        other = dispatching(world, depot, "other")
        await asyncio.create_task(_in_own_context(other.run_due, world.ours.id))

    depot.meanwhile = given_up

    await work(world, depot, "slow")

    assert await states(world, action_id) == ["done"]
    assert len(depot.tries) == 1


async def _in_own_context(work: Any, *args: Any) -> Any:
    return await work(*args)


# --- what people found ---


@pytest.mark.parametrize(("outcome", "state"), [(Outcome.SEEN, "done"), (Outcome.CLOSED, "failed")])
async def test_a_person_ends_what_nobody_knows(world, depot, outcome, state):
    action_id = await sent(world, "mail", "archive")
    depot.behaviours["mail"] = "lose_after"
    await work(world, depot)

    await say(world, action_id, "mail", "am", outcome)
    del depot.behaviours["mail"]
    await work(world, depot)

    after = "done" if outcome is Outcome.SEEN else "waiting"
    assert await states(world, action_id) == [state, after]
    assert [one for one in depot.tries if one.startswith("mail")] == depot.tries[:1]
    filed = [one for topic, one in await told(world, action_id) if topic == FILED]
    assert len(filed) == (2 if outcome is Outcome.SEEN else 0)


@pytest.mark.parametrize("person", ["dpo", "cro", "sales"])
async def test_whoever_could_not_have_signed_it_does_not_end_what_followed(world, depot, person):
    action_id = await sent(world, "mail")
    depot.behaviours["mail"] = "lose_after"
    await work(world, depot)

    with pytest.raises(Fault) as refused:
        await say(world, action_id, "mail", person, Outcome.SEEN)

    assert refused.value.code == "ROLE_NOT_ELIGIBLE"


async def test_only_what_is_unknown_is_ended_by_a_person(world, depot):
    action_id = await sent(world, "mail")

    with pytest.raises(Fault) as refused:
        await say(world, action_id, "mail", "am", Outcome.SEEN)

    assert refused.value.code == "DISPATCH_NOT_UNKNOWN"


async def test_a_word_that_was_forged_counts_for_nothing(world, depot):
    action_id = await sent(world, "mail")
    depot.behaviours["mail"] = "lose_after"
    await work(world, depot)
    await say(world, action_id, "mail", "am", Outcome.CLOSED)
    async with world.without_triggers("dispatch_resolution"), world.owning() as tx:
        await tx.change(update(DispatchResolution).values(outcome="seen"))

    await work(world, depot)

    assert await states(world, action_id) == ["unknown"]


# --- what was bent, and who sees it ---


async def test_a_dispatch_that_was_bent_is_not_touched(world, depot):
    action_id = await sent(world, "mail")
    async with world.without_triggers("dispatch"), world.owning() as tx:
        await tx.change(update(Dispatch).values(digest="1" * 64))

    (report,) = await dispatching(world, depot).run_due(world.ours.id)

    assert (report.state, report.code) == ("damaged", "DISPATCH_DAMAGED")
    assert depot.tries == []
    assert await states(world, action_id) == ["waiting"]


async def test_the_agent_that_asked_sees_what_follows_and_nobody_else(world, depot):
    action_id = await sent(world, "archive", "mail")
    bare = await sent(world)
    depot.behaviours["mail"] = "decline"
    await work(world, depot)

    seen = await world.ok("approvals_get", action_id=action_id)
    other = await world.call("approvals_get", action_id=action_id, company=world.theirs)

    assert seen["dispatches"] == [
        {"kind": "archive", "state": "done"},
        {"kind": "mail", "state": "failed", "error_code": "DEPOT_DECLINED"},
    ]
    assert "dispatches" not in await world.ok("approvals_get", action_id=bare)
    assert fault_code(other) == "ACTION_NOT_FOUND"
    async with world.looking(world.theirs) as tx:
        assert await tx.all(select(Dispatch)) == []


# --- whatever happens ---

BEHAVIOURS = [
    "take", "take", "decline", "not_sent", "lose_before", "lose_after", "unreadable", "unsettled",
]  # fmt: skip


@pytest.mark.parametrize("seed", range(3))
async def test_whatever_the_outside_does_nothing_is_sent_twice_or_out_of_order(world, depot, seed):
    dice = random.Random(seed)
    kinds = [[dice.choice(["archive", "mail"]) for _ in range(3)] for _ in range(3)]
    ids = [await sent(world, *some) for some in kinds]

    for _ in range(14):
        depot.behaviours = {kind: dice.choice(BEHAVIOURS) for kind in ("archive", "mail")}
        await work(world, depot, dice.choice("ab"))
        world.clock.move(timedelta(seconds=dice.choice([1, 30, 400])))
        for action_id in ids:
            found = await states(world, action_id)
            begun = [one for one in found if one != "done"]
            assert found[: len(found) - len(begun)] == ["done"] * (len(found) - len(begun))
            assert set(begun[1:]) <= {"waiting"}
    mails = Counter({one: n for one, n in depot.kept.items() if one.startswith("mail")})
    assert set(mails.values()) <= {1}
    for action_id in ids:
        for row in await rows(world, action_id):
            arrived = depot.kept[f"{row.kind} {row.id}"]
            if row.state == "done":
                assert arrived >= 1
            elif row.kind == "mail" and row.state in ("waiting", "failed"):
                assert arrived == 0  # else it might be sent, or be thought not to have been
