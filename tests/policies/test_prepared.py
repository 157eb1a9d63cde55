"""A letter that is prepared before it leaves: whatever the other side does, it is plain what has
happened here, and it has happened once.
"""

from collections.abc import Sequence
from dataclasses import replace
from datetime import timedelta
from typing import Any

import anyio
import pytest

from domain.approvals import queries
from domain.approvals.facts import Outcome
from domain.kernel.faults import Fault, Kind
from domain.kernel.ids import new_id
from domain.store.tx import Tx, in_transaction
from policies.gate.contract import Call, Ports, Prefetch
from tests.policies.letters import Letter, catalogue
from tests.policies.stamped import (
    ENTERED,
    STAMPED,
    VOIDED,
    ReadingOffice,
    WithStamps,
    told,
    topics,
)
from tests.policies.test_resolving import say
from tests.world import World

pytestmark = pytest.mark.both

SETTLED = timedelta(hours=1)


@pytest.fixture
def office(world: World) -> ReadingOffice:
    """A world in which letters are stamped, sent and entered."""
    office = ReadingOffice()
    world.registry = WithStamps(office)
    world.catalogue = catalogue()
    return office


async def approved(world: World, **more: Any) -> str:
    """A letter that both have signed."""
    answer = await world.ok("test_send_letter", letter_id=new_id(), **more)
    action_id = str(answer["action_id"])
    await world.decide(action_id, "am")
    await world.decide(action_id, "cfo")
    return action_id


async def letters_of(world: World, action_id: str) -> dict[str, Any]:
    """How the action stands, as its agent is told."""
    return await world.ok("approvals_get", action_id=action_id)


def change(world: World, **values: Any) -> None:
    """The tool, declared otherwise."""
    world.registry.letters = replace(world.registry.letters, **values)  # type: ignore[attr-defined]


async def test_what_was_prepared_leaves_and_the_answer_is_entered(world, office):
    action_id = await approved(world)

    report = await world.execute(action_id)

    assert (report.state, report.fault) == ("succeeded", None)
    (stamped, entered) = await told(world, action_id)
    assert stamped[0] == STAMPED
    assert office.read == [f"letter {stamped[1]['letter']}".encode()]
    assert entered[0] == ENTERED
    assert (entered[1]["reference"], entered[1]["reply"]) == (f"letter-{action_id}", "Thank you")


async def test_a_fault_while_preparing_fails_the_action_and_nothing_is_done(world, office):
    action_id = await approved(world, body="no stamps")

    report = await world.execute(action_id)

    assert (report.state, report.fault.code) == ("failed", "STAMPS_MISSING")
    assert (await topics(world, action_id), office.calls) == ([], [])


async def test_what_cannot_be_read_back_has_not_left_and_is_released(world, office):
    action_id = await approved(world, body="unreadable")

    report = await world.execute(action_id)

    assert (report.state, report.fault.code) == ("failed", "LETTER_UNREADABLE")
    assert (await topics(world, action_id), office.calls) == ([STAMPED, VOIDED], [])


@pytest.mark.parametrize(
    ("behaviour", "code"),
    [
        ("decline", "PROVIDER_DECLINED"),
        ("refuse", "POST_REFUSED"),
        ("not_sent", "POST_NOT_SENT"),
    ],
)
async def test_a_definite_no_releases_what_was_prepared(world, office, behaviour, code):
    action_id = await approved(world)
    office.behaviour = behaviour

    report = await world.execute(action_id)

    assert (report.state, report.fault.code) == ("failed", code)
    assert await told(world, action_id) == [
        (STAMPED, dict((await told(world, action_id))[0][1])),
        (VOIDED, {"action": action_id, "code": code}),
    ]
    assert (await letters_of(world, action_id))["error_code"] == code


@pytest.mark.parametrize("behaviour", ["lose_before", "lose_after", "hang"])
async def test_silence_releases_nothing(world, office, behaviour):
    change(world, answer_within=timedelta(seconds=0.1))
    action_id = await approved(world)
    office.behaviour = behaviour

    report = await world.execute(action_id)

    assert (report.state, report.fault.code) == ("unknown", "EFFECT_UNKNOWN")
    assert await topics(world, action_id) == [STAMPED]


