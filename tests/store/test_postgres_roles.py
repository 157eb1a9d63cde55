"""PostgreSQL roles: what can a process do that holds the
login of one of ours, and a mind of its own?

Real logins on a real PostgreSQL, each a member of exactly one role. What the program never does
with them is tried by hand.
"""

# ruff: noqa: S608 - the names in the statements are ours

import os
import re
from collections.abc import AsyncIterator, Iterable
from contextlib import asynccontextmanager
from dataclasses import dataclass, replace

import pytest
import pytest_asyncio
from sqlalchemy import make_url, text
from sqlalchemy.exc import DBAPIError
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine, create_async_engine
from sqlalchemy.pool import NullPool

from domain.accounts import service as accounts
from domain.accounts.rules import AccountType
from domain.kernel.faults import Fault
from domain.store.descriptor import ALL, Grant, stored
from domain.store.engine import SEARCHER, Role, connect
from domain.store.migrations.runner import migrate
from domain.store.schema import Base
from domain.store.tx import reading
from server import wiring
from tests.rows import WITHOUT_TENANT, difference, everything, tables
from tests.tools.talk import talking
from tests.world import World

pytestmark = [
    pytest.mark.asyncio(loop_scope="module"),
    pytest.mark.parametrize("shared", ["postgresql"], indirect=True),
]

APPLICATION = (Role.AGENT, Role.INBOX, Role.EXECUTOR, Role.PUBLIC)
DENIED = "42501"
OURS = "tenant_id = current_setting('app.tenant_id')"


@dataclass(frozen=True)
class Logins:
    """One engine and one address for each role."""

    engines: dict[Role, AsyncEngine]
    urls: dict[Role, str]


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def logins(shared: World) -> AsyncIterator[Logins]:
    """A login for each role, member of nothing else; gone afterwards."""
    worker = os.environ.get("PYTEST_XDIST_WORKER", "main")
    superuser = create_async_engine(shared.url, isolation_level="AUTOCOMMIT")
    engines, urls = {}, {}
    async with superuser.connect() as connection:
        for role in APPLICATION:
            name = f"t_{role.value}_{worker}"
            for statement in (
                f"DROP ROLE IF EXISTS {name}",
                f"CREATE ROLE {name} LOGIN PASSWORD 'only-for-tests'",
                f"GRANT {role.value} TO {name}",
            ):
                await connection.exec_driver_sql(statement)
            url = make_url(shared.url).set(username=name, password="only-for-tests")
            urls[role] = url.render_as_string(hide_password=False)
            engines[role] = create_async_engine(url, poolclass=NullPool)
        yield Logins(engines, urls)
        for role in APPLICATION:
            await engines[role].dispose()
            await connection.exec_driver_sql(f"DROP ROLE t_{role.value}_{worker}")
    await superuser.dispose()


@asynccontextmanager
async def inside_tenant(shared: World, engine: AsyncEngine):
    """A transaction inside our company, as the program opens one, but with nothing between."""
    async with engine.connect() as connection, connection.begin() as transaction:
        setting = text("select set_config('app.tenant_id', :tenant, true)")
        await connection.execute(setting, {"tenant": shared.ours.id})
        yield connection
        await transaction.rollback()


async def attempts(shared: World, engine: AsyncEngine, statements: Iterable[str]) -> dict[str, str]:
    """The SQLSTATE each statement is refused with; "" for those that are not."""
    states = {}
    async with inside_tenant(shared, engine) as connection:
        for statement in statements:
            savepoint = await connection.begin_nested()
            try:
                await connection.exec_driver_sql(statement)
                states[statement] = ""
            except DBAPIError as error:
                states[statement] = str(error.orig.sqlstate)  # type: ignore[union-attr]
            await savepoint.rollback()
    return states


async def attempt(shared: World, engine: AsyncEngine, statement: str) -> str:
    """The same for one statement."""
    return (await attempts(shared, engine, [statement]))[statement]


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def actions(shared: World) -> dict[str, str]:
    """A pending action and one that people have approved."""
    made = {}
    async with talking(shared) as talk:
        account = await talk.ok("crm_create_account", name="Công ty Việt Á", account_type="llc")
        for name in ("pending", "approved"):
            deal = await talk.ok(
                "crm_create_deal",
                account_id=account["id"],
                name=name,
                amount_minor=5,
                currency="USD",
            )
            answer = await talk.ok("crm_close_deal", deal_id=deal["id"], outcome="won")
            made[name] = str(answer["action_id"])
        await talk.ok("crm_log_activity", kind="note", subject="x", account_id=account["id"])
    await shared.decide(made["approved"], "am")
    return made


