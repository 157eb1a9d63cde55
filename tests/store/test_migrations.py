"""Migrations: is the revision of a database known, and is one of another revision not touched?"""

import pytest

from domain.kernel.faults import Fault
from domain.store.engine import Role, connect, sqlite_url
from domain.store.migrations.runner import migrate, revisions
from domain.store.revision import HEAD, check_revision
from server import wiring
from tests.sqlite import by_hand


def test_the_program_knows_the_newest_revision():
    assert revisions()[-1] == HEAD


async def test_migrating_twice_changes_nothing(world):
    await migrate(world.url, wiring.wires())

    await check_revision(world.agent_side)


@pytest.mark.parametrize(
    ("found", "code"), [("0000", "SCHEMA_OLD"), ("9999", "SCHEMA_NEW"), (None, "SCHEMA_MISSING")]
)
async def test_a_database_of_another_revision_is_not_touched(tmp_path, found, code):
    path = tmp_path / "other.db"
    await migrate(sqlite_url(str(path)), wiring.wires())
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
