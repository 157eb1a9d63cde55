"""Tenant logins: can whoever holds the login of one company's agents name another company? (M8)"""

# ruff: noqa: S608 - the names in the statements are ours

import base64

import anyio
import asyncpg
import pytest
from sqlalchemy import make_url

from domain.kernel.faults import Fault
from domain.store.migrations.tenant_logins import verifier
from tests.cli.console import Place
from tests.redteam import installations

NAME = "only_for_tests"


@pytest.fixture
def served(tmp_path_factory, capsys):
    return installations.served(tmp_path_factory, capsys)


@pytest.fixture
def ours(served):
    """Code and id of our company."""
    return served.demo["tenant"]["code"], served.demo["tenant"]["id"]


@pytest.fixture
def theirs(served):
    """The id of the other company."""
    return served.demo["other_tenant"]["tenant"]["id"]


@pytest.fixture
def login(served, ours):
    """The address of a login that works for our company alone."""
    code, tenant_id = ours
    made = served.ok("postgres", "tenant-login", code, "--name", NAME)
    assert made["login"] == f"{NAME}@{tenant_id}"
    file = served.data_dir / "logins" / code / f"{NAME}.url"
    assert made["file"] == str(file) and file.stat().st_mode & 0o777 == 0o600
    yield file.read_text().strip()
    file.unlink()
    installations.by_statement(served, f'DROP ROLE "{made["login"]}"')


def asked(address, tenant_id, *statements):
    """What somebody with this login alone is answered, who sets the tenant by hand."""

    async def ask():
        connection = await asyncpg.connect(address)
        try:
            async with connection.transaction():
                await connection.execute("SET LOCAL ROLE cyberos_agent")
                await connection.execute("SELECT set_config('app.tenant_id', $1, true)", tenant_id)
                return [await connection.fetchval(one) for one in statements]
        finally:
            await connection.close()

    return anyio.run(ask)


COUNTS = [f"SELECT count(*) FROM {name}" for name in ("account", "agent", "deal", "audit_entry")]


def test_M8_a_login_of_one_company_that_names_another_sees_nothing_of_it(login, ours, theirs):
    assert all(count > 0 for count in asked(login, ours[1], *COUNTS))
    assert asked(login, theirs, *COUNTS) == [0, 0, 0, 0]
    assert asked(login, "", *COUNTS) == [0, 0, 0, 0]


def test_M8_it_writes_nothing_there_and_cannot_take_another_name(login, theirs):
    counter = (
        "INSERT INTO call_counter (tenant_id, principal, day, tool, outcome, count)"
        f" VALUES ('{theirs}', 'x', '2026-01-01', 'x', 'x', 1)"
    )
    for statement in (counter, "SET SESSION AUTHORIZATION cyberos_agent"):
        with pytest.raises(asyncpg.InsufficientPrivilegeError):
            asked(login, theirs, statement)


def test_one_shared_login_names_any_company_which_is_why_there_are_others(served, theirs):
    address = make_url(served.env["CYBEROS_DATABASE_URL"]).set(drivername="postgresql")
    installations.by_statement(served, "CREATE ROLE shared_test LOGIN PASSWORD 'only-for-tests'")
    installations.by_statement(served, "GRANT cyberos_agent TO shared_test")
    try:
        shared = address.set(username="shared_test", password="only-for-tests")
        counts = asked(shared.render_as_string(hide_password=False), theirs, *COUNTS)
        told = [one["sentence"] for one in served.run("doctor", "--json").body["checks"]]
    finally:
        installations.by_statement(served, "DROP ROLE shared_test")

    assert all(count > 0 for count in counts)
    assert any("shared_test" in one and "can name any company" in one for one in told)


def test_M8_agents_are_served_with_it_and_those_of_others_are_not_there(served, login):
    place = Place({**served.env, "CYBEROS_DATABASE_URL": login}, served.capsys)

    found = place.call("crm_search_accounts", {"query": "a"})
    token = next(iter(served.demo["other_tenant"]["agents"].values()))["token"]
    with pytest.raises(Fault, match="TOKEN_INVALID"):
        place.call_as(token, "crm_search_accounts", {"query": "a"})
    doctor = place.run("doctor", "--json").body["checks"]

    assert found["accounts"]
    assert any("alone, whichever one is named" in one["sentence"] for one in doctor)


def test_a_login_that_is_there_is_not_made_again(served, login, ours):
    fault = served.fault("postgres", "tenant-login", ours[0], "--name", NAME)

    assert (fault["code"], fault["exit"]) == ("LOGIN_EXISTS", 4)
    assert f'DROP ROLE "{NAME}@{ours[1]}"' in fault["hint"]


def test_the_password_is_kept_as_the_server_itself_would_keep_it(served):
    installations.by_statement(served, "CREATE ROLE kept_test PASSWORD 'only-for-tests'")
    try:
        kept = by_superuser(served, "SELECT rolpassword FROM pg_authid WHERE rolname = 'kept_test'")
    finally:
        installations.by_statement(served, "DROP ROLE kept_test")

    salt = base64.b64decode(kept.split("$")[1].split(":")[1])
    assert verifier("only-for-tests", salt) == kept


def by_superuser(place, statement):
    async def ask():
        url = make_url(place.env["CYBEROS_DATABASE_URL"]).set(drivername="postgresql")
        connection = await asyncpg.connect(url.render_as_string(hide_password=False))
        try:
            return await connection.fetchval(statement)
        finally:
            await connection.close()

    return anyio.run(ask)


@pytest.mark.parametrize("name", ["", "Serve", "a@b", "a-b", "1a", "x" * 40])
def test_a_name_that_could_be_read_otherwise_is_refused(served, ours, name):
    fault = served.fault("postgres", "tenant-login", ours[0], "--name", name)

    assert fault["code"] == "LOGIN_INVALID"


def test_an_embedded_database_knows_no_logins(tmp_path_factory, capsys):
    place = installations.embedded(tmp_path_factory, capsys)

    fault = place.fault("postgres", "tenant-login", place.demo["tenant"]["code"])

    assert fault["code"] == "POSTGRES_NEEDED"
