"""Several actions of one kind take one signature, all or none, where the policy allows it."""

import pytest
from sqlalchemy import select

from domain.approvals import queries
from domain.approvals.tables import Approval
from domain.identity import keys
from domain.kernel.faults import Fault
from domain.kernel.ids import new_id
from domain.store import chain
from domain.store.tx import reading, writing
from domain.store.visibility import SYSTEM
from policies.approvals import batching
from policies.approvals.batching import Batch
from policies.gate import activation, floor
from policies.gate.catalogue import Catalogue
from tests.forgery import kept
from tests.policies.letters import ROW, PostOffice, WithLetters, catalogue
from tests.world import World

BATCHED = ROW.model_copy(update={"batch": True})


@pytest.fixture
async def office(world: World) -> PostOffice:
    """A world in which letters may be signed in a batch."""
    office = PostOffice()
    world.registry = WithLetters(office)
    await govern(world, BATCHED)
    return office


async def govern(world: World, *rows) -> None:
    """Put this policy in force."""
    version = world.catalogue.version + 1
    tools = (*catalogue(rows[0]).tool, *rows[1:])
    world.catalogue = Catalogue(version=version, tool=tools)
    async with world.owning() as tx:
        await activation.activate(tx, world.catalogue, chain.SYSTEM)


async def letters(world: World, many: int) -> list[str]:
    """Letters that wait."""
    answers = [await world.ok("test_send_letter", letter_id=new_id()) for _ in range(many)]
    return [str(answer["action_id"]) for answer in answers]


async def prepared(world: World, ids: list[str], person: str = "am") -> Batch:
    company, key = world.ours, world.ours.keys[person]
    async with reading(world.inbox_side, company.id, world.clock, viewer=SYSTEM) as tx:
        return await batching.prepare(
            tx,
            world.approval_context,
            ids,
            email=f"{person}@{company.workspace_id.lower()}.vn",
            key_id=key.key_id,
        )


async def recorded(world: World, batch: Batch, signature: bytes) -> None:
    async with writing(world.inbox_side, world.ours.id, world.clock, viewer=SYSTEM) as tx:
        await batching.record(tx, world.approval_context, batch, signature)


async def sign(world: World, ids: list[str], person: str = "am") -> None:
    """One signature for all of these."""
    batch = await prepared(world, ids, person)
    await recorded(world, batch, keys.sign(world.ours.keys[person], batch.to_be_signed))


async def states(world: World, ids: list[str]) -> set[str]:
    return {await world.state(id) for id in ids}


async def test_one_signature_counts_for_every_action_of_the_batch(world, office, tmp_path):
    ids = await letters(world, 3)

    await sign(world, ids, "am")
    await world.decide(ids[0], "cfo")
    await sign(world, ids[1:], "cfo")
    for id in ids:
        await world.execute(id)

    assert await states(world, ids) == {"succeeded"}
    assert len(office.delivered) == 3
    assert await kept(world, tmp_path).findings() == []


@pytest.mark.parametrize("many", [1, 21])
async def test_B24_a_batch_is_two_to_twenty_actions(world, office, many):
    ids = [new_id() for _ in range(many)]

    with pytest.raises(Fault) as refused:
        await prepared(world, ids)

    assert refused.value.code == "BATCH_NOT_ALLOWED"


async def test_B24_one_action_twice_is_no_batch(world, office):
    (id,) = await letters(world, 1)

    with pytest.raises(Fault) as refused:
        await prepared(world, [id, id])

    assert refused.value.code == "BATCH_NOT_ALLOWED"


async def test_B24_actions_of_two_kinds_are_no_batch(world, office):
    shipped = floor.load_checked()
    closing = shipped.by_id["cyberos.crm.close_deal"].model_copy(update={"batch": True})
    others = [row for row in shipped.tool if row.scope.startswith("crm.") and row != closing]
    others = [row for row in others if row.id != closing.id]
    await govern(world, BATCHED, closing, *others)
    ids = [*await letters(world, 1), str((await world.proposed_close())["action_id"])]

    with pytest.raises(Fault) as refused:
        await prepared(world, ids)

    assert refused.value.code == "BATCH_NOT_ALLOWED"


