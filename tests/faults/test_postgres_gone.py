"""PostgreSQL goes away and comes back: quick answers meanwhile, nothing lost, no restart."""

import asyncio
import time
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from dataclasses import replace
from typing import Any

import pytest
from sqlalchemy import TextClause, text
from sqlalchemy.ext.asyncio import AsyncConnection, create_async_engine

from domain.deals import service as deals
from domain.kernel.faults import Fault
from domain.kernel.ids import new_id
from domain.store.engine import Role, connect
from domain.store.migrations.runner import migrate
from server import wiring
from tests.faults.own_postgres import OwnPostgres, own_postgres
from tests.faults.standing import chain_holds, counts, standing
from tests.world import World, fault, fault_code, opened

QUICKLY_SECONDS = 10
SMALL = {"amount_minor": 500_000, "currency": "USD"}  # one signature is enough
NEW = {"name": "Nền tảng quý 4", "amount_minor": 1_000_000, "currency": "VND"}

SESSIONS = text("select pid from pg_stat_activity where application_name like 'cyberos:%'")
KILL = text(
    "select pg_terminate_backend(pid) from pg_stat_activity"
    " where application_name like 'cyberos:%' and :event in (wait_event_type, wait_event)"
)

ROLE_IS_AWAITED = text(
    "select 1 from pg_stat_activity where query like 'CREATE ROLE%' and wait_event_type = 'Lock'"
)


@pytest.fixture(scope="module")
def server() -> Iterator[OwnPostgres]:
    """A server with a migrated database, and its grant switch."""
    with own_postgres() as running:
        asyncio.run(migrate(running.url, wiring.wires()))
        yield running


@pytest.fixture
async def world(server: OwnPostgres) -> AsyncIterator[World]:
    """Two companies on it."""
    async with opened(server.url) as made:
        yield made


async def quickly(work: Any) -> Any:
    """The answer, which must not keep anybody waiting."""
    async with asyncio.timeout(QUICKLY_SECONDS):
        return await work


async def test_while_it_is_away_calls_are_refused_quickly_and_then_the_next_one_works(
    world, server
):
    new = {**NEW, "account_id": await world.an_account()}
    before = await counts(world)

    async with world.client() as client:
        server.stop()
        away = [
            fault_code(await quickly(client.call_tool(tool, arguments)))
            for tool, arguments in (("whoami", {}), ("crm_create_deal", new), ("whoami", {}))
        ]
        server.start()
        back = await quickly(client.call_tool("crm_create_deal", new))

    assert away == ["DATABASE_UNAVAILABLE"] * 3
    assert not back.is_error
    now = await counts(world)
    assert (now["deal"], now["stage_move"]) == (1, 1)
    assert now["account"] == before["account"]
    await chain_holds(world)


async def test_while_it_starts_calls_are_refused_until_one_works(world, server):
    new, refused = {**NEW, "account_id": await world.an_account()}, set()
    server.stop()
    await world.call("whoami")

    async with world.client() as client:
        server.start(wait=False)
        while (answer := await quickly(client.call_tool("crm_create_deal", new))).is_error:
            refused.add(fault_code(answer))

    assert refused <= {"DATABASE_UNAVAILABLE"}
    assert (await counts(world))["deal"] == 1


async def test_a_restart_between_two_calls_is_not_noticed(world, server):
    await asyncio.gather(*(world.call("whoami") for _ in range(4)))  # four idle connections
    server.stop()
    server.start()

    answers = [await quickly(world.call("whoami")) for _ in range(5)]

    assert [answer.is_error for answer in answers] == [False] * 5


async def test_a_server_that_freezes_without_hanging_up_does_not_keep_anybody_waiting(
    world, server
):
    new = {**NEW, "account_id": await world.an_account()}
    trust = world.approval_context.trust
    hasty = connect(world.url, role=Role.AGENT, busy_seconds=1, trust=trust)
    frozen = replace(world, agent_side=hasty)
    await frozen.call("whoami")
    before = await counts(world)

    with server.frozen(await sessions(server)):
        refused = [fault_code(await quickly(frozen.call("crm_create_deal", **new))) for _ in "12"]

    assert refused == ["DATABASE_UNAVAILABLE"] * 2
    assert await counts(world) == before
    await frozen.ok("crm_create_deal", **new)
    await hasty.close()


async def test_signing_and_carrying_out_wait_until_it_is_back(world, server):
    asked = await world.proposed_close(**SMALL)
    server.stop()
    with pytest.raises(Fault) as caught:
        await quickly(world.decide(asked["action_id"], "am"))
    server.start()
    await world.decide(asked["action_id"], "am")
    server.stop()
    report = await quickly(world.execute(asked["action_id"]))
    server.start()

    done = await world.execute(asked["action_id"])

    assert caught.value.code == "DATABASE_UNAVAILABLE"
    assert report.fault is not None
    assert report.fault.code == "DATABASE_UNAVAILABLE"
    assert done.state == "succeeded"
    closed = await standing(world, asked["action_id"])
    assert (closed.deal, closed.engagements, closed.attempts) == ("won", 1, ("ok",))
    await chain_holds(world)