async def test_every_table_is_granted_to_a_role_as_the_list_says_and_no_further(shared, logins):
    complaints = []
    for role, engine in logins.engines.items():
        granted = {
            statement: may for table in tables() for statement, may in grants(role, table).items()
        }
        for statement, state in (await attempts(shared, engine, granted)).items():
            if (state != DENIED) != granted[statement]:
                complaints.append(f"{role}: {statement}: {state or 'done'}")

    assert complaints == []


def grants(role: Role, table: str) -> dict[str, bool]:
    """What may be tried on a table, and whether the role may."""
    column = Base.metadata.tables[table].primary_key.columns.keys()[0]
    granted = stored()[table].grants.get(role, Grant())
    isolated = table not in WITHOUT_TENANT
    own = f"({column}) SELECT current_setting('app.tenant_id')" if isolated else "DEFAULT VALUES"
    unisolated = {f"DROP POLICY tenant_isolation ON {table}": False} if isolated else {}
    return {
        **unisolated,
        f"SELECT 1 FROM {table}": reads(role, table),
        f"INSERT INTO {table} {own}": granted.insert,
        f"UPDATE {table} SET {column} = {column}": granted.update == ALL,
        f"DELETE FROM {table}": granted.delete,
        f"TRUNCATE {table}": False,
        f"ALTER TABLE {table} DISABLE TRIGGER ALL": False,
    }


def reads(role: Role, table: str) -> bool:
    """Whether a role reads something of a table: the public door only what is named for it."""
    rules = stored()[table]
    if role is Role.PUBLIC:
        return bool(rules.grants.get(role, Grant()).reads)
    return role not in rules.hidden_from


async def test_the_public_door_has_these_rights_and_no_others(shared):
    digests = "endpoint_id id own_account provider_id rail sha256 tenant_id"
    superuser = create_async_engine(shared.url, poolclass=NullPool)
    async with superuser.connect() as connection:
        found = (await connection.execute(text(
            "select t.relname, p.priv, string_agg(a.attname, ' ' order by a.attname)"
            " from pg_class t join pg_attribute a on a.attrelid = t.oid and a.attnum > 0"
            " and not a.attisdropped cross join (values ('SELECT'), ('INSERT'), ('UPDATE'),"
            " ('REFERENCES')) p (priv) where t.relnamespace = 'public'::regnamespace"
            " and has_column_privilege('cyberos_public', t.oid, a.attnum, p.priv)"
            " and t.relkind in ('r', 'p', 'v', 'm') group by 1, 2"
        ))).all()  # fmt: skip
        whole = (await connection.execute(text(
            "select t.relname, p.priv from pg_class t cross join"
            " (values ('DELETE'), ('TRUNCATE'), ('TRIGGER')) p (priv)"
            " where t.relnamespace = 'public'::regnamespace and t.relkind in ('r', 'p', 'v', 'm')"
            " and has_table_privilege('cyberos_public', t.oid, p.priv)"
        ))).all()  # fmt: skip
        member = text(
            "select count(*) from pg_auth_members where member = 'cyberos_public'::regrole"
        )
        roles = await connection.scalar(member)
        columns = {
            name: set(Base.metadata.tables[name].columns.keys())
            for name in ("webhook_endpoint", "webhook_event", "webhook_conflict")
        }
    await superuser.dispose()

    rights = {(table, right): set(names.split()) for table, right, names in found}
    assert rights == {
        ("alembic_version", "SELECT"): {"version_num"},
        ("webhook_endpoint", "SELECT"): columns["webhook_endpoint"],
        ("webhook_event", "SELECT"): {*digests.split()},
        ("webhook_event", "INSERT"): columns["webhook_event"],
        ("webhook_conflict", "SELECT"): {"event_id", "id", "sha256", "tenant_id"},
        ("webhook_conflict", "INSERT"): columns["webhook_conflict"],
    }
    assert (whole, roles) == ([], 0)


