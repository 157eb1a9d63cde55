"""Fixtures of the command line: a demo on each database."""

import os
import shutil
from collections.abc import Iterator
from pathlib import Path

import anyio
import pytest

from server.app import run
from tests import postgres
from tests.cli.console import Place, environ

PRISTINE = "-pristine"
_MADE: dict[str, dict[str, str]] = {}


def _demo(kind: str, parent: Path) -> dict[str, str]:
    """The environment of the one demo of this kind in this process."""
    if kind not in _MADE:
        env = {"CYBEROS_DATA_DIR": str(parent / "data")}
        if kind == "postgresql":
            worker = os.environ.get("PYTEST_XDIST_WORKER", "main")
            env["CYBEROS_DATABASE_URL"] = anyio.run(
                postgres.create_database, f"{postgres.PREFIX}{worker}_cli"
            )
        with environ(env):
            assert run(["init", "--demo"]) == 0
        if kind == "sqlite":
            shutil.copytree(env["CYBEROS_DATA_DIR"], env["CYBEROS_DATA_DIR"] + PRISTINE)
        _MADE[kind] = env
    return _MADE[kind]


@pytest.fixture(params=["sqlite", "postgresql"])
def place(
    request: pytest.FixtureRequest,
    tmp_path_factory: pytest.TempPathFactory,
    capsys: pytest.CaptureFixture[str],
) -> Iterator[Place]:
    """A demo on each kind of database; what a test adds, later tests find beside their own."""
    made = Place(_demo(request.param, tmp_path_factory.mktemp("demo")), capsys)
    yield made
    made.take_back()


@pytest.fixture
def embedded(
    tmp_path_factory: pytest.TempPathFactory, capsys: pytest.CaptureFixture[str]
) -> Iterator[Place]:
    """The demo on the embedded database, where the kind makes no difference."""
    made = Place(_demo("sqlite", tmp_path_factory.mktemp("demo")), capsys)
    yield made
    made.take_back()


@pytest.fixture
def copied(embedded: Place, tmp_path: Path) -> Place:
    """A copy of the embedded demo, to break. Its demo.json names the keys of the original."""
    shutil.copytree(embedded.data_dir, tmp_path / "copied")
    return Place({"CYBEROS_DATA_DIR": str(tmp_path / "copied")}, embedded.capsys)


@pytest.fixture
def fresh(
    tmp_path: Path,
    tmp_path_factory: pytest.TempPathFactory,
    capsys: pytest.CaptureFixture[str],
) -> Place:
    """An embedded demo to which nothing has happened yet."""
    new = _demo("sqlite", tmp_path_factory.mktemp("demo"))["CYBEROS_DATA_DIR"] + PRISTINE
    shutil.copytree(new, tmp_path / "fresh")
    return Place({"CYBEROS_DATA_DIR": str(tmp_path / "fresh")}, capsys)


@pytest.fixture
def served(
    tmp_path_factory: pytest.TempPathFactory, capsys: pytest.CaptureFixture[str]
) -> Iterator[Place]:
    """The demo on PostgreSQL, where a worker carries out what people approve."""
    made = Place(_demo("postgresql", tmp_path_factory.mktemp("demo")), capsys)
    yield made
    made.take_back()


@pytest.fixture
def empty(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> Place:
    """A machine on which nobody has run `cyberos init` yet."""
    return Place({"CYBEROS_DATA_DIR": str(tmp_path / "data")}, capsys)


@pytest.fixture
def saved(embedded, tmp_path):
    """A backup of the demo, which has a checkpoint; nothing waits in it, which restoring ends."""
    embedded.take_back()
    embedded.ok("audit", "checkpoint")
    file = tmp_path / "saved.tar.gz"
    embedded.ok("backup", str(file))
    return file
