"""Prepared statements go straight to the driver, and nobody can tell by what comes back."""

import json
from contextlib import suppress
from datetime import UTC

import anyio
import pytest
from sqlalchemy import bindparam, select, text
from sqlalchemy.exc import DBAPIError, IntegrityError, InvalidRequestError
from sqlalchemy.ext.asyncio import create_async_engine

from domain.accounts.tables import Account
from domain.identity.tables import Workspace
from domain.kernel.faults import Fault
from domain.kernel.ids import new_id
from domain.store import chain
from domain.store.chain import SYSTEM, Event
from domain.store.direct import Direct
from domain.store.engine import Role, connect, sqlite_url
from domain.store.prepared import PreparedQuery, new_row, prepared_query
from domain.store.tables import AuditBlob, AuditEntry, OutboxMessage
from tests.tools.samples import agent_for, valid_calls

pytestmark = pytest.mark.both

THESE = prepared_query(
    select(Account.id, Account.name, Account.custom_fields, Account.created_at)
    .where(Account.id.in_(bindparam("ids", expanding=True)))
    .order_by(Account.id)
)
OF_TYPE = prepared_query(select(Account.id).where(Account.account_type == bindparam("type")))


async def test_whatever_the_tools_ask_sqlalchemy_answers_the_same(world, monkeypatch):
    calls, asked = await valid_calls(world), []

    async def both(direct, query, values):
        ours = await rows(direct, query, values)
        result = await direct._connection.execute(query.statement, dict(values))
        assert [tuple(row) for row in ours] == [tuple(row) for row in result]
        assert all(row._fields == tuple(result.keys()) for row in ours)
        asked.append((query, len(ours)))
        return ours

    rows = Direct.rows
    monkeypatch.setattr(Direct, "rows", both)
    for name, arguments in calls.items():
        await world.call(name, agent=agent_for(world.catalogue.by_name[name]), **arguments)

    assert len({id(query) for query, _ in asked}) > 20
    assert sum(found for _, found in asked) > 100


async def test_a_list_may_have_any_length_and_few_statements_are_made_for_it(world):
    ids = [await world.an_account(f"Công ty {number}") for number in range(9)]
    texts = set()

    async with world.looking() as tx:
        for length in range(10):
            found = await tx.fetch(THESE, ids=ids[:length])
            texts.add(THESE.compiled(tx._connection.dialect, {"ids": ids[:length]}).text)
            assert [row.id for row in found] == ids[:length]

    assert found[0].custom_fields == {} and found[0].created_at == world.clock.now()
    assert found[0].created_at.tzinfo is UTC
    assert len(texts) == 6  # for none, one, two, four, eight and sixteen


async def test_what_is_written_is_read_as_it_was_said(world):
    said = "Hà Nội 🇻🇳 'x' %s ? $1 :name"
    async with world.owning() as tx:
        tx.record(Event("thing.done", SYSTEM, object=said[:7], private={"said": said}))
    async with world.looking() as tx:
        (entry,) = await tx.all(select(AuditEntry).where(AuditEntry.event == "thing.done"))
        (kept,) = await tx.all(select(AuditBlob).where(AuditBlob.seq == entry.seq))

    assert (entry.object, json.loads(kept.body)) == (said[:7], said)


async def test_a_row_that_fits_in_nowhere_is_refused_without_repeating_what_was_said(world):
    async def written_out_of_turn():
        async with world.owning() as tx:
            row = {"seq": 99, "id": new_id(), "tenant_id": tx.tenant_id, "created_at": tx.at}
            said = {"topic": "thing.done", "payload": {"what": "secret"}}
            await tx._direct.run(new_row(OutboxMessage), {**row, **said})

    with pytest.raises(IntegrityError) as refused:
        await written_out_of_turn()
    async with world.looking() as tx:
        assert not await tx.all(select(OutboxMessage).where(OutboxMessage.topic == "thing.done"))

    assert "secret" not in str(refused.value).replace(str(refused.value.orig), "")


async def test_a_statement_that_lacks_a_value_is_never_sent(world):
    async with world.owning() as tx:
        with pytest.raises(KeyError):
            await tx.fetch(THESE)
        with pytest.raises(KeyError):
            await tx.fetch(OF_TYPE)
        dialect, few = tx._connection.dialect, {"tenant_id": "x", "id": "x"}
        with pytest.raises(AssertionError, match="custom_fields"):
            new_row(Account).compiled(dialect, few, is_change=True)
        with pytest.raises(AssertionError, match="colour"):
            new_row(Workspace).compiled(dialect, few | {"colour": "red"}, is_change=True)
        assert await tx.first(select(Account.id)) is None  # the transaction goes on