@pytest.mark.parametrize(
    "statement",
    [
        "SELECT body FROM webhook_event", "SELECT memo FROM receipt", "SELECT code FROM tenant",
        "SELECT received_at FROM webhook_conflict", "SELECT count(body) FROM webhook_event",
        "INSERT INTO webhook_endpoint (tenant_id) SELECT current_setting('app.tenant_id')",
        "UPDATE webhook_endpoint SET revoked_at = now()", "DELETE FROM webhook_event",
        "UPDATE webhook_event SET state = 'ignored'", "SET ROLE cyberos_search",
        "SET ROLE cyberos_agent", "CREATE TABLE mine (x int)", "SELECT deploy FROM deployment",
        "SELECT seq FROM audit_head", "SELECT code FROM tenant_directory",
    ],
)  # fmt: skip
async def test_the_public_doors_login_opens_nothing_else(shared, logins, statement):
    assert await attempt(shared, logins.engines[Role.PUBLIC], statement) == DENIED


@pytest.mark.parametrize(
    "statement",
    [
        "SET ROLE cyberos_owner", "SET ROLE cyberos_inbox", "SET ROLE cyberos_executor",
        "SET SESSION AUTHORIZATION cyberos_owner", "CREATE TABLE mine (x int)",
        "GRANT cyberos_executor TO CURRENT_USER", "ALTER ROLE CURRENT_USER BYPASSRLS",
        "SET session_replication_role = replica", "CREATE ROLE spy",
        "UPDATE agent SET scopes = '[\"crm.close\"]'", "UPDATE agent SET expires_at = now()",
        "UPDATE pending_action SET args_json = '{}'", "UPDATE pending_action SET result = '{}'",
        "INSERT INTO guard_tool VALUES ('deal.close', 'cyberos.crm.move_stage')",
        "UPDATE guard_tool SET tool = 'cyberos.crm.move_stage'", "DELETE FROM guard_tool",
        "UPDATE pending_action SET lease_owner = 'me'", "COPY person TO PROGRAM 'cat'",
        "UPDATE outbox SET created_at = now()", "SELECT pg_read_file('/etc/passwd')",
        ("INSERT INTO person_role SELECT tenant_id, id, 'admin', 'admin', '', '', now() FROM person"
        f" WHERE {OURS}"),
    ],
)  # fmt: skip
async def test_an_agents_login_opens_nothing_else(shared, logins, statement):
    assert await attempt(shared, logins.engines[Role.AGENT], statement) == DENIED


@pytest.mark.parametrize("role", [Role.AGENT, Role.EXECUTOR])
async def test_I10_only_the_inbox_can_write_an_approval(shared, logins, actions, role):
    copied = (
        "INSERT INTO approval SELECT * FROM jsonb_populate_recordset(null::approval,"
        " (SELECT jsonb_agg(to_jsonb(a) || jsonb_build_object('action_id', '{}'))"
        " FROM approval a WHERE action_id = '{}'))"
    ).format(actions["pending"], actions["approved"])

    mine = await attempt(shared, logins.engines[role], copied)
    people = await attempt(shared, logins.engines[Role.INBOX], copied)

    assert (mine, people) == (DENIED, "")


@pytest.mark.parametrize(
    ("role", "start", "end", "refused"),
    [
        (Role.AGENT, "pending", "approved", True),
        (Role.AGENT, "pending", "rejected", True),
        (Role.AGENT, "pending", "stale", True),
        (Role.AGENT, "approved", "executing", True),
        (Role.AGENT, "approved", "stale", True),
        (Role.AGENT, "pending", "cancelled", False),
        (Role.AGENT, "approved", "cancelled", False),
        (Role.INBOX, "approved", "executing", True),
        (Role.INBOX, "pending", "rejected", False),
        (Role.EXECUTOR, "approved", "executing", False),
    ],
)
async def test_each_role_takes_only_its_own_steps(
    shared, logins, actions, role, start, end, refused
):
    step = (
        f"UPDATE pending_action SET state = '{end}', state_seq = state_seq + 1"
        f" WHERE id = '{actions[start]}' AND {OURS}"
    )

    state = await attempt(shared, logins.engines[role], step)

    assert state == (DENIED if refused else "")


@pytest.mark.parametrize("role", [Role.AGENT, Role.EXECUTOR])
async def test_a_login_changes_only_those_columns_of_a_deal_that_its_work_changes(
    shared, logins, actions, role
):
    columns = Base.metadata.tables["deal"].columns.keys()
    statements = {f"UPDATE deal SET {name} = {name} WHERE {OURS}": name for name in columns}

    states = await attempts(shared, logins.engines[role], statements)

    changed = {name for statement, name in statements.items() if states[statement] != DENIED}
    assert changed == set(stored()["deal"].grants[role].update)
    edited = {"name", "currency", "owner_id", "visibility"}
    assert changed & edited == (edited if role is Role.AGENT else set())
    assert not changed & {"account_id", "pipeline_id", "workspace_id", "created_at"}
    assert len(changed & {"amount_minor", "status"}) == 1


