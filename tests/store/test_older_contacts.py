"""What becomes of the salutations of people who were written down before revision 0002?"""

import pytest
from alembic import command
from sqlalchemy import text
from sqlalchemy.ext.asyncio import create_async_engine

from domain.kernel.ids import new_id
from domain.store.engine import Role, sqlite_url
from domain.store.migrations import runner, walls
from tests import postgres

ACCOUNT = text(
    "insert into account (tenant_id, id, name, folded, search_key, account_type, custom_fields,"
    " created_at, updated_at, version) values (:tenant, :account, 'x', 'x', 1, 'llc', '{}',"
    " '2026-11-20T02:00:00.000000Z', '2026-11-20T02:00:00.000000Z', 1)"
)
CONTACT = text(
    "insert into contact (tenant_id, id, account_id, family_name, middle_name, given_name,"
    " display_name, folded, salutation, is_primary, created_at, updated_at, version) values"
    " (:tenant, :id, :account, '', '', 'x', 'x', 'x', :salutation, false,"
    " '2026-11-20T02:00:00.000000Z', '2026-11-20T02:00:00.000000Z', 1)"
)


@pytest.fixture(params=["sqlite", "postgresql"])
async def empty_url(request, tmp_path):
    """The address of a database in which there is nothing."""
    if request.param == "sqlite":
        return sqlite_url(str(tmp_path / "older.db"))
    return await postgres.create_database(f"{postgres.PREFIX}older")


async def test_what_was_chosen_is_explicit_and_what_was_left_out_is_not(empty_url, monkeypatch):
    upgrade = command.upgrade
    with monkeypatch.context() as then:
        then.setattr(runner.command, "upgrade", lambda config, _: upgrade(config, "0001"))
        then.setattr(walls, "UPDATES", {role: {} for role in Role})  # of columns yet to come
        await runner.migrate(empty_url)
    engine = create_async_engine(empty_url)
    names = {"tenant": new_id(), "account": new_id()}
    async with engine.begin() as connection:
        await connection.execute(ACCOUNT, names)
        for salutation in ("anh", "neutral"):
            await connection.execute(CONTACT, {**names, "id": new_id(), "salutation": salutation})

    await runner.migrate(empty_url)
    async with engine.connect() as connection:
        listing = text("select salutation, salutation_source from contact order by salutation")
        found = (await connection.execute(listing)).all()
    await engine.dispose()

    assert [tuple(row) for row in found] == [("anh", "explicit"), ("neutral", "none")]
