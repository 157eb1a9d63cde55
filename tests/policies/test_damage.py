"""One row that somebody damaged costs nobody else anything, is reported, and never runs."""

import logging

import pytest
from sqlalchemy import text

from domain.approvals import queries
from domain.kernel.faults import Fault
from domain.kernel.ids import new_id
from policies.approvals.executor import CORRUPT
from tests.policies.letters import PostOffice, WithLetters, catalogue
from tests.world import World, fault_code

EVERYWHERE = {
    "a slot without a name": ("slots", "'[{}]'"),
    "slots that are no list": ("slots", "'7'"),
    "an effect that is a number": ("effects", "'[1]'"),
    "a requester of no kind": ("requester", "'nobody'"),
    "an unknown self rule": ("self_rule", "'always'"),
}
# PostgreSQL keeps the types of its columns, whoever writes.
EMBEDDED = {
    "slots that are no JSON": ("slots", "'{broken'"),
    "an instant that is none": ("expires_at", "'soon'"),
    "a number that is a word": ("min_assurance", "'three'"),
    "bytes that are no text": ("summary", "cast(x'fffe' as text)"),
}


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


async def damage(world: World, table: str, action_id: str, column: str, value: str) -> None:
    """Write what the program never writes, past the triggers."""
    key = "id" if table == "pending_action" else "action_id"
    cast = "" if world.is_sqlite or column not in ("slots", "effects") else "::json"
    set_to = f"set {column} = {value}{cast}"
    statement = f"update {table} {set_to} where {key} = '{action_id}'"
    async with world.without_triggers(table), world.owning() as tx:
        await tx.session.execute(text(statement))


@pytest.mark.parametrize("kind", EVERYWHERE | EMBEDDED)
async def test_one_damaged_action_hides_and_stops_no_other(world, office, kind):
    if kind in EMBEDDED and not world.is_sqlite:
        pytest.skip("the database keeps such a value out")
    broken, whole = await approved(world), await approved(world)
    await damage(world, "pending_action", broken, *(EVERYWHERE | EMBEDDED)[kind])

    listed = await world.ok("approvals_list")
    reports = await world.executor().run_due(world.ours.id)

    assert [one["action_id"] for one in listed["items"]] == [whole]
    if kind != "a requester of no kind":  # it is nobody's any more
        assert listed["damaged"] == [broken]
        assert fault_code(await world.call("approvals_get", action_id=broken)) == "ACTION_DAMAGED"
        assert (
            fault_code(await world.call("approvals_cancel", action_id=broken)) == "ACTION_DAMAGED"
        )
    assert {(one.action_id, one.state) for one in reports} == {
        (broken, CORRUPT), (whole, "succeeded"),
    }  # fmt: skip
    assert len(office.calls) == 1


async def test_a_decision_that_cannot_be_read_damages_its_action_alone(world, office):
    if not world.is_sqlite:
        pytest.skip("the database keeps such a value out")
    broken, whole = await approved(world), await approved(world)
    await damage(world, "approval", broken, "at", "'soon'")

    listed = await world.ok("approvals_list")
    reports = await world.executor().run_due(world.ours.id)

    assert ([one["action_id"] for one in listed["items"]], listed["damaged"]) == ([whole], [broken])
    assert {one.state for one in reports} == {CORRUPT, "succeeded"}
    assert len(office.calls) == 1


async def test_damaged_actions_in_front_do_not_hide_those_behind_them(world, office):
    broken = [await approved(world) for _ in range(3)]
    whole = await approved(world)
    for action_id in broken:
        await damage(world, "pending_action", action_id, "slots", "'[{}]'")
    worker = world.executor()

    await worker.run_due(world.ours.id, limit=2)
    await worker.run_due(world.ours.id, limit=2)

    assert await world.state(whole) == "succeeded"


async def test_a_damaged_action_is_told_of_again_only_after_a_while(world, office, caplog):
    broken = await approved(world)
    await damage(world, "pending_action", broken, "slots", "'[{}]'")
    worker = world.executor()
    caplog.set_level(logging.ERROR)

    reports = [await worker.run_due(world.ours.id) for _ in range(5)]

    assert [len(each) for each in reports] == [1, 0, 0, 0, 0]


async def test_asking_again_for_what_is_damaged_is_refused_and_not_answered_with_it(world, office):
    letter = new_id()
    waiting = await world.ok("test_send_letter", letter_id=letter)
    await damage(world, "pending_action", waiting["action_id"], "slots", "'[{}]'")

    refused = await world.call("test_send_letter", letter_id=letter)

    assert fault_code(refused) == "ACTION_DAMAGED"


async def test_a_page_with_damaged_actions_leads_to_the_next_one(world, office):
    ids = sorted([await approved(world) for _ in range(4)], reverse=True)
    await damage(world, "pending_action", ids[1], "slots", "'[{}]'")

    first = await world.ok("approvals_list", limit=2)
    second = await world.ok("approvals_list", limit=2, cursor=first["next_cursor"])

    assert ([one["action_id"] for one in first["items"]], first["damaged"]) == ([ids[0]], [ids[1]])
    assert [one["action_id"] for one in second["items"]] == ids[2:]
    assert "next_cursor" not in second


async def test_an_action_that_cannot_be_read_is_a_fault_with_its_id(world, office):
    action_id = await approved(world)
    await damage(world, "pending_action", action_id, "slots", "'[{}]'")

    async with world.looking() as tx:
        with pytest.raises(Fault) as caught:
            await queries.action(tx, action_id)

    assert caught.value.facts == {"action_id": action_id}