async def test_that_a_question_was_not_sent_says_nothing_of_the_letter(world, office):
    action_id = await approved(world)
    office.behaviour = "lose_after"
    await world.execute(action_id)

    office.behaviour = "not_sent"
    world.clock.move(SETTLED)
    await world.executor().run_due(world.ours.id)

    assert await world.state(action_id) == "unknown"
    assert await topics(world, action_id) == [STAMPED]


async def test_what_is_not_found_when_nothing_can_arrive_any_more_is_released(world, office):
    change(world, settle_window=timedelta(minutes=40))
    action_id = await approved(world)
    office.behaviour = "lose_before"
    await world.execute(action_id)
    office.behaviour = "deliver"

    world.clock.move(timedelta(minutes=39))
    await world.executor().run_due(world.ours.id)
    early = await world.state(action_id)
    world.clock.move(timedelta(minutes=4))
    await world.executor().run_due(world.ours.id)

    assert (early, await world.state(action_id)) == ("unknown", "failed")
    assert (await told(world, action_id))[-1] == (
        VOIDED,
        {"action": action_id, "code": "EFFECT_ABSENT"},
    )


async def test_what_was_handed_over_is_no_failure_and_says_so(world, office):
    action_id = await approved(world)
    office.behaviour = "hand_over"

    report = await world.execute(action_id)
    seen = await letters_of(world, action_id)

    assert (report.state, report.fault, report.awaits_answer) == ("unknown", None, True)
    assert seen["awaits_answer"] is True
    assert "error_code" not in seen
    assert "has it and will answer" in seen["next"]
    assert await topics(world, action_id) == [STAMPED]


async def test_the_answer_that_comes_later_is_entered_once(world, office):
    action_id = await approved(world)
    office.behaviour = "hand_over"
    worker = world.executor()
    await worker.run(world.ours.id, action_id)
    await worker.run_due(world.ours.id)

    office.behaviour = "deliver"
    office.delivered[f"act_{action_id}"] += 1
    for _ in range(3):
        world.clock.move(timedelta(seconds=5))
        await worker.run_due(world.ours.id)

    assert await world.state(action_id) == "succeeded"
    assert await topics(world, action_id) == [STAMPED, ENTERED]
    assert len(office.calls) == 1


async def test_a_no_that_comes_later_releases(world, office):
    action_id = await approved(world)
    office.behaviour = "hand_over"
    await world.execute(action_id)

    office.behaviour = "decline"
    await world.executor().run_due(world.ours.id)

    assert await world.state(action_id) == "failed"
    assert await topics(world, action_id) == [STAMPED, VOIDED]


async def test_whoever_said_that_they_have_it_is_not_believed_that_they_do_not(world, office):
    action_id = await approved(world)
    office.behaviour = "hand_over"
    await world.execute(action_id)

    office.behaviour = "deliver"  # and it knows nothing of the letter
    world.clock.move(SETTLED)
    await world.executor().run_due(world.ours.id)

    assert await world.state(action_id) == "unknown"
    assert await topics(world, action_id) == [STAMPED]


async def test_a_lost_letter_that_turns_out_to_be_handed_over_says_so(world, office):
    action_id = await approved(world)
    office.behaviour = "lose_after"
    await world.execute(action_id)

    office.behaviour = "hand_over"
    (report,) = await world.executor().run_due(world.ours.id)

    assert (report.state, report.fault, report.awaits_answer) == ("unknown", None, True)
    assert (await letters_of(world, action_id))["awaits_answer"] is True


