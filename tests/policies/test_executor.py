"""Execution of what people approved: exactly as signed, at most once, whatever happens."""

import asyncio
import json
from datetime import timedelta

import pytest
from sqlalchemy import update

from domain.approvals import queries
from domain.approvals.facts import Decision
from domain.approvals.tables import PendingAction
from domain.identity.tables import ApproverKey, PersonRole
from domain.kernel.faults import Fault, Kind
from domain.kernel.ids import new_id
from tests.policies.letters import PostOffice, WithLetters, catalogue, without_the_outside
from tests.world import World, fault_code

pytestmark = pytest.mark.both


@pytest.fixture
def office(world: World) -> PostOffice:
    """A world in which letters can be sent."""
    office = PostOffice()
    world.registry = WithLetters(office)
    world.catalogue = catalogue()
    return office


async def proposed(world: World, **more) -> str:
    """A letter that waits for an account manager and a CFO."""
    answer = await world.ok("test_send_letter", letter_id=new_id(), **more)
    assert answer["status"] == "pending_approval"
    return str(answer["action_id"])


async def approved(world: World, **more) -> str:
    """The same, signed by both."""
    action_id = await proposed(world, **more)
    await world.decide(action_id, "am")
    await world.decide(action_id, "cfo")
    assert await world.state(action_id) == "approved"
    return action_id


async def test_B01_a_proposal_reaches_nobody_outside(world, office):
    await proposed(world)

    assert office.calls == []


async def test_an_approved_letter_leaves_once_and_is_recorded_once(world, office):
    action_id = await approved(world)

    report = await world.execute(action_id)

    assert report.state == "succeeded"
    assert list(office.delivered.values()) == [1]
    assert list(office.recorded.values()) == [1]


async def test_B04_one_signature_of_two_is_not_enough(world, office):
    action_id = await proposed(world)
    await world.decide(action_id, "am")

    report = await world.execute(action_id)

    assert report.fault is not None
    assert report.fault.code == "NOT_APPROVED"
    assert office.calls == []


async def test_B05_one_person_with_both_roles_signs_once(world, office):
    action_id = await proposed(world)
    await world.decide(action_id, "both", slot="am")

    with pytest.raises(Fault) as caught:
        await world.decide(action_id, "both", slot="cfo")

    assert caught.value.code == "ALREADY_DECIDED"
    assert await world.state(action_id) == "pending"


async def test_B22_executing_a_hundred_times_sends_one_letter(world, office):
    action_id = await approved(world)

    for _ in range(100):
        await world.execute(action_id)

    assert list(office.delivered.values()) == [1]


async def test_B18_many_executors_at_once_send_one_letter(world, office):
    action_id = await approved(world)

    await asyncio.gather(*(world.executor(f"w{n}").run(world.ours.id, action_id) for n in range(8)))

    assert list(office.delivered.values()) == [1]
    assert await world.state(action_id) == "succeeded"


async def test_a_declined_letter_failed_and_nothing_was_recorded(world, office):
    action_id = await approved(world)
    office.behaviour = "decline"

    await world.execute(action_id)

    assert await world.state(action_id) == "failed"
    assert not office.recorded


@pytest.mark.parametrize("behaviour", ["lose_before", "lose_after"])
async def test_B21_a_lost_answer_is_unknown_and_is_never_sent_again(world, office, behaviour):
    action_id = await approved(world)
    office.behaviour = behaviour

    await world.execute(action_id)

    assert await world.state(action_id) == "unknown"
    await world.execute(action_id)
    await world.executor().run_due(world.ours.id)
    assert len(office.calls) == 1


async def test_B21_a_late_success_is_found_by_asking(world, office):
    action_id = await approved(world)
    office.behaviour = "lose_after"
    await world.execute(action_id)

    office.behaviour = "deliver"
    await world.executor().run_due(world.ours.id)

    assert await world.state(action_id) == "succeeded"
    assert list(office.delivered.values()) == [1]
    assert list(office.recorded.values()) == [1]


async def test_B21_not_found_is_no_answer_before_the_settle_window_is_over(world, office):
    action_id = await approved(world)
    office.behaviour = "lose_before"
    await world.execute(action_id)
    office.behaviour = "deliver"

    await world.executor().run_due(world.ours.id)
    assert await world.state(action_id) == "unknown"

    world.clock.move(timedelta(hours=1))
    await world.executor().run_due(world.ours.id)
    assert await world.state(action_id) == "failed"
    assert not office.delivered


async def test_a_few_letters_nobody_can_be_asked_about_do_not_hide_the_others(world, office):
    lost = [await approved(world) for _ in range(4)]
    office.behaviour = "lose_after"
    for action_id in lost:
        await world.execute(action_id)
    forgotten = list(office.delivered)[:3]
    for key in forgotten:
        del office.delivered[key]

    office.behaviour = "deliver"
    await world.executor().run_due(world.ours.id, limit=1)

    states = sorted([await world.state(action_id) for action_id in lost])
    assert states == ["succeeded", "unknown", "unknown", "unknown"]


async def test_an_answer_that_was_lost_behind_the_commit_is_looked_up(world, office):
    action_id = await approved(world)
    executor = world.executor()
    claim = executor._claim

    async def committed_and_cut_off(tenant_id: str, action_id: str, *_):
        await claim(tenant_id, action_id)
        raise Fault("DATABASE_UNAVAILABLE", Kind.UNAVAILABLE, "The line is dead.")

    executor._claim = committed_and_cut_off

    report = await executor.run(world.ours.id, action_id)

    assert report.state == "executing"
    assert report.fault is not None