async def test_B16_no_role_makes_an_approved_action_of_one_that_nobody_signed(
    shared, logins, actions
):
    step = (
        "UPDATE pending_action SET state = 'approved', state_seq = 2"
        f" WHERE id = '{actions['pending']}' AND {OURS}"
    )

    states = {role: await attempt(shared, logins.engines[role], step) for role in APPLICATION}

    assert states == {
        Role.AGENT: DENIED, Role.PUBLIC: DENIED, Role.INBOX: "23514", Role.EXECUTOR: "23514",
    }  # fmt: skip


async def test_E03_without_a_tenant_a_login_sees_and_writes_nothing(shared, logins, actions):
    seen = {}
    for role, engine in logins.engines.items():
        async with engine.connect() as connection:
            for table in sorted(set(tables()) - WITHOUT_TENANT):
                if not reads(role, table):
                    continue
                counting = text(f"select count(tenant_id) from {table}")
                seen[role, table] = await connection.scalar(counting)
    async with inside_tenant(shared, logins.engines[Role.AGENT]) as connection:
        ours = await connection.scalar(text("select count(*) from account"))

    assert set(seen.values()) == {0}
    assert ours > 0


async def test_E07_no_role_is_above_tenant_isolation_and_every_tenants_table_has_one(
    shared, logins
):
    superuser = create_async_engine(shared.url, poolclass=NullPool)
    async with superuser.connect() as connection:
        roles = (await connection.execute(text(
            "select rolname, rolsuper or rolbypassrls or rolcreaterole or rolcreatedb"
            " or rolcanlogin from pg_roles where rolname like 'cyberos\\_%'"
        ))).all()  # fmt: skip
        isolated = (await connection.execute(text(
            "select c.relname, c.relrowsecurity, c.relforcerowsecurity, c.relowner::regrole::text,"
            " (select string_agg(p.polname || pg_get_expr(p.polqual, c.oid)"
            "  || pg_get_expr(p.polwithcheck, c.oid), ';')"
            " from pg_policy p where p.polrelid = c.oid and p.polname <> 'search_scope')"
            " from pg_class c where c.relkind in ('r', 'p')"
            " and c.relnamespace = 'public'::regnamespace"
        ))).all()  # fmt: skip
    await superuser.dispose()

    assert {name for name, _ in roles} == {SEARCHER, *(role.value for role in Role)}
    assert not any(powerful for _, powerful in roles)
    policies = set()
    for table, enabled, forced, owner, policy in isolated:
        assert owner == Role.OWNER.value, table
        if table in WITHOUT_TENANT | {"alembic_version"}:
            continue
        assert enabled and forced, table
        policies.add(re.sub(r"\s|::text", "", policy))
    assert len(policies) == 1 and len(isolated) == len(tables()) + 1, policies


async def test_the_searcher_sees_what_is_searched_for_and_of_that_only_its_tenants(shared, logins):
    as_searcher = "SELECT set_config('role', 'cyberos_search', true)"
    async with talking(shared) as talk:
        for name in ("Công ty Xyzzy", "Công ty Khác"):
            await talk.ok("crm_create_account", name=name, account_type="llc")
    async with shared.owning(shared.theirs) as tx:
        today = shared.clock.now().date()
        await accounts.create(tx, name="Xyzzy", account_type=AccountType.LLC, on=today)
    engine = logins.engines[Role.AGENT]

    async with inside_tenant(shared, engine) as connection:
        await connection.exec_driver_sql("SELECT set_config('app.search', 'xyzzy', true)")
        await connection.exec_driver_sql(as_searcher)
        found = list(await connection.scalars(text("SELECT name FROM account")))
        await connection.exec_driver_sql("SELECT set_config('app.search', '', true)")
        unasked = list(await connection.scalars(text("SELECT name FROM account")))
    refused = {}
    for statement in (
        "SELECT address FROM account",
        "SELECT id FROM person",
        "UPDATE account SET name = 'x'",
    ):
        async with inside_tenant(shared, engine) as connection:
            await connection.exec_driver_sql(as_searcher)
            refused[statement] = await refusal(connection, statement)

    assert (found, unasked) == (["Công ty Xyzzy"], [])
    assert set(refused.values()) == {DENIED}, refused


