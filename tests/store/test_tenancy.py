"""Tenant isolation: can one company reach a row of another,
whatever statement is made, on either database?
"""

import asyncio
import dataclasses
import re
from importlib import import_module
from pathlib import Path

import pytest
import pytest_asyncio
from sqlalchemy import delete, exists, func, insert, inspect, select, text, union_all, update
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import aliased

from domain.accounts.tables import Account
from domain.contacts.tables import Contact
from domain.deals.tables import DealMember
from domain.identity.tables import Person
from domain.kernel.faults import Fault
from domain.store.engine import Role, connect
from domain.store.prepared import OWN_TENANT, PreparedEntityQuery, PreparedQuery, by_id
from domain.store.schema import Base, TenantEntity, TenantRow
from domain.store.tx import reading, writing
from tests.rows import difference, everything, tables
from tests.tools.samples import valid_calls
from tests.world import World

pytestmark = [pytest.mark.asyncio(loop_scope="module"), pytest.mark.both]

tables()  # imports every table there is
ENTITIES = sorted(
    (mapper.class_ for mapper in Base.registry.mappers if issubclass(mapper.class_, TenantRow)),
    key=lambda entity: entity.__tablename__,
)
# The one unique number without a tenant: 63 bits of time and chance, which say nothing.
NO_ORACLE = {"uq_account_search_key", "uq_contact_search_key"}


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def full(shared: World):
    """The two companies with a row in nearly every table."""
    for ours in (shared.ours, shared.theirs):
        theirs = shared.theirs if ours is shared.ours else shared.ours
        await _fill(dataclasses.replace(shared, ours=ours, theirs=theirs))
    return shared


async def _fill(world: World) -> None:
    calls = await valid_calls(world)
    await world.ok("crm_log_activity", **calls["crm_log_activity"], idempotency_key="once")
    proposed = await world.ok("crm_close_deal", **calls["crm_close_deal"])
    for person in ("am", "cro"):
        await world.decide(proposed["action_id"], person)
    assert (await world.execute(proposed["action_id"])).state == "succeeded"


async def test_E02_every_way_of_asking_sees_one_company(full):
    seen: dict[str, int] = {}
    async with full.looking() as tx:
        for entity in ENTITIES:
            other = aliased(entity)
            rows = await tx.all(select(entity))
            again = await tx.all(select(other))
            both = await tx.rows(
                union_all(select(entity.tenant_id), select(other.tenant_id)).subquery().select()
            )
            number = await tx.first(select(func.count()).select_from(entity))
            there = await tx.first(select(exists().where(entity.tenant_id == full.theirs.id)))

            assert {row.tenant_id for row in (*rows, *again)} <= {full.ours.id}, entity
            assert {row[0] for row in both} <= {full.ours.id}, entity
            assert number == len(rows) and there is False, entity
            seen[entity.__tablename__] = len(rows)

    assert sum(number > 0 for number in seen.values()) >= 20, seen


async def test_E02_nothing_is_got_by_the_whole_key_of_another_company(full):
    theirs = {}
    async with full.looking(full.theirs) as tx:
        for entity in ENTITIES:
            # Attributes of the class: its table's columns would go past tenant isolation.
            key = [getattr(entity, column.key) for column in entity.__mapper__.primary_key]
            theirs[entity] = [tuple(row) for row in await tx.rows(select(*key).limit(3))]

    async with full.looking() as tx:
        for entity, keys in theirs.items():
            for key in keys:
                assert await tx.session.get(entity, key) is None, entity

    assert sum(bool(keys) for keys in theirs.values()) >= 20


async def test_E02_no_bulk_change_reaches_a_row_of_another_company(full):
    before = await everything(full, full.theirs, but=frozenset())
    reached = {}
    for entity in ENTITIES:
        theirs = entity.tenant_id == full.theirs.id
        async with full.owning() as tx:
            changed = await tx.change(
                update(entity).where(theirs).values(tenant_id=entity.tenant_id)
            )
            removed = await tx.change(delete(entity).where(theirs))
            reached[entity.__tablename__] = (changed, removed)
    async with full.owning() as tx:
        everywhere = await tx.change(update(Account).values(industry="Đổi hết"))

    assert set(reached.values()) == {(0, 0)}
    assert everywhere > 0
    assert difference(before, await everything(full, full.theirs, but=frozenset())) == {}


async def test_an_insert_statement_is_no_way_into_the_database(full):
    async with full.owning() as tx:
        with pytest.raises(AssertionError, match="added through the session"):
            await tx.session.execute(insert(Person).values(id="x", email="x", display_name="x"))


async def test_a_row_cannot_be_added_moved_or_removed_in_the_name_of_another_company(full):
    async with full.looking(full.theirs) as tx:
        their_row = await tx.first(select(Person))
    before = await everything(full, full.theirs, but=frozenset())

    with pytest.raises(AssertionError, match="another tenant"):
        async with full.owning() as tx:
            tx.add(Person(tenant_id=full.theirs.id, email="spy@x.vn", display_name="Spy"))
    with pytest.raises(AssertionError, match="another tenant"):
        async with full.owning() as tx:
            (await tx.first(select(Person))).tenant_id = full.theirs.id
    with pytest.raises(AssertionError, match="another tenant"):
        async with full.owning() as tx:
            await tx.session.delete(await tx.session.merge(their_row, load=False))

    assert difference(before, await everything(full, full.theirs, but=frozenset())) == {}


