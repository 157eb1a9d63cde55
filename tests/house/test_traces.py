"""Machine traces: does the project work on another machine, and keep quiet about ours?"""

import re
from pathlib import PurePosixPath

import pytest

from tests.house.reading import texts

# A file of the project never knows where somebody has put it, or where packages came from.
MACHINE = re.compile(r"(?<![\w.~/-])/(?:root|home|Users|work|tmp|var/folders)/[\w.]")
REGISTRY = re.compile(
    r"pypi\.org|pythonhosted\.org|registry\.npmjs|proxy\.golang|--(?:extra-)?index-url|--find-links"
)
SECRET = re.compile(r"-----BEGIN [A-Z ]*PRIVATE KEY-----")
HERE = "tests/house/test_traces.py"


@pytest.mark.parametrize(
    ("what", "pattern"),
    [("a machine's path", MACHINE), ("a registry's address", REGISTRY), ("a private key", SECRET)],
)
def test_no_file_carries(what, pattern):
    found = [
        f"{path}:{number}: {what}: {line.strip()[:80]}"
        for path, text in texts()
        if path != HERE
        for number, line in enumerate(text.splitlines(), start=1)
        if pattern.search(line)
    ]

    assert not found, "\n" + "\n".join(found)


@pytest.mark.parametrize(
    ("pattern", "line"),
    [
        (MACHINE, 'open("/root/project/data")'),
        (MACHINE, "# via cyberos (/home/someone/cyberos/pyproject.toml)"),
        (MACHINE, "PYTHON=/Users/someone/python"),
        (MACHINE, "/work/main"),
        (REGISTRY, "--index-url https://example.test/simple"),
        (REGISTRY, "https://files.pythonhosted.org/packages/x.whl"),
        (SECRET, "-----BEGIN OPENSSH PRIVATE KEY-----"),
    ],
)
def test_a_planted_trace_is_seen(pattern, line):
    assert pattern.search(line)


@pytest.mark.parametrize(
    "line", ["~/work/notes", "docs/home/page", "https://example.test/home/x", "$HOME/.pyenv"]
)
def test_a_path_that_every_machine_has_is_no_trace(line):
    assert not MACHINE.search(line)


def test_the_files_that_are_read_are_those_of_the_project():
    read = {path for path, _ in texts()}

    assert {"pyproject.toml", "Makefile", ".gitignore", ".ci/run", HERE} <= read
    assert not {path for path in read if {".git", ".venv", "__pycache__"} & _folders(path)}


def _folders(path: str) -> set[str]:
    return set(PurePosixPath(path).parts[:-1])
