"""The selection of tests: on which database does a test run, and which tests does a run need?

A test that is written for both databases runs on one of them. The hash of its name and of the
commit says on which, so that the next commits see the other one. What depends on the database is
marked `pytest.mark.both` and always runs on both, as everything does with `--both`, with
`CYBEROS_TEST_BOTH=1`, and outside a git checkout. Tests that share the world of their file stay
together.

`--story` keeps what needs no database, and one test of a world for each folder: enough to see
whether another Python runs the program.
"""

import os
import subprocess
from collections import defaultdict
from collections.abc import Iterable
from hashlib import blake2b
from pathlib import Path
from typing import Any

import pytest

KINDS = ("sqlite", "postgresql")
# The fixtures that stand for a database, and of these the ones that a file shares.
DATABASES = frozenset({"base", "world", "shared", "own"}) | frozenset(
    {"place", "embedded", "served", "copied", "saved"}  # of tests/cli
)
OF_A_FILE = frozenset({"shared"})
BOTH = "CYBEROS_TEST_BOTH"


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption("--both", action="store_true", help="every test on every database it is for")
    parser.addoption("--story", action="store_true", help="no database, but one test a folder")
    parser.addoption("--commit", help="choose as at this commit (default: the one checked out)")


@pytest.hookimpl(tryfirst=True)
def pytest_configure(config: pytest.Config) -> None:
    """Find out what decides; a worker is told by the run it belongs to."""
    config.addinivalue_line("markers", "both: depends on the database, so it always runs on both")
    if os.environ.get(BOTH) == "1":
        config.option.both = True
    if hasattr(config, "workerinput"):
        config.option.commit = config.workerinput["commit"]
    elif config.option.commit is None:
        config.option.commit = checked_out(config.rootpath)


@pytest.hookimpl(optionalhook=True)
def pytest_configure_node(node: Any) -> None:
    """Tell a worker of pytest-xdist."""
    node.workerinput["commit"] = node.config.option.commit


def pytest_sessionstart(session: pytest.Session) -> None:
    reporter = session.config.pluginmanager.get_plugin("terminalreporter")
    if reporter and not hasattr(session.config, "workerinput"):
        reporter.write_line(f"databases: {_words(session.config)}")


@pytest.hookimpl(trylast=True)
def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Leave out what another run will see. Last, so that `-k sqlite` finds all there is."""
    unneeded: set[pytest.Item] = set()
    if not everything(config):
        unneeded |= set(on_the_other(items, config.option.commit))
    if config.option.story:
        unneeded |= set(beside_the_story(item for item in items if item not in unneeded))
    if unneeded:
        config.hook.pytest_deselected(items=[item for item in items if item in unneeded])
        items[:] = [item for item in items if item not in unneeded]


def everything(config: pytest.Config) -> bool:
    """Whether each test runs on every database that it is written for."""
    return bool(config.option.both or not config.option.commit)


def on_the_other(items: Iterable[pytest.Item], commit: str) -> Iterable[pytest.Item]:
    """Of each test that could run on both, what this commit does not run."""
    pairs: dict[str, dict[str, pytest.Item]] = defaultdict(dict)
    for item in items:
        if (found := _kind(item)) and not item.get_closest_marker("both"):
            pairs[_without(item.nodeid, found[1])][found[1]] = item
    for name, pair in pairs.items():
        if len(pair) == len(KINDS):
            shares = _kind(pair["sqlite"])[0] in OF_A_FILE  # type: ignore[index]
            kept = chosen(name.partition("::")[0] if shares else name, commit)
            yield from (item for kind, item in pair.items() if kind != kept)


def chosen(name: str, commit: str) -> str:
    """The database of a test, or of a file, at a commit."""
    return KINDS[blake2b(f"{commit}:{name}".encode(), digest_size=1).digest()[0] % len(KINDS)]


def beside_the_story(items: Iterable[pytest.Item]) -> Iterable[pytest.Item]:
    """What needs a database, all but the first test of each folder."""
    folders: dict[Path, list[pytest.Item]] = defaultdict(list)
    for item in items:
        if DATABASES & set(getattr(item, "fixturenames", ())):
            folders[item.path.parent].append(item)
    for those in folders.values():
        yield from sorted(those, key=lambda item: item.nodeid)[1:]


def checked_out(root: Path) -> str:
    """The commit that is checked out; empty where there is none to be known."""
    command = ["git", "-C", str(root), "rev-parse", "--show-toplevel", "HEAD"]
    try:
        found = subprocess.run(command, capture_output=True, text=True, check=True).stdout
    except (OSError, subprocess.CalledProcessError):
        return ""
    top, commit = found.split("\n")[:2]
    return commit if Path(top) == root else ""


def _kind(item: pytest.Item) -> tuple[str, str] | None:
    """The fixture that decides the database of a test, and the database."""
    callspec = getattr(item, "callspec", None)
    for name, value in (callspec.params if callspec else {}).items():
        if name in DATABASES and value in KINDS:
            return name, value
    return None


def _without(test: str, kind: str) -> str:
    file, _, name = test.partition("::")
    return f"{file}::{name.replace(kind, '*', 1)}"


def _words(config: pytest.Config) -> str:
    if config.option.both:
        return "both for every test"
    if not config.option.commit:
        return "both for every test, because this is no git checkout"
    return f"one for each test not marked `both`, as commit {config.option.commit[:12]} chooses"