@pytest.mark.parametrize(
    ("outcome", "state", "last"),
    [(Outcome.SEEN, "succeeded", ENTERED), (Outcome.CLOSED, "failed", VOIDED)],
)
async def test_what_a_person_found_is_entered_or_released(world, office, outcome, state, last):
    action_id = await approved(world)
    office.behaviour = "silent"
    office.behaviour = "lose_after"
    await world.execute(action_id)
    office.behaviour = "silent"
    world.clock.move(SETTLED)

    await say(world, action_id, "am", outcome)
    await world.executor().run_due(world.ours.id)

    assert await world.state(action_id) == state
    assert await topics(world, action_id) == [STAMPED, last]


# --- several at once ---


async def test_eight_letters_wait_at_once_and_no_more(world, office):
    ids = [await approved(world) for _ in range(12)]
    office.crowd = 8

    reports = await world.executor().run_due(world.ours.id)

    assert [(one.action_id, one.state) for one in reports] == [(id, "succeeded") for id in ids]
    assert office.most_in_it == 8
    assert sorted(office.delivered.values()) == [1] * 12


async def test_one_that_hangs_does_not_stop_the_others(world, office):
    change(world, answer_within=timedelta(seconds=30))
    first, *others = [await approved(world) for _ in range(4)]
    taken = {action_id: anyio.Event() for action_id in others}
    take = office.take

    async def slow(order, outside):
        if order.action_id == first:
            for event in taken.values():
                await event.wait()
        answer = await take(order, outside)
        if order.action_id != first:
            taken[order.action_id].set()
        return answer

    office.take = slow
    reports = await world.executor().run_due(world.ours.id)

    assert [one.state for one in reports] == ["succeeded"] * 4


# --- asked again before it is claimed ---


def asking(world: World, answers: Sequence[str | Fault]) -> tuple[list[str], list[str]]:
    """The tool asks the town hall first, which gives these answers; what it was asked, and what of
    the answers was kept.
    """
    asked: list[str] = []
    kept: list[str] = []
    left = list(answers)

    async def question(call: Call, arguments: Letter) -> str | None:
        return arguments.letter_id

    async def ask(ports: Ports, question: str) -> str:
        assert not in_transaction()
        asked.append(question)
        answer = left.pop(0)
        if isinstance(answer, Fault):
            raise answer
        return answer

    async def keep(tx: Tx, learnt: str) -> None:
        assert in_transaction()
        kept.append(learnt)

    made = world.registry.letters  # type: ignore[attr-defined]
    propose = made.propose

    async def judged(call: Call, arguments: Letter):
        if call.port_error is not None:
            raise call.port_error
        return await propose(call, arguments)

    change(world, prefetch=Prefetch(question, ask, keep), propose=judged)
    return asked, kept


async def test_whoever_had_to_be_asked_is_asked_again_before_the_claim(world, office):
    asked, kept = asking(world, ["first", "again"])
    action_id = await approved(world)
    before = len(asked)

    report = await world.execute(action_id)

    assert (before, len(asked)) == (1, 2)
    assert report.state == "succeeded"
    assert kept == ["first", "again"]


async def test_what_has_ended_asks_nobody_any_more(world, office):
    asked, _ = asking(world, ["first", "again"])
    action_id = await approved(world)
    await world.execute(action_id)

    await world.execute(action_id)

    assert len(asked) == 2


async def test_that_nobody_answers_is_for_the_tool_to_weigh(world, office):
    away = Fault("TOWN_HALL_CLOSED", Kind.UNAVAILABLE, "The town hall is closed.")
    asking(world, ["first", away])
    action_id = await approved(world)

    report = await world.execute(action_id)

    assert report.fault.code == "ENTITY_CHANGED"
    assert await world.state(action_id) == "stale"
    assert office.calls == []


async def test_an_attempt_names_what_the_other_side_called_it(world, office):
    action_id = await approved(world)
    office.behaviour = "hand_over"
    await world.execute(action_id)

    async with world.looking() as tx:
        row = await queries.action(tx, action_id)
        (attempt,) = await queries.attempts(tx, action_id)

    assert (row.provider_ref, attempt.provider_ref, attempt.outcome) == (
        "queue-7",
        "queue-7",
        "unknown",
    )