async def test_a_server_that_hangs_up_between_two_statements_ends_no_approved_action(
    world, server, monkeypatch
):
    asked = await world.proposed_close(**SMALL)
    await world.decide(asked["action_id"], "am")
    step, cut = deals.record_step, []

    async def cut_before_it(*args, **options):
        if not cut:
            cut.append(await kill(server, "ClientRead"))
            await asyncio.sleep(0.2)  # until the driver has heard of it
        return await step(*args, **options)

    monkeypatch.setattr(deals, "record_step", cut_before_it)
    cut_off = await quickly(world.execute(asked["action_id"]))
    stood = await world.state(asked["action_id"])
    done = await world.execute(asked["action_id"])

    assert cut_off.fault is not None and cut_off.fault.code == "DATABASE_UNAVAILABLE"
    assert (stood, done.state) == ("approved", "succeeded")
    await chain_holds(world)


async def test_a_connection_killed_in_the_middle_of_a_write_leaves_nothing_half_done(world, server):
    new = {**NEW, "account_id": await world.an_account()}
    before = await counts(world)

    async with operator(server, isolation_level="READ COMMITTED") as hand:
        await hand.execute(text("select * from audit_head for update"))  # the last step of a call
        call = asyncio.create_task(world.call("crm_create_deal", **new))
        await kill(server, "Lock")
        refused = await quickly(call)

    assert fault_code(refused) == "DATABASE_UNAVAILABLE"
    assert await counts(world) == before
    await world.ok("crm_create_deal", **new)
    await chain_holds(world)


async def test_a_commit_whose_answer_is_lost_is_called_so_and_repeating_it_is_safe(world, server):
    new = {**NEW, "account_id": await world.an_account(), "idempotency_key": new_id()}

    async with commits_that_wait(server):
        call = asyncio.create_task(world.call("crm_create_deal", **new))
        await kill(server, "SyncRep")
        lost = fault(await quickly(call))
    made = await counts(world)
    again = await world.call("crm_create_deal", **new)

    assert lost["code"] == "DATABASE_UNAVAILABLE"
    assert "may or may not" in lost["message"]
    assert "nothing was changed" not in lost["hint"]
    assert made["deal"] == 1
    assert not again.is_error
    assert await counts(world) == made


async def test_B20_an_execution_whose_commit_was_not_heard_of_is_not_repeated(world, server):
    asked = await world.proposed_close(**SMALL)
    await world.decide(asked["action_id"], "am")

    async with commits_that_wait(server):
        work = asyncio.create_task(world.execute(asked["action_id"]))
        await kill(server, "SyncRep")
        lost = await quickly(work)
    once = await standing(world, asked["action_id"])
    await world.execute(asked["action_id"])
    await world.executor().run_due(world.ours.id)

    assert (lost.state, lost.fault) == ("succeeded", None)  # looked up: the row knows
    assert (once.state, once.deal, once.engagements) == ("succeeded", "won", 1)
    assert await standing(world, asked["action_id"]) == once
    await chain_holds(world)


async def test_a_role_that_appears_while_roles_are_made_is_no_obstacle(world, server):
    async with operator(server) as hand:
        await hand.exec_driver_sql("ALTER ROLE cyberos_inbox RENAME TO cyberos_inbox_away")

    async with operator(server, isolation_level="READ COMMITTED") as hand:
        await hand.exec_driver_sql("ALTER ROLE cyberos_inbox_away RENAME TO cyberos_inbox")
        # Roles belong to all databases of a server.
        preparing = asyncio.create_task(migrate(server.url, wiring.wires()))
        await until(server, ROLE_IS_AWAITED)
        await hand.commit()
    await quickly(preparing)

    assert await world.proposed_close(**SMALL)


# --- the operator's hand in the server ---


@asynccontextmanager
async def operator(
    server: OwnPostgres, isolation_level: str = "AUTOCOMMIT"
) -> AsyncIterator[AsyncConnection]:
    """A superuser's connection, outside of any transaction of ours."""
    engine = create_async_engine(server.url, isolation_level=isolation_level)
    async with engine.connect() as connection:
        yield connection
    await engine.dispose()


@asynccontextmanager
async def commits_that_wait(server: OwnPostgres) -> AsyncIterator[None]:
    """Every commit is written, and then waits for a standby that does not exist."""
    await _settle(server, "ALTER SYSTEM SET synchronous_standby_names = 'nobody'")
    yield
    await _settle(server, "ALTER SYSTEM RESET synchronous_standby_names")


async def _settle(server: OwnPostgres, statement: str) -> None:
    async with operator(server) as hand:
        await hand.exec_driver_sql(statement)
        await hand.exec_driver_sql("select pg_reload_conf()")


async def sessions(server: OwnPostgres) -> list[int]:
    """The processes that serve us."""
    async with operator(server) as hand:
        return list((await hand.execute(SESSIONS)).scalars())


async def kill(server: OwnPostgres, waiting_for: str) -> None:
    """Cut the connection of ours that waits for this, as soon as it does."""
    await until(server, KILL.bindparams(event=waiting_for))


async def until(server: OwnPostgres, question: TextClause) -> None:
    """Ask until there is an answer."""
    async with operator(server) as hand:
        deadline = time.monotonic() + QUICKLY_SECONDS
        while not (await hand.execute(question)).all():
            if time.monotonic() > deadline:
                raise TimeoutError(str(question))
            await asyncio.sleep(0.01)