async def test_B24_a_kind_that_the_policy_does_not_batch_is_signed_one_by_one(world, office):
    await govern(world, ROW)
    ids = await letters(world, 2)

    with pytest.raises(Fault) as refused:
        await prepared(world, ids)

    assert refused.value.code == "BATCH_NOT_ALLOWED"


@pytest.mark.parametrize(
    "id",
    [
        "cyberos.inv.cancel_einvoice",
        "cyberos.inv.void_invoice",
        "cyberos.data.export_full",
        "cyberos.admin.add_bank_account",
    ],
)
def test_B24_no_policy_may_batch_cancellations_exports_and_administration(id):
    roles = [{"slot": role, "roles": [role]} for role in ("am", "cfo", "admin", "dpo")]
    row = ROW.model_validate({**ROW.model_dump(), "id": id, "slots": roles, "batch": True})

    with pytest.raises(Fault) as refused:
        floor.check(Catalogue(version=1, tool=(row,)))

    assert f"{id} must not be batched" in refused.value.message


async def test_B25_a_signature_over_other_items_is_refused_for_all_of_them(world, office):
    ids = await letters(world, 4)
    batch, other = await prepared(world, ids[:3]), await prepared(world, [*ids[:2], ids[3]])
    signature = keys.sign(world.ours.keys["am"], other.to_be_signed)

    with pytest.raises(Fault) as refused:
        await recorded(world, batch, signature)

    assert refused.value.code == "SIGNATURE_INVALID"
    async with world.looking() as tx:
        assert await tx.all(select(Approval).where(Approval.action_id.in_(ids))) == []


async def test_B25_one_that_cannot_be_approved_any_more_stops_them_all(world, office):
    ids = await letters(world, 3)
    batch = await prepared(world, ids)
    async with world.looking() as tx:
        row = await queries.action(tx, ids[2])
    office.versions[row.entity_id] = 2

    with pytest.raises(Fault) as refused:
        await recorded(world, batch, keys.sign(world.ours.keys["am"], batch.to_be_signed))

    assert refused.value.code == "ENTITY_CHANGED"
    await world.decide(ids[0], "am")  # nothing was recorded for this one
    assert await states(world, ids[:2]) == {"pending"}


async def test_a_batch_signature_counts_no_more_when_the_policy_batches_no_more(world, office):
    ids = await letters(world, 2)
    await sign(world, ids, "am")
    await sign(world, ids, "cfo")
    await govern(world, ROW)

    report = await world.execute(ids[0])

    assert report.fault.code == "QUORUM_NOT_MET"
    assert not office.calls


FORGED = {
    "another place": {"batch_index": 1},
    "other items": {"batch": ["0" * 64, "1" * 64]},
    "no batch": {"batch": None, "batch_index": None},
    "no place": {"batch_index": -1},
}


@pytest.mark.parametrize("forgery", FORGED)
async def test_a_batch_that_was_changed_afterwards_is_found(world, office, tmp_path, forgery):
    ids = await letters(world, 2)
    await sign(world, ids, "am")
    archive = kept(world, tmp_path)

    async with archive.forging() as forger:
        await forger.change(Approval, {"action_id": ids[0]}, **FORGED[forgery])

    by_signature, by_row = sorted(await archive.findings(), key=lambda one: "not as entry" in one)
    assert by_signature.endswith("signature does not fit the action")
    assert by_row.startswith("approval ")


async def test_a_batch_under_a_policy_that_allows_none_is_found(world, office, tmp_path):
    await govern(world, ROW)
    ids = await letters(world, 2)
    await govern(world, BATCHED)
    batch = await prepared(world, ids)
    await recorded(world, batch, keys.sign(world.ours.keys["am"], batch.to_be_signed))

    found = await kept(world, tmp_path).findings()

    assert [one.partition(": ")[2] for one in found] == [
        "was signed in a batch, which its policy does not allow"
    ] * 2
