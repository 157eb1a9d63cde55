"""The budget of the suite: which folder of tests has grown?

Every test's processor seconds are added up by folder, those of the processes it waited for
included; a PostgreSQL server's are not. `--budget` compares them with tests/budget.toml and prints
what grew. A run fails only where a folder takes three times what it may, because machines differ;
after a change on purpose `--budget=write` writes the file anew.
"""

import os
import tomllib
from collections import Counter
from collections.abc import Generator, Mapping
from pathlib import Path
from typing import Any

import pytest

FILE = Path(__file__).with_name("budget.toml")
HEAD = "# Processor seconds of each folder of tests; `--budget=write` writes them. See budget.py.\n"
GREW = 1.3
FAILS = 3.0
# What a folder of three small tests takes says nothing.
SLACK_SECONDS = 10.0

SPENT = pytest.StashKey[Counter[str]]()


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption(
        "--budget", nargs="?", const="compare", choices=("compare", "write"),
        help="compare the processor seconds of each folder with tests/budget.toml",
    )  # fmt: skip


def pytest_configure(config: pytest.Config) -> None:
    config.stash[SPENT] = Counter()


@pytest.hookimpl(wrapper=True)
def pytest_runtest_protocol(item: pytest.Item) -> Generator[None, Any, Any]:
    """Set-up, test and tear-down of one test."""
    before = _seconds()
    try:
        return (yield)
    finally:
        item.config.stash[SPENT][folder_of(item.nodeid)] += _seconds() - before


def pytest_sessionfinish(session: pytest.Session) -> None:
    config = session.config
    if hasattr(config, "workeroutput"):
        config.workeroutput["spent"] = dict(config.stash[SPENT])
    elif config.option.budget == "compare" and too_much(config.stash[SPENT], budget()):
        session.exitstatus = session.exitstatus or pytest.ExitCode.TESTS_FAILED


@pytest.hookimpl(optionalhook=True)
def pytest_testnodedown(node: Any) -> None:
    """Add what a worker of pytest-xdist has spent."""
    node.config.stash[SPENT].update(getattr(node, "workeroutput", {}).get("spent", {}))


def pytest_terminal_summary(terminalreporter: Any, config: pytest.Config) -> None:
    spent = config.stash[SPENT]
    if config.option.budget == "write":
        FILE.write_text(as_text({**budget(), **spent}))
    elif config.option.budget:
        terminalreporter.section(f"processor seconds: {sum(spent.values()):.0f}")
        for line in lines(spent, budget()):
            terminalreporter.write_line(line)


def budget() -> Mapping[str, float]:
    """What each folder may take."""
    return dict(tomllib.loads(FILE.read_text())["seconds"])


def lines(spent: Mapping[str, float], allowed: Mapping[str, float]) -> list[str]:
    """A line for every folder, and a word beside those that grew."""
    return [
        f"{name:<12} {seconds:6.1f} of {allowed.get(name, 0):6.1f}{_word(name, seconds, allowed)}"
        for name, seconds in sorted(spent.items(), key=lambda one: -one[1])
    ]


def too_much(spent: Mapping[str, float], allowed: Mapping[str, float]) -> list[str]:
    """The folders that take far more than they may; a new one may take what it needs once."""
    return [name for name, seconds in spent.items() if _times(name, seconds, allowed) > FAILS]


def as_text(spent: Mapping[str, float]) -> str:
    """The file for what was spent."""
    rows = "".join(f"{name} = {seconds:.0f}\n" for name, seconds in sorted(spent.items()))
    return f"{HEAD}[seconds]\n{rows}"


def folder_of(test: str) -> str:
    """`tests/deals/test_rules.py::test_x` belongs to deals."""
    parts = test.partition("::")[0].split("/")
    return parts[1] if len(parts) > 2 else parts[-1]


def _word(name: str, seconds: float, allowed: Mapping[str, float]) -> str:
    if name not in allowed:
        return "  new"
    times = _times(name, seconds, allowed)
    if times > FAILS:
        return "  TOO MUCH: make it cheaper, or write the budget anew (--budget=write)"
    return "  grew" if times > GREW else ""


def _times(name: str, seconds: float, allowed: Mapping[str, float]) -> float:
    if name not in allowed:
        return 1.0
    return max(seconds - SLACK_SECONDS, 0.0) / max(allowed[name], 1.0)


def _seconds() -> float:
    return sum(os.times()[:4])
