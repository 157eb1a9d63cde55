"""Resolution: when nobody knows what became of what was
sent, a person who may ends it with their key.
"""

from dataclasses import replace
from datetime import timedelta

import pytest
from sqlalchemy import text

from domain.approvals import queries
from domain.approvals.facts import Outcome
from domain.approvals.tables import Resolution
from domain.identity import keys
from domain.kernel.faults import Fault
from domain.kernel.ids import new_id
from domain.store import chain
from domain.store.tx import reading, writing
from domain.store.visibility import SYSTEM
from policies.approvals import resolving
from policies.gate import activation
from policies.gate.catalogue import Catalogue
from tests.forgery import kept
from tests.policies.letters import PostOffice, WithLetters, catalogue
from tests.policies.test_executor import revoke_key, revoke_role
from tests.world import Company, World

DONE, NOT_DONE = Outcome.SEEN, Outcome.CLOSED
SETTLED = timedelta(hours=1)


@pytest.fixture
async def office(world: World) -> PostOffice:
    """A world in which letters leave and the provider cannot be asked."""
    office = PostOffice()
    world.registry = WithLetters(office)
    world.registry.letters = replace(world.registry.letters, inquire=None)
    shipped = world.catalogue
    world.catalogue = Catalogue(version=shipped.version + 1, tool=catalogue().tool)
    async with world.owning() as tx:
        await activation.activate(tx, world.catalogue, chain.SYSTEM)
    return office


async def lost(world: World, office: PostOffice, behaviour: str = "lose_after") -> str:
    """A letter whose answer was lost."""
    answer = await world.ok("test_send_letter", letter_id=new_id())
    action_id = str(answer["action_id"])
    await world.decide(action_id, "am")
    await world.decide(action_id, "cfo")
    office.behaviour = behaviour
    await world.execute(action_id)
    assert await world.state(action_id) == "unknown"
    return action_id


async def say(
    world: World,
    action_id: str,
    person: str,
    outcome: Outcome,
    *,
    company: Company | None = None,
    flip: bool = False,
) -> None:
    """A person says what became of it, as `cyberos resolve` does."""
    company = company or world.ours
    key = company.keys[person]
    async with reading(world.inbox_side, company.id, world.clock, viewer=SYSTEM) as tx:
        prepared = await resolving.prepare(
            tx,
            world.approval_context,
            action_id,
            email=f"{person}@{company.workspace_id.lower()}.vn",
            key_id=key.key_id,
            outcome=outcome,
            reason="Có trong sổ gửi",
        )
    signature = keys.sign(key, prepared.to_be_signed)
    if flip:
        other = DONE if outcome is NOT_DONE else NOT_DONE
        prepared = replace(prepared, finding=replace(prepared.finding, outcome=other))
    async with writing(world.inbox_side, company.id, world.clock, viewer=SYSTEM) as tx:
        await resolving.record(tx, world.approval_context, prepared, signature)


@pytest.mark.parametrize("person", ["am", "cfo", "both", "admin"])
async def test_what_a_person_found_done_is_done_and_stands_in_the_books_once(world, office, person):
    action_id = await lost(world, office)

    await say(world, action_id, person, DONE)
    await world.executor().run_due(world.ours.id)
    await world.executor().run_due(world.ours.id)

    assert await world.state(action_id) == "succeeded"
    assert list(office.recorded.values()) == [1]
    assert len(office.calls) == 1
    async with world.looking() as tx:
        row = await queries.action(tx, action_id)
    assert row.closed_by == f"human:{world.ours.people[person]}"


async def test_what_a_person_did_not_find_failed_but_not_while_it_may_still_arrive(world, office):
    action_id = await lost(world, office, "lose_before")

    with pytest.raises(Fault) as early:
        await say(world, action_id, "am", NOT_DONE)
    world.clock.move(SETTLED)
    await say(world, action_id, "am", NOT_DONE)
    await world.executor().run_due(world.ours.id)

    assert early.value.code == "EFFECT_UNKNOWN"
    assert await world.state(action_id) == "failed"
    assert not office.recorded


@pytest.mark.parametrize("person", ["dpo", "cro", "sales"])
async def test_whoever_could_not_have_signed_it_cannot_say_what_became_of_it(world, office, person):
    action_id = await lost(world, office)

    with pytest.raises(Fault) as refused:
        await say(world, action_id, person, DONE)

    assert refused.value.code == "ROLE_NOT_ELIGIBLE"
    await world.executor().run_due(world.ours.id)
    assert await world.state(action_id) == "unknown"


async def test_only_an_action_of_unknown_outcome_is_closed_so(world, office):
    answer = await world.ok("test_send_letter", letter_id=new_id())

    with pytest.raises(Fault) as refused:
        await say(world, answer["action_id"], "am", DONE)

    assert refused.value.code == "ACTION_CONFLICT"


