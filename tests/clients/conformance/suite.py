"""Conformance suite: how is the conformance suite run, and what did it find?
One directory of results per scenario.
"""

import asyncio
import json
import re
import shutil
import subprocess
import tomllib
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

HERE = Path(__file__).parents[1] / "node" / "conformance"
INSTALLED = HERE / "node_modules"
SUITE = INSTALLED / "@modelcontextprotocol" / "conformance"
OLDEST_NODE = 22
TIMEOUT_SECONDS = 300
GREEN = {"SUCCESS", "INFO"}
_FOLDER = re.compile(r"server-(.+)-\d{4}-\d\d-\d\dT[\d-]+Z")


@dataclass(frozen=True)
class Report:
    """What one run found: every check of every scenario, with its status and its message."""

    checks: Mapping[str, list[Mapping[str, Any]]]

    @property
    def scenarios(self) -> set[str]:
        """The scenarios that were run."""
        return set(self.checks)

    @property
    def not_green(self) -> dict[str, str]:
        """`scenario:check` and what the suite says of it, for all that is not green."""
        return {
            f"{scenario}:{check['id']}": f"{check['status']} {check.get('errorMessage', '')}"
            for scenario, checks in self.checks.items()
            for check in checks
            if check["status"] not in GREEN
        }

    @property
    def failing(self) -> set[str]:
        """The scenarios in which something failed; a warning is no failure."""
        return {
            name
            for name, found in self.checks.items()
            if any(check["status"] == "FAILURE" for check in found)
        }

    def of(self, scenarios: Collection[str]) -> "Report":
        """Some of the scenarios."""
        return Report({name: found for name, found in self.checks.items() if name in scenarios})


def node() -> Path | None:
    """A Node the suite runs on: the one beside it, or the machine's if that is new enough."""
    beside = next(INSTALLED.glob("node-*/bin/node"), None)
    if beside is not None or (found := shutil.which("node")) is None:
        return beside
    version = subprocess.run([found, "--version"], capture_output=True, text=True, check=True)
    major = int(version.stdout.lstrip("v").partition(".")[0])
    return Path(found) if major >= OLDEST_NODE else None


def is_installed() -> bool:
    """Whether the suite is there, and something to run it."""
    return SUITE.exists() and node() is not None


async def run(url: str, era: str, results: Path) -> Report:
    """Every server scenario that a revision of the protocol has, against a server."""
    program = node()
    assert program is not None
    running = await asyncio.create_subprocess_exec(
        *(program, SUITE / "dist" / "index.js", "server", "--url", url),
        *("--requirements", era, "-o", results),
        stdout=asyncio.subprocess.DEVNULL,
        stderr=asyncio.subprocess.DEVNULL,
    )
    try:
        async with asyncio.timeout(TIMEOUT_SECONDS):
            await running.wait()
    except TimeoutError:
        running.kill()
        raise
    return report(results)


def report(results: Path) -> Report:
    """What a run left behind."""
    found: dict[str, list[Mapping[str, Any]]] = {}
    for file in sorted(results.glob("*/checks.json")):
        match = _FOLDER.fullmatch(file.parent.name)
        assert match is not None, file.parent.name
        found[match[1]] = json.loads(file.read_bytes())
    return Report(found)


def required(era: str) -> set[str]:
    """The server scenarios that a revision requires, from the list the suite brings along."""
    listed = (SUITE / "requirements" / f"{era}.yaml").read_text(encoding="utf-8")
    servers = listed.partition("\nserver:\n")[2].partition("\nclient:\n")[0]
    return set(re.findall(r"^ +- ([\w-]+)$", servers, re.MULTILINE))


def expected() -> Mapping[str, Any]:
    """What is known not to be green, and why."""
    return tomllib.loads((HERE / "expected.toml").read_text(encoding="utf-8"))


def groups(server: str, era: str) -> list[Mapping[str, Any]]:
    """The checks of one run that are known not to be green, reason by reason."""
    every = expected()["not_green"]
    return [one for one in every if one["server"] == server and era in one["eras"]]


def listed(server: str, era: str) -> set[str]:
    """The same checks without their reasons."""
    return {check for one in groups(server, era) for check in one["checks"]}
