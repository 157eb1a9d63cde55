"""Visibility: is who reads a criterion of the session,
whatever statement is made, on either database?
"""

import pytest
import pytest_asyncio
from sqlalchemy import delete, exists, func, select, union_all, update
from sqlalchemy.orm import aliased

from domain.deals.tables import Deal, StageMove
from domain.store.prepared import by_id, prepared_query
from domain.store.schema import Base, TenantEntity, core
from domain.store.visibility import NOBODY, SYSTEM, Restricted, Viewer, restricted_kinds
from tests import planting
from tests.rows import tables
from tests.tools.samples import valid_calls
from tests.world import World

pytestmark = [pytest.mark.asyncio(loop_scope="module"), pytest.mark.both]

KINDS = sorted(restricted_kinds(), key=lambda kind: kind.__tablename__)


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def planted(shared: World):
    """Two private deals among what everybody may know."""
    number = str((await valid_calls(shared))["crm_generate_vietqr"]["account_number"])
    there = await planting.ground(shared, "0071555000222")
    return await planting.plant(shared, there, number)


def seen_as(shared: World, person: str) -> Viewer:
    """A person of our company in its one workspace."""
    return Viewer(shared.ours.people[person], (shared.ours.workspace_id,))


async def keys_of(tx, kind, entity=None):
    entity = entity or kind
    key = [getattr(entity, column.key) for column in kind.__mapper__.primary_key]
    return {tuple(row) for row in await tx.rows(select(*key))}


async def test_every_way_of_asking_sees_what_the_viewer_may_see(shared, planted):
    hidden: dict[str, int] = {}
    for kind in KINDS:
        async with shared.looking() as tx:
            everything = await keys_of(tx, kind)
        async with shared.looking(viewer=seen_as(shared, "am")) as tx:
            seen = await keys_of(tx, kind)
            other = aliased(kind)
            twice = union_all(select(kind.tenant_id), select(other.tenant_id)).subquery()
            prepared = await tx.fetch(prepared_query(select(kind.tenant_id)))

            assert await keys_of(tx, kind, other) == seen, kind
            assert len(await tx.all(select(kind))) == len(seen), kind
            assert await tx.first(select(func.count()).select_from(kind)) == len(seen), kind
            assert await tx.first(select(func.count()).select_from(twice)) == 2 * len(seen), kind
            assert await tx.first(select(exists().where(kind.tenant_id.is_not(None)))) == bool(seen)
            assert len(prepared) == len(seen), kind
        hidden[kind.__tablename__] = len(everything - seen)

    assert {name for name, rows in hidden.items() if not rows} == set(planting.UNPLANTED)


async def test_who_names_no_viewer_sees_nothing_that_belongs_to_somebody(shared, planted):
    for kind in (Deal, StageMove):
        async with shared.looking(viewer=NOBODY) as tx:
            assert await keys_of(tx, kind) == set()
            assert await tx.fetch(prepared_query(select(kind.tenant_id))) == []


async def test_no_key_and_no_bulk_change_reaches_a_hidden_row(shared, planted):
    for kind in KINDS:
        async with shared.looking() as tx:
            everything = await keys_of(tx, kind)
        async with shared.owning(viewer=seen_as(shared, "am")) as tx:
            hidden = everything - await keys_of(tx, kind)
            for key in sorted(hidden, key=repr)[:3]:
                assert await tx.session.get(kind, key) is None, kind
                if issubclass(kind, TenantEntity):
                    assert await tx.get(kind, key[1]) is None, kind
                    assert await tx.one(by_id(kind, lock=True), id=key[1]) is None, kind
    hidden_deals = Deal.visibility == "private"
    async with shared.owning(viewer=seen_as(shared, "am")) as tx:
        assert await tx.change(update(Deal).where(hidden_deals).values(name="Đổi")) == 0
        assert await tx.change(delete(StageMove).where(StageMove.reason.is_not(None))) == 0


async def test_what_was_loaded_by_the_system_is_not_got_by_a_person(shared, planted):
    async with shared.looking() as tx:
        (hidden,) = await tx.all(select(Deal).where(Deal.visibility == "private").limit(1))
        with tx.looking_as(seen_as(shared, "am")):
            assert await tx.get(Deal, hidden.id) is None
        with tx.looking_as(seen_as(shared, "sales")):
            assert await tx.get(Deal, hidden.id) is hidden
        assert tx.viewer is SYSTEM


async def test_who_is_listed_on_a_deal_sees_it_until_they_are_taken_off(shared, planted):
    async with shared.looking(viewer=seen_as(shared, "cro")) as tx:
        assert planted.asked["won deal"] in {id for _, id in await keys_of(tx, Deal)}


async def test_what_refers_to_a_restricted_row_is_restricted_itself():
    assert open_references() == []


def open_references() -> list[str]:
    """Tables that anybody may read although they tell of rows that not everybody may see."""
    tables()
    hidden = {kind.__tablename__ for kind in restricted_kinds()}
    return [
        f"{kind.__module__.replace('.', '/')}.py: {kind.__name__} refers to {other}, so it has to "
        "be Restricted and say in `belongs_to` with which row it is seen"
        for kind in (mapper.class_ for mapper in Base.registry.mappers)
        if not issubclass(kind, Restricted)
        for other in sorted({key.column.table.name for key in core(kind).foreign_keys} & hidden)
    ]
