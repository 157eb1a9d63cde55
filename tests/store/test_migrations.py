"""Does an empty database become exactly what the models say, and is the revision known?"""

import os
from collections.abc import Iterable
from importlib import import_module
from pathlib import Path

import pytest
from alembic import command
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from sqlalchemy import Connection, make_url, text
from sqlalchemy.ext.asyncio import create_async_engine
from sqlalchemy.pool import NullPool

from domain.kernel.faults import Fault
from domain.kernel.ids import new_id
from domain.store import search
from domain.store.engine import Role, connect, sqlite_url
from domain.store.migrations import runner
from domain.store.migrations.runner import head, migrate
from domain.store.revision import HEAD, check_revision
from domain.store.schema import Base
from domain.store.tx import reading
from tests.postgres import create_database, drop_database
from tests.sqlite import by_hand

ROOT = Path(__file__).resolve().parents[2]
# What only one database has, and the models therefore do not: the search indexes.
SEARCH = {"search_words", "ix_account_search_words"}


def test_the_program_knows_the_newest_revision():
    assert head() == HEAD


async def test_the_migrated_database_is_what_the_models_say(world):
    for tables in sorted((ROOT / "domain").glob("*/tables.py")):
        import_module(f"domain.{tables.parent.name}.tables")

    async with world.owner_side.reader.connect() as connection:
        differences = await connection.run_sync(_differences)

    assert differences == []


async def test_migrating_twice_changes_nothing(world):
    await migrate(world.url)

    await check_revision(world.agent_side)


@pytest.mark.parametrize("shared", ["postgresql"], indirect=True)
async def test_accounts_of_revision_0002_are_found_and_counted_after_it(shared):
    url = await create_database(f"cyberos_test_0002_{os.environ.get('PYTEST_XDIST_WORKER', '')}")
    tenant_id = new_id()
    await runner._prepare_roles(make_url(url))
    old = connect(url, role=Role.OWNER, pool_size=1)
    async with old.writer.begin() as connection:
        await connection.run_sync(_upgrade_to, "0002")
    await old.close()
    superuser = create_async_engine(url, isolation_level="AUTOCOMMIT", poolclass=NullPool)
    async with superuser.connect() as connection:
        await connection.exec_driver_sql("SET session_replication_role = replica")
        await connection.execute(_ACCOUNTS, {"tenant": tenant_id})

    await migrate(url)

    new = connect(url, role=Role.AGENT, pool_size=1)
    async with reading(new, tenant_id, shared.clock) as tx:
        found = await search.candidates(tx, ["w77"], limit=10)
    await new.close()
    async with superuser.connect() as connection:
        counted = list(await connection.scalars(_COUNTED))
    await drop_database(str(make_url(url).database))

    assert [one.name for one in found] == ["W77"]
    assert "search_words" in counted


_ACCOUNTS = text(
    "INSERT INTO account (tenant_id, id, name, folded, search_key, account_type, custom_fields,"
    " created_at, updated_at, version) SELECT :tenant, lpad(n::text, 26, '0'), 'W' || n, 'w' || n,"
    " n, 'llc', '{}', now(), now(), 1 FROM generate_series(1, 100) AS n"
)
_COUNTED = text("SELECT attname FROM pg_stats WHERE tablename = 'account'")


def _upgrade_to(connection: Connection, revision: str) -> None:
    config = runner._config()
    config.attributes["connection"] = connection
    command.upgrade(config, revision)
    runner.raise_walls(connection)


@pytest.mark.parametrize(
    ("found", "code"), [("0000", "SCHEMA_OLD"), ("9999", "SCHEMA_NEW"), (None, "SCHEMA_MISSING")]
)
async def test_a_database_of_another_revision_is_not_touched(tmp_path, found, code):
    path = tmp_path / "other.db"
    await migrate(sqlite_url(str(path)))
    with by_hand(path) as raw:
        raw.execute("DELETE FROM alembic_version")
        if found is not None:
            raw.execute("INSERT INTO alembic_version VALUES (?)", (found,))
    database = connect(sqlite_url(str(path)), role=Role.AGENT)

    with pytest.raises(Fault) as caught:
        await check_revision(database)
    await database.close()

    assert caught.value.code == code


async def test_a_server_never_brings_an_empty_database_into_being(tmp_path):
    path = tmp_path / "nowhere.db"
    database = connect(sqlite_url(str(path)), role=Role.AGENT)

    with pytest.raises(Fault) as caught:
        await check_revision(database)
    await database.close()

    assert caught.value.code == "DATABASE_MISSING"
    assert not path.exists()


def _differences(connection: Connection) -> list[str]:
    context = MigrationContext.configure(
        connection,
        opts={"compare_type": False, "include_object": _ours},
    )
    return [str(one) for one in _flat(compare_metadata(context, Base.metadata))]


def _ours(_object: object, name: str | None, kind: str, _reflected: bool, _other: object) -> bool:
    searching = str(name).startswith("account_search") or name in SEARCH
    return not (searching or (kind == "table" and name == "alembic_version"))


def _flat(found: Iterable[object]) -> list[object]:
    flat: list[object] = []
    for one in found:
        flat.extend(one if isinstance(one, list) else [one])
    return flat