async def test_who_migrates_becomes_no_searcher(shared):
    name = f"t_migrates_{os.environ.get('PYTEST_XDIST_WORKER', 'main')}"
    superuser = create_async_engine(shared.url, isolation_level="AUTOCOMMIT")
    memberships = text(
        "SELECT roleid::regrole::text FROM pg_auth_members WHERE member = to_regrole(:name)"
    )
    url = make_url(shared.url).set(username=name, password="only-for-tests")

    async with superuser.connect() as connection:
        await connection.exec_driver_sql(f"DROP ROLE IF EXISTS {name}")
        await connection.exec_driver_sql(
            f"CREATE ROLE {name} LOGIN SUPERUSER PASSWORD 'only-for-tests'"
        )
        await migrate(url.render_as_string(hide_password=False), wiring.wires())
        member_of = set(await connection.scalars(memberships, {"name": name}))
        await connection.exec_driver_sql(f"DROP ROLE {name}")
    await superuser.dispose()

    assert member_of == {role.value for role in Role}


async def refusal(connection: AsyncConnection, statement: str) -> str:
    """The SQLSTATE a statement is refused with."""
    with pytest.raises(DBAPIError) as caught:
        await connection.exec_driver_sql(statement)
    return str(caught.value.orig.sqlstate)  # type: ignore[union-attr]


async def test_E08_nothing_in_the_database_looks_with_the_rights_of_its_owner(shared):
    """A view or a function of the owner's would show what tenant isolation hides
    from its caller.
    """
    finding = text(
        "select oid::regprocedure::text from pg_proc"
        " where prosecdef and pronamespace = 'public'::regnamespace"
        " union all select oid::regclass::text from pg_class"
        " where relkind in ('v', 'm') and relnamespace = 'public'::regnamespace"
        " and not coalesce('security_invoker=true' = any(reloptions), false)"
    )
    planted = (
        "CREATE VIEW peep AS SELECT * FROM account",
        "CREATE MATERIALIZED VIEW photo AS SELECT 1 AS x",
        "CREATE FUNCTION lend() RETURNS int SECURITY DEFINER LANGUAGE sql AS 'select 1'",
    )
    superuser = create_async_engine(shared.url, poolclass=NullPool)

    async with superuser.connect() as connection:
        found = list(await connection.scalars(finding))
        for statement in planted:
            await connection.exec_driver_sql(statement)
        seen = set(await connection.scalars(finding))
        await connection.rollback()
    await superuser.dispose()

    assert found == []
    assert seen == {"peep", "photo", "lend()"}, "the catalogue was not read right"


async def test_the_whole_way_from_proposal_to_effect_needs_no_more_than_these_logins(
    shared, logins
):
    trust = shared.approval_context.trust
    sides = {
        role: connect(url, role=role, pool_size=2, trust=trust) for role, url in logins.urls.items()
    }
    apart = replace(
        shared,
        agent_side=sides[Role.AGENT],
        inbox_side=sides[Role.INBOX],
        executor_side=sides[Role.EXECUTOR],
        public_side=sides[Role.PUBLIC],
    )

    async with talking(apart) as talk:
        account = await talk.ok("crm_create_account", name="Công ty Sao Mai", account_type="llc")
        deal = await talk.ok(
            "crm_create_deal", account_id=account["id"], name="X", amount_minor=5, currency="USD"
        )
        await talk.ok("crm_move_stage", deal_id=deal["id"], to_stage="discovery")
        proposed = await talk.ok("crm_close_deal", deal_id=deal["id"], outcome="won")
        recorded = await apart.decide(proposed["action_id"], "am")
        report = await apart.execute(proposed["action_id"])
        closed = await talk.ok("crm_get_deal", id=deal["id"])
    for side in sides.values():
        await side.close()

    assert (recorded.state, report.state, closed["status"]) == ("approved", "succeeded", "won")


@pytest.mark.parametrize("wanted", [Role.INBOX, Role.EXECUTOR, Role.OWNER])
async def test_a_login_of_one_role_does_not_open_the_side_of_another(shared, logins, wanted):
    side = connect(logins.urls[Role.AGENT], role=wanted)
    before = await everything(shared)

    with pytest.raises(Fault) as caught:
        async with reading(side, shared.ours.id, shared.clock):
            pass
    await side.close()

    assert caught.value.code == "DATABASE_ROLE_DENIED"
    assert difference(before, await everything(shared)) == {}
