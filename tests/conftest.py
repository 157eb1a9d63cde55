"""Fixtures of every run: what does every test run need, whatever it tests?"""

import inspect
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


def pytest_itemcollected(item: pytest.Item) -> None:
    """The world of a file lives in the loop of the file: elsewhere its connections hang."""
    asks = {"shared", "own"} & set(getattr(item, "fixturenames", ()))
    if asks and inspect.iscoroutinefunction(getattr(item, "obj", None)):
        mark = item.get_closest_marker("asyncio")
        if mark is None or mark.kwargs.get("loop_scope") != "module":
            raise pytest.UsageError(
                f"{item.nodeid} takes {asks.pop()} and not the loop of its file: mark it with"
                ' pytest.mark.asyncio(loop_scope="module")'
            )


KINDS = ["sqlite", "postgresql"]


async def _migrated(request: pytest.FixtureRequest) -> str:
    """The URL of this worker's migrated database of a kind."""
    if request.param not in _URLS:
        paths: pytest.TempPathFactory = request.getfixturevalue("tmp_path_factory")
        _URLS[request.param] = await migrated(request.param, paths.mktemp("databases"))
    return _URLS[request.param]


@pytest.fixture(params=KINDS)
async def base(request: pytest.FixtureRequest) -> str:
    """The URL of a database of each kind, which nobody has opened."""
    return await _migrated(request)


@pytest.fixture(params=KINDS)
async def world(request: pytest.FixtureRequest) -> AsyncIterator[World]:
    """Two companies on a real database of each kind, for one test."""
    async with opened(await _migrated(request)) as made:
        yield made


@pytest_asyncio.fixture(params=KINDS, scope="module", loop_scope="module", name="shared")
async def shared_world(request: pytest.FixtureRequest) -> AsyncIterator[World]:
    """The same for all tests of a file, which keep out of each other's way.

    They carry `pytestmark = pytest.mark.asyncio(loop_scope="module")`.
    """
    async with opened(await _migrated(request)) as made:
        yield made


@pytest_asyncio.fixture(params=KINDS, loop_scope="module")
async def own(request: pytest.FixtureRequest) -> AsyncIterator[World]:
    """In such a file, a world for one test that asks what is there or what comes first."""
    async with opened(await _migrated(request)) as made:
        yield made