async def test_B20_a_worker_that_died_after_claiming_leaves_the_outcome_unknown(world, office):
    action_id = await approved(world)
    executor = world.executor()
    _, order = await executor._claim(world.ours.id, action_id)
    assert order is not None

    world.clock.move(timedelta(minutes=10))
    await world.executor("another").run_due(world.ours.id)

    assert await world.state(action_id) == "unknown"
    assert office.calls == []


async def test_B13_approved_but_expired_is_not_carried_out(world, office):
    action_id = await approved(world)

    world.clock.move(timedelta(hours=1))
    await world.execute(action_id)

    assert await world.state(action_id) == "expired"
    assert office.calls == []


async def test_B12_at_the_very_instant_of_expiry_nobody_can_approve(world, office):
    action_id = await proposed(world)
    world.clock.move(timedelta(minutes=60))

    with pytest.raises(Fault) as caught:
        await world.decide(action_id, "am")

    assert caught.value.code == "ACTION_EXPIRED"


async def test_B14_what_changed_after_the_approval_makes_it_stale(world, office):
    action_id = await approved(world)
    async with world.looking() as tx:
        row = await queries.action(tx, action_id)
        office.versions[row.entity_id] = 2

    report = await world.execute(action_id)

    assert report.fault.code == "ENTITY_CHANGED"
    assert await world.state(action_id) == "stale"
    assert office.calls == []


async def test_B07_a_role_lost_before_the_execution_counts_no_more(world, office):
    action_id = await approved(world)
    await revoke_role(world, "cfo")

    report = await world.execute(action_id)

    assert report.fault.code == "QUORUM_NOT_MET"
    assert office.calls == []


async def test_B08_a_key_revoked_before_the_execution_counts_no_more(world, office):
    action_id = await approved(world)
    await revoke_key(world, "cfo")

    report = await world.execute(action_id)

    assert report.fault.code == "QUORUM_NOT_MET"
    assert office.calls == []


async def test_B29_a_policy_that_asks_for_more_makes_it_stale(world, office):
    action_id = await approved(world)
    more = {"slot": "cro", "roles": ["cro"]}
    row = world.catalogue.by_name["test_send_letter"].model_dump()
    stricter = {**row, "slots": [*row["slots"], more]}
    world.catalogue = catalogue(type(world.catalogue.tool[0]).model_validate(stricter))

    report = await world.execute(action_id)

    assert report.fault.code == "POLICY_CHANGED"
    assert office.calls == []


async def test_a_no_kills_the_action_for_good(world, office):
    action_id = await proposed(world)
    await world.decide(action_id, "am")
    await world.decide(action_id, "cfo", decision=Decision.REJECT, reason="Chưa đúng lúc")

    assert await world.state(action_id) == "rejected"
    report = await world.execute(action_id)
    assert report.fault.code == "ACTION_REJECTED"
    assert office.calls == []


@pytest.mark.parametrize("n", range(3))
async def test_B19_yes_and_no_at_once_end_in_one_of_the_two(world, office, n):
    action_id = await proposed(world)
    await world.decide(action_id, "am")

    await asyncio.gather(
        world.decide(action_id, "cfo"),
        world.decide(action_id, "both", slot="cfo", decision=Decision.REJECT),
        return_exceptions=True,
    )

    assert await world.state(action_id) in {"approved", "rejected"}


async def test_B26_asking_fifty_times_makes_one_action(world, office):
    letter = new_id()

    answers = [await world.ok("test_send_letter", letter_id=letter) for _ in range(50)]

    assert len({answer["action_id"] for answer in answers}) == 1


async def test_O02_more_than_twenty_waiting_actions_are_refused(world, office):
    for _ in range(20):
        await proposed(world)

    assert fault_code(await world.call("test_send_letter", letter_id=new_id())) == "RATE_LIMITED"


async def test_effects_in_the_database_alone_happen_with_their_state(world, office):
    without_the_outside(world.registry)
    action_id = await approved(world)

    report = await world.execute(action_id)

    assert report.state == "succeeded"
    assert list(office.recorded.values()) == [1]


async def test_B15_edited_arguments_do_not_run(world, office):
    action_id = await approved(world)
    await forge(world, action_id, args_json=json.dumps({"letter_id": new_id()}))

    await world.execute(action_id)

    assert office.calls == []
    assert await world.state(action_id) != "succeeded"


async def test_B16_a_forged_state_does_not_run(world, office):
    action_id = await proposed(world)
    await world.decide(action_id, "am")
    await forge(world, action_id, state="approved", state_seq=2)

    report = await world.execute(action_id)

    assert report.fault.code == "QUORUM_NOT_MET"
    assert office.calls == []


async def revoke_role(world: World, person: str) -> None:
    async with world.owning() as tx:
        await tx.change(
            update(PersonRole)
            .where(PersonRole.person_id == world.ours.people[person])
            .values(revoked_at=tx.at)
        )


async def revoke_key(world: World, person: str) -> None:
    async with world.owning() as tx:
        await tx.change(
            update(ApproverKey)
            .where(ApproverKey.person_id == world.ours.people[person])
            .values(revoked_at=tx.at)
        )


async def forge(world: World, action_id: str, **values) -> None:
    """What somebody with the database in their hands could write, past triggers and all."""
    async with world.without_triggers("pending_action"), world.owning() as tx:
        await tx.change(update(PendingAction).where(PendingAction.id == action_id).values(**values))
