"""New modules: is one a folder of its own, kept to every promise, and no file of ours edited?

A complete module (toy/module) is put into a copy of the tree. It has what a module can have: a
table that belongs to a deal with guards, grants and search, scopes, an event, a law, a nightly job,
a subscriber, a timeline, a count, a check, tools that read and that ask people, a policy with its
floor, a resource, a command, a migration, samples and a canary.
"""

import json
import os
import subprocess
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path

import pytest

from tests.house.toy import tree
from tests.house.toy.mutations import MUTATIONS
from tests.house.toy.trying import PUBLISHED, WHOLE

# What `make publish` writes, and `make schema`.
MADE = {
    "README.md", "docs/operating.md", "docs/tools.md", "policies/catalogue/shipped.txt",
    "domain/store/expected_sqlite.json", "tools/contracts/crm_get_account.json",
    "tools/contracts/ship_list_parcels.json", "tools/contracts/ship_send_parcel.json",
}  # fmt: skip
# Calls that go through every tool, and what the module says of itself.
CALLED = (
    "tests/tools/test_canary.py",
    "tests/tools/test_statement_counts.py",
    "tests/tools/test_about.py",
    "tests/tools/test_contract.py",
    "tests/tools/ship",
)


@pytest.fixture(scope="module")
def copy(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A copy of the tree with the module in it."""
    made = tree.copied(tmp_path_factory.mktemp("new") / "tree")
    tree.put(made, tree.module())
    _run(made, "tests.store.expected", "sqlite")
    return made


@pytest.fixture(scope="module")
def told(copy: Path) -> Mapping[str, Sequence[str]]:
    """What the promises say of the module, and of it without each of its parts."""
    said: Mapping[str, Sequence[str]] = json.loads(_run(copy, "tests.house.toy.trying"))
    return said


def _run(copy: Path, *module: str) -> str:
    environment = {**os.environ, "PYTHONPATH": str(copy), "PYTHONDONTWRITEBYTECODE": "1"}
    done = subprocess.run(
        [sys.executable, "-m", *module], cwd=copy, env=environment, capture_output=True, text=True
    )
    assert done.returncode == 0, done.stdout[-6_000:] + done.stderr[-2_000:]
    return done.stdout


def test_a_new_module_keeps_every_promise(told):
    assert told[PUBLISHED] == told[WHOLE] == []


def test_no_file_is_edited_for_a_new_module(copy, told):
    assert tree.different(copy) == tree.module().keys() | MADE


@pytest.mark.parametrize("part", MUTATIONS)
def test_what_is_forgotten_is_named_with_the_file_to_write(told, part):
    said = told[part]

    assert any(MUTATIONS[part].told_by(one) for one in said), "\n".join([part, *said])


def test_calls_of_every_tool_keep_their_promises_with_the_module(copy, told):
    options = ("-q", "-p", "no:cacheprovider", "-k", "not postgresql")

    _run(copy, "pytest", *options, *CALLED)
