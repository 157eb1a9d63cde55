"""The order of the tests: does any of them live on what another one left behind?

Folders come in their own order. Within a folder the files are shuffled and within a file its tests,
both by a seed that the run prints first; `--seed N` gives the same order again, for the whole suite
as for one file of it. A file stays together, because its tests may share one world.
"""

import random
from hashlib import blake2b
from pathlib import Path
from typing import Any

import pytest


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption("--seed", type=int, help="the order of an earlier run, as it was printed")


@pytest.hookimpl(tryfirst=True)
def pytest_configure(config: pytest.Config) -> None:
    """Choose a seed, or take the one of the run that this is a worker of."""
    if hasattr(config, "workerinput"):
        config.option.seed = config.workerinput["seed"]
    elif config.option.seed is None:
        config.option.seed = random.SystemRandom().randrange(10_000)


@pytest.hookimpl(optionalhook=True)
def pytest_configure_node(node: Any) -> None:
    """Tell a worker of pytest-xdist."""
    node.workerinput["seed"] = node.config.option.seed


def pytest_sessionstart(session: pytest.Session) -> None:
    reporter = session.config.pluginmanager.get_plugin("terminalreporter")
    if reporter and not hasattr(session.config, "workerinput"):
        reporter.write_line(f"order: --seed {session.config.option.seed}")


@pytest.hookimpl(tryfirst=True)
def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Shuffle, before pytest brings together again what shares a module's fixture."""
    items.sort(key=lambda item: place(config.option.seed, item.path, item.nodeid))


def place(seed: int, file: Path, test: str) -> tuple[str, bytes, bytes]:
    """Where a test comes, whatever else is run beside it."""
    return (file.parent.as_posix(), _drawn(seed, file.name), _drawn(seed, test))


def _drawn(seed: int, name: str) -> bytes:
    return blake2b(f"{seed}:{name}".encode(), digest_size=8).digest()