async def test_what_the_database_does_not_understand_stays_a_mistake_of_ours(world):
    async with world.looking() as tx:
        with pytest.raises(DBAPIError, match="nothing") as caught:
            await tx.fetch(PreparedQuery(text("SELECT nothing")))

    assert not caught.value.connection_invalidated


async def test_a_connection_that_was_left_in_the_middle_is_given_to_nobody(world):
    if world.is_sqlite:
        pytest.skip("SQLite answers before anybody could leave")
    own = text("SELECT pg_backend_pid() AS pid")
    async with world.looking() as tx:
        (left,) = await tx.fetch(PreparedQuery(own))

    with anyio.move_on_after(0.3) as scope:
        async with world.looking() as tx:
            await tx.fetch(PreparedQuery(text("SELECT pg_sleep(30)")))
    async with world.looking() as tx:
        (other,) = await tx.fetch(PreparedQuery(own))

    assert scope.cancelled_caught
    assert other.pid != left.pid


async def test_what_goes_on_after_its_transaction_has_ended_is_carried_out_by_nobody(world):
    kept, told = {"id": new_id(), "code": "kept", "name": "Kept"}, Event("thing.done", SYSTEM)

    async def going_on():
        async with world.owning() as tx:
            tx.add(Workspace(**kept))
            await tx.flush()
            tx.record(told)
            tx.promise("thing.done", {})
            tx.add(Workspace(id=new_id(), code="kept", name="The same code"))
            with suppress(IntegrityError):
                await tx.flush()

    with pytest.raises((AssertionError, InvalidRequestError)):
        await going_on()
    async with world.owning() as tx:
        pass
    for late in (chain.hold(tx._direct, tx.tenant_id), tx.fetch(THESE, ids=[])):
        with pytest.raises(AssertionError, match="is over"):
            await late
    async with world.looking() as tx:
        chained = await tx.all(select(AuditEntry.seq).where(AuditEntry.event == "thing.done"))
        promised = await tx.all(select(OutboxMessage).where(OutboxMessage.topic == "thing.done"))

        assert await tx.get(Workspace, kept["id"]) is None
    assert list(chained) == list(promised) == []


async def test_a_server_that_hangs_up_between_two_statements_is_said_to_be_away(world):
    if world.is_sqlite:
        pytest.skip("a file does not hang up")
    own = PreparedQuery(text("SELECT pg_backend_pid() AS pid"))
    superuser = create_async_engine(world.url, isolation_level="AUTOCOMMIT")

    async def cut(transaction, then):
        async with transaction as tx:
            (session,) = await tx.fetch(own)
            hung_up = anyio.Event()
            tx._direct._driver.add_termination_listener(lambda _: hung_up.set())
            async with superuser.connect() as connection:
                await connection.execute(text(f"SELECT pg_terminate_backend({session.pid})"))
            await hung_up.wait()
            await then(tx)

    async def promised(tx):
        tx.promise("thing.done", {})

    for transaction, then in (
        (world.looking(), lambda tx: tx.fetch(own)),
        (world.owning(), promised),
        (world.owning(), lambda tx: tx.first(select(Account.id))),
    ):
        with pytest.raises(Fault) as away:
            await cut(transaction, then)
        assert away.value.code == "DATABASE_UNAVAILABLE"
    await superuser.dispose()
    async with world.looking() as tx:
        assert await tx.fetch(own)


async def test_a_table_that_changed_costs_every_connection_one_call_and_says_so(world):
    if world.is_sqlite:
        pytest.skip("SQLite prepares its statements anew")
    wide = PreparedQuery(text("SELECT * FROM changing"))
    superuser = create_async_engine(world.url, isolation_level="AUTOCOMMIT")
    async with superuser.connect() as connection:
        await connection.execute(text("DROP TABLE IF EXISTS changing"))
        await connection.execute(text("CREATE TABLE changing (id text)"))
        await connection.execute(text("GRANT SELECT ON changing TO cyberos_owner"))
        async with world.looking() as tx:
            await tx.fetch(wide)
        await connection.execute(text("ALTER TABLE changing ADD COLUMN more text"))

        with pytest.raises(Fault) as stale:
            async with world.looking() as tx:
                await tx.fetch(wide)
        async with world.looking() as tx:
            again = await tx.fetch(wide)
        await connection.execute(text("DROP TABLE changing"))
    await superuser.dispose()

    assert stale.value.code == "DATABASE_UNAVAILABLE" and again == []


def test_no_wording_is_kept_for_lists_that_are_long(tmp_path):
    dialect = connect(sqlite_url(str(tmp_path / "none.db")), role=Role.AGENT).reader.dialect
    asked = prepared_query(THESE.statement)

    for length in (8_000, 9_000, 9_001):
        assert len(asked.compiled(dialect, {"ids": ["x"] * length}).places) >= length

    (wordings,) = asked._said.values()
    assert list(wordings._known) == [(8_192,)]