async def test_one_word_is_enough_and_a_second_one_too_late(world, office):
    action_id = await lost(world, office)
    world.clock.move(SETTLED)
    await say(world, action_id, "am", DONE)

    with pytest.raises(Fault) as refused:
        await say(world, action_id, "cfo", NOT_DONE)

    assert refused.value.code == "ALREADY_RESOLVED"


async def test_a_signature_over_another_word_is_refused(world, office):
    action_id = await lost(world, office)
    world.clock.move(SETTLED)

    with pytest.raises(Fault) as refused:
        await say(world, action_id, "am", NOT_DONE, flip=True)

    assert refused.value.code == "SIGNATURE_INVALID"


async def test_an_action_of_another_company_is_not_found(world, office):
    action_id = await lost(world, office)

    with pytest.raises(Fault) as refused:
        await say(world, action_id, "admin", DONE, company=world.theirs)

    assert refused.value.code == "ACTION_NOT_FOUND"


@pytest.mark.parametrize("lose", [revoke_role, revoke_key])
async def test_a_word_counts_no_more_when_the_role_or_the_key_is_gone(world, office, lose):
    action_id = await lost(world, office)
    await say(world, action_id, "am", DONE)
    await lose(world, "am")

    await world.executor().run_due(world.ours.id)
    assert await world.state(action_id) == "unknown"

    await say(world, action_id, "cfo", DONE)
    await world.executor().run_due(world.ours.id)
    assert await world.state(action_id) == "succeeded"


async def test_a_resolution_is_weighed_at_once_however_long_the_backoff_of_the_provider(
    world, office
):
    action_id, worker = await lost(world, office), world.executor()
    for _ in range(3):
        await worker.run_due(world.ours.id)

    await say(world, action_id, "am", DONE)
    await worker.run_due(world.ours.id)

    assert await world.state(action_id) == "succeeded"


async def test_the_database_keeps_words_as_they_were_and_only_on_unknown_actions(world, office):
    action_id = await lost(world, office)
    await say(world, action_id, "am", DONE)
    await world.executor().run_due(world.ours.id)
    copied = (
        "insert into resolution select tenant_id, action_id, :cfo, outcome, reason, method, key_id,"
        " assurance, signed_payload, signature, audit_head_seq, audit_head_hash, at from resolution"
    )

    cfo = {"cfo": world.ours.people["cfo"]}
    for statement in ("update resolution set outcome = 'closed'", "delete from resolution", copied):
        with pytest.raises(Exception, match=r"resolution (is append-only|needs an action)"):
            async with world.owning() as tx:
                await tx.session.execute(text(statement), cfo if ":cfo" in statement else {})


async def test_a_true_word_is_no_finding(world, office, tmp_path):
    done, gone = await lost(world, office), await lost(world, office, "lose_before")
    world.clock.move(SETTLED)
    await say(world, done, "am", DONE)
    await say(world, gone, "admin", NOT_DONE)
    await world.executor().run_due(world.ours.id)

    assert await kept(world, tmp_path).findings() == []


FORGED = {
    "the word": (
        lambda f, one: f.change(Resolution, {"action_id": one.action_id}, outcome="closed"),
        "signature does not fit the action",
    ),
    "the reason": (
        lambda f, one: f.change(Resolution, {"action_id": one.action_id}, reason="Khác"),
        "signature does not fit the action",
    ),
    "gone": (
        lambda f, one: f.delete(Resolution, action_id=one.action_id),
        "nobody said so of action",
    ),
}


@pytest.mark.parametrize("forgery", FORGED)
async def test_a_word_that_was_changed_or_taken_away_is_found(world, office, tmp_path, forgery):
    action_id = await lost(world, office)
    await say(world, action_id, "am", DONE)
    await world.executor().run_due(world.ours.id)
    archive = kept(world, tmp_path)
    change, expected = FORGED[forgery]

    async with archive.forging() as forger:
        await change(forger, await forger.row(Resolution, action_id=action_id))

    assert any(expected in one for one in await archive.findings())


async def test_a_word_of_somebody_who_might_not_speak_is_found(world, office, tmp_path):
    action_id = await lost(world, office)
    await say(world, action_id, "am", DONE)
    await world.executor().run_due(world.ours.id)
    archive = kept(world, tmp_path)

    async with archive.forging() as forger:
        other = world.ours.people["sales"]
        await forger.change(Resolution, {"action_id": action_id}, person_id=other)

    found = await archive.findings()
    assert any("a key that is not this person's" in one for one in found)
    assert any("nobody said so of action" in one for one in found)
