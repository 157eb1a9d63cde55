"""What does every test run need, whatever it tests?"""

from collections.abc import AsyncIterator
from contextlib import ExitStack

import pytest
import pytest_asyncio
from hypothesis import settings

from tests import postgres
from tests.world import World, migrated, opened

pytest_plugins = ["tests.order", "tests.selection", "tests.budget"]

# A machine may be as slow as it is: how long an example took says nothing about the program.
settings.register_profile("tests", deadline=None)
settings.load_profile("tests")
# `make fuzz` looks for hours where a test looks for a second.
settings.register_profile("fuzz", max_examples=20_000)

_URLS: dict[str, str] = {}  # of this worker, by kind of database


def pytest_configure(config: pytest.Config) -> None:
    """Offer a PostgreSQL to the run. The workers of pytest-xdist inherit the one offer."""
    if hasattr(config, "workerinput"):
        return
    offer = ExitStack()
    offer.enter_context(postgres.offered())
    config.add_cleanup(offer.close)


@pytest.fixture(params=["sqlite", "postgresql"])
async def world(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory
) -> AsyncIterator[World]:
    """Two companies on a real database of each kind, for one test."""
    if request.param not in _URLS:
        _URLS[request.param] = await migrated(request.param, tmp_path_factory.mktemp("databases"))
    async with opened(_URLS[request.param]) as made:
        yield made


@pytest_asyncio.fixture(
    params=["sqlite", "postgresql"], scope="module", loop_scope="module", name="shared"
)
async def shared_world(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory
) -> AsyncIterator[World]:
    """The same for all tests of a file, which keep out of each other's way.

    They carry `pytestmark = pytest.mark.asyncio(loop_scope="module")`.
    """
    if request.param not in _URLS:
        _URLS[request.param] = await migrated(request.param, tmp_path_factory.mktemp("databases"))
    async with opened(_URLS[request.param]) as made:
        yield made
