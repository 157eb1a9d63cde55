"""Documents service: is what was filed there once, for good, and for the right people?"""

from datetime import date

import pytest
from sqlalchemy import delete, select, update
from sqlalchemy.exc import IntegrityError

from domain.approvals.facts import Decision
from domain.documents import queries, service
from domain.documents.settings import ACCOUNTING_YEAR_END
from domain.documents.tables import Document
from domain.kernel.faults import Fault
from domain.kernel.ids import new_id
from domain.store import settings
from domain.store.visibility import Viewer
from server.gateways.blobs.folder import FolderBlobStore
from tests.documents.approved import DAY, PATH, about, an_action, filed, kept

pytestmark = pytest.mark.both


async def test_a_document_is_filed_once_whoever_repeats_it(world):
    of = about(await an_action(world))

    first, second = await filed(world, kept(), of), await filed(world, kept(), of)

    assert first == second
    async with world.looking() as tx:
        (row,) = await tx.all(select(Document))
        assert list(await queries.of(tx, "invoice", of.entity_id)) == [row]
    assert (row.path, row.size, row.locked_until) == (PATH, 4, date(2036, 12, 31))


async def test_other_bytes_or_another_thing_under_its_path_are_refused(world):
    action = await an_action(world)
    of = about(action)
    await filed(world, kept(), of)

    for what, other in ((kept(b"%PDX"), of), (kept(), about(action))):
        with pytest.raises(Fault) as caught:
            await filed(world, what, other)
        assert caught.value.code == "DOCUMENT_EXISTS"


async def test_the_company_says_when_its_accounting_year_ends(world):
    action = await an_action(world)
    async with world.owning() as tx:
        await settings.change_setting(tx, ACCOUNTING_YEAR_END, "03-31")

    await filed(world, kept(), about(action, dated_on=DAY))

    async with world.looking() as tx:
        assert (await tx.all(select(Document)))[0].locked_until == date(2037, 3, 31)


@pytest.mark.parametrize("state", ["missing", "pending", "rejected"])
async def test_without_an_action_that_people_approved_the_database_refuses_it(world, state):
    action = new_id()
    if state != "missing":
        action = (await world.proposed_close())["action_id"]
    if state == "rejected":
        await world.decide(action, "am", decision=Decision.REJECT, reason="no")

    with pytest.raises(IntegrityError):
        await filed(world, kept(), about(action))


@pytest.mark.parametrize("statement", [update(Document).values(size=1), delete(Document)])
async def test_no_document_is_changed_or_deleted_not_even_by_the_owner(world, statement):
    await filed(world, kept(), about(await an_action(world)))

    with pytest.raises(IntegrityError):
        async with world.owning() as tx:
            await tx.change(statement)


async def test_a_document_of_a_private_deal_is_as_private_and_of_no_other_company(world):
    action = await an_action(world)
    deal = await world.a_deal(visibility="private")
    await filed(world, kept(), about(action, deal_id=deal["id"]))

    seen = {}
    for person in ("sales", "am"):
        viewer = Viewer(world.ours.people[person], (world.ours.workspace_id,))
        async with world.looking(viewer=viewer) as tx:
            seen[person] = len(await tx.all(select(Document)))
    async with world.looking(world.theirs) as tx:
        assert await queries.at(tx, PATH) is None

    assert seen == {"sales": 1, "am": 0}


async def test_what_was_kept_is_not_drawn_again_and_read_back_as_it_was(world, tmp_path):
    store, drawn = FolderBlobStore(tmp_path), []

    async def draw():
        drawn.append(1)
        return b"drawn %d" % len(drawn)

    first = await service.keep(store, world.ours.id, PATH, draw)
    again = await service.keep(store, world.ours.id, PATH, draw)
    await filed(world, again, about(await an_action(world)))

    assert first == again and drawn == [1]
    async with world.looking() as tx:
        row = await queries.at(tx, PATH)
    assert row is not None
    assert await service.content(store, row) == b"drawn 1"
    (tmp_path / world.ours.id / PATH).write_bytes(b"forged")
    with pytest.raises(Fault) as caught:
        await service.content(store, row)
    assert caught.value.code == "DOCUMENT_DAMAGED"
