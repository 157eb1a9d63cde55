"""PostgreSQL harness: does the server that the tests bring
along work, and does it leave nothing behind?
"""

import os
import subprocess
import sys
from pathlib import Path

import pytest
from sqlalchemy import text
from sqlalchemy.ext.asyncio import create_async_engine

from tests import postgres

NAME = f"{postgres.PREFIX}harness_{os.environ.get('PYTEST_XDIST_WORKER', 'alone')}"


async def test_a_new_database_is_empty_and_of_a_supported_version():
    engine = create_async_engine(await postgres.create_database(NAME))

    async with engine.connect() as connection:
        version = await connection.scalar(text("SHOW server_version_num"))
        tables = await connection.scalar(
            text("SELECT count(*) FROM pg_tables WHERE schemaname = 'public'")
        )
    await engine.dispose()
    await postgres.drop_database(NAME)

    assert int(version) >= 150000
    assert tables == 0


async def test_a_database_that_is_not_of_the_tests_is_never_dropped():
    with pytest.raises(AssertionError, match="the tests own"):
        await postgres.drop_database("postgres")


@pytest.mark.parametrize("ending", ["returns", "is killed"])
@pytest.mark.skipif(postgres.GIVEN in os.environ, reason="uses a server of somebody else")
def test_however_a_run_ends_its_server_and_directory_are_gone(ending):
    run = subprocess.Popen(
        [sys.executable, "-c", RUN], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    )
    assert run.stdin and run.stdout
    directory, server = run.stdout.readline().split()
    assert alive(int(server))

    if ending == "is killed":
        run.kill()
    run.communicate("\n")

    postgres._wait_until(lambda: not Path(directory).exists() and not alive(int(server)))


RUN = """
import os, pathlib
from tests import postgres
with postgres.offered():
    postgres.superuser_url()
    directory = pathlib.Path(os.environ[postgres.DIRECTORY])
    server = (directory / "data" / "postmaster.pid").read_text().splitlines()[0]
    print(directory, server, flush=True)
    input()
"""


def alive(process: int) -> bool:
    try:
        os.kill(process, 0)
    except ProcessLookupError:
        return False
    return True