async def test_E04_a_reference_to_a_row_of_another_company_cannot_be_written_down(full):
    async with full.looking(full.theirs) as tx:
        account_id = await tx.first(select(Account.id))
    async with full.looking() as tx:
        deal_id = await tx.first(select(Base.metadata.tables["deal"].c.id))
    person_id = full.theirs.people["am"]
    refused = 0

    for row in (
        _contact(account_id),
        DealMember(deal_id=deal_id, person_id=person_id),
        _account(owner_id=person_id),
    ):
        with pytest.raises(IntegrityError):
            await _add(full, row)
        refused += 1

    assert refused == 3


async def test_E04_every_reference_between_companies_rows_carries_the_tenant(full):
    for table in Base.metadata.tables.values():
        for key in table.foreign_key_constraints:
            if "tenant_id" in table.c:
                assert key.elements[0].parent.name == "tenant_id", key.name
                assert key.elements[0].column.name == "tenant_id", key.name


async def test_E11_what_must_be_unique_is_so_within_a_company(full):
    async with full.owner_side.reader.connect() as connection:
        found = await connection.run_sync(_unique)

    assert len(found) > 20
    assert [name for name, columns in found if "tenant_id" not in columns] == sorted(NO_ORACLE)


@pytest.mark.parametrize("tenant", ["", None])
async def test_E03_without_a_tenant_there_is_no_transaction(full, tenant):
    for opened in (reading, writing):
        with pytest.raises(Fault) as caught:
            async with opened(full.owner_side, tenant, full.clock):
                pass

        assert caught.value.code == "TENANT_REQUIRED"


async def test_E02_every_prepared_query_has_the_tenant_in_it(full):
    asked = _questions()

    assert asked
    for name, question in asked.items():
        sql = str(question.statement.compile(dialect=full.owner_side.reader.dialect))
        tables_in_it = re.findall(r"(?:FROM|JOIN|UPDATE|,) (\w+)(?: AS (\w+))?(?= |\n|$)", sql)
        isolated = re.findall(r"(\w+)\.tenant_id = ", sql)
        names = {alias or table for table, alias in tables_in_it if table in tables()}
        assert names and names <= set(isolated), (name, sql)
        assert OWN_TENANT in question.statement.compile().params


async def test_E02_no_statement_can_say_of_itself_that_it_is_isolated(full):
    prepared = by_id(Account, lock=False).statement
    async with full.looking(full.theirs) as tx:
        account_id = await tx.first(select(Account.id))
    async with full.looking() as tx:
        claims = dict.fromkeys(prepared.get_execution_options(), True)
        bare = select(Account).where(Account.id == account_id).execution_options(**claims)
        answers = [await tx.first(bare), await tx.get(Account, account_id)]

    assert claims and answers == [None, None]


async def test_E05_five_hundred_sessions_of_two_companies_over_three_connections(full):
    """With some that break and some that are thrown away: none ever sees the other company."""
    database = connect(full.url, role=Role.AGENT, pool_size=3)
    accounts = {}
    for company in (full.ours, full.theirs):
        async with full.looking(company) as tx:
            accounts[company.id] = await tx.first(select(func.count()).select_from(Account))

    async def visit(number: int) -> None:
        company = full.ours if number % 2 else full.theirs
        opened = writing if number % 3 == 0 else reading
        async with opened(database, company.id, full.clock) as tx:
            rows = await tx.all(select(Account.tenant_id))
            assert set(rows) == {company.id} and len(rows) == accounts[company.id]
            if number % 5 == 0:
                await tx.session.execute(text("select * from no_such_table"))
            if number % 7 == 0:
                raise ZeroDivisionError

    gone = await asyncio.gather(*(visit(n) for n in range(500)), return_exceptions=True)
    async with database.reader.connect() as bare:
        tenant = "" if full.is_sqlite else await bare.scalar(_SETTING)
        rows = [] if full.is_sqlite else list(await bare.execute(text("select id from account")))
    await database.close()

    wrong = [one for one in gone if isinstance(one, AssertionError)]
    assert wrong == [] and len([one for one in gone if one is not None]) > 100
    assert tenant in ("", None) and rows == [], "the tenant of a transaction outlived it"


_SETTING = text("select current_setting('app.tenant_id', true)")


async def _add(world: World, row) -> None:
    async with world.owning() as tx:
        row.created_at = row.updated_at = tx.at
        tx.add(row)


def _contact(account_id: str) -> Contact:
    return Contact(
        account_id=account_id, display_name="X", family_name="", middle_name="", given_name="X",
        folded="x", salutation="neutral", is_primary=False,
    )  # fmt: skip


def _account(**more) -> Account:
    return Account(name="X", folded="x", search_key=1, account_type="llc", **more)


def _unique(connection) -> list[tuple[str, list[str]]]:

    seen, inspector = [], inspect(connection)
    for table in tables():
        if "tenant_id" not in Base.metadata.tables[table].c or table == "tenant_directory":
            continue
        keys = [
            inspector.get_pk_constraint(table),
            *inspector.get_unique_constraints(table),
            *(index for index in inspector.get_indexes(table) if index["unique"]),
        ]
        seen += [
            (key["name"], key.get("constrained_columns") or key["column_names"]) for key in keys
        ]
    return seen


def _questions() -> dict[str, PreparedQuery | PreparedEntityQuery]:
    """Every prepared question of the program, by where it stands."""
    found: dict[str, PreparedQuery | PreparedEntityQuery] = {
        f"by_id.{entity.__tablename__}": by_id(entity, lock=True)
        for entity in ENTITIES
        if issubclass(entity, TenantEntity)
    }
    for file in sorted((Path(__file__).parents[2] / "domain").glob("*/*.py")):
        module = import_module(f"domain.{file.parent.name}.{file.stem}".removesuffix(".__init__"))
        found |= {
            f"{module.__name__}.{name}": value
            for name, value in vars(module).items()
            if isinstance(value, (PreparedQuery, PreparedEntityQuery))
        }
    return found
