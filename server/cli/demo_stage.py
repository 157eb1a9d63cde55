"""Demo stage: by what is the story told? Real processes, a real client, and lines in one language.

The demo touches nothing real: every process gets an environment without settings of ours, and a
data directory that is thrown away.
"""

import os
import subprocess
import sys
from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import typer

from domain.kernel.faults import Fault, Kind
from server.cli.demo_words import DemoWords

LAUNCHER = Path(__file__).resolve().parents[2] / "cyberos.py"
_INV = "import cyberos; cyberos.inv()"
_TIMEOUT_SECONDS = 120


@dataclass
class Stage:
    """What the chapters have in common; `services` are settings of the processes that reach out."""

    words: DemoWords
    lang: str
    directory: Path
    company: Mapping[str, Any]
    chapter: int = 0
    services: dict[str, str] = field(default_factory=dict)

    # --- processes ---

    def run(self, *arguments: str) -> subprocess.CompletedProcess[str]:
        """One command of `cyberos`, to its end."""
        return run_python(self.directory, str(LAUNCHER), *arguments, services=self.services)

    def run_inv(self, *arguments: str) -> subprocess.CompletedProcess[str]:
        """One command of `cyberos-inv`, to its end."""
        return run_python(self.directory, "-c", _INV, *arguments, services=self.services)

    def start(
        self,
        *arguments: str,
        stdout: int = subprocess.DEVNULL,
        stderr: int = subprocess.DEVNULL,
    ) -> "subprocess.Popen[str]":
        """A process that goes on until it is ended."""
        return subprocess.Popen(  # noqa: S603 - our own program with our own arguments
            [sys.executable, *arguments],
            env=environment(self.directory),
            cwd=LAUNCHER.parent,
            stdin=subprocess.DEVNULL,
            stdout=stdout,
            stderr=stderr,
            text=True,
            encoding="utf-8",
        )

    def show_command(
        self,
        shown: str,
        done: subprocess.CompletedProcess[str],
        *,
        may_fail: bool = False,
        only: Callable[[list[str]], list[str]] = list,
    ) -> None:
        """What was typed, and what of its output `only` chooses. Raises DEMO_BROKEN."""
        self.line(f"  $ {shown}")
        for line in only((done.stdout + done.stderr).rstrip().splitlines()):
            self.line(f"    {line}")
        if done.returncode and not may_fail:
            raise Fault("DEMO_BROKEN", Kind.UNAVAILABLE, "A step of the demo failed.")

    def approving(self, action_id: str, role: str) -> tuple[str, list[str]]:
        """The command by which whoever has just this role signs: as shown, and as typed."""
        people: Mapping[str, Any] = self.company["people"]
        email, person = next(one for one in people.items() if one[1]["roles"] == [role])
        typed = ["approve", action_id, "--as", email, "--key", person["key"]]
        typed += ["--passphrase-file", person["passphrase_file"], "--lang", self.lang]
        shown = f"cyberos approve {action_id} --as {email} --key … --passphrase-file …"
        return shown, typed

    # --- the agent ---

    @asynccontextmanager
    async def client(self, agent: str, *options: str) -> AsyncIterator[Any]:
        """An MCP client that started the server for an agent."""
        from mcp import Client, StdioServerParameters

        server = StdioServerParameters(
            command=sys.executable,
            args=[str(LAUNCHER), "serve", *options],
            env={
                **environment(self.directory),
                "CYBEROS_AGENT_TOKEN": self.company["agents"][agent]["token"],
            },
        )
        async with Client(server) as client:
            yield client

    async def call(
        self,
        client: Any,
        tool: str,
        arguments: Mapping[str, Any],
        *,
        refused: bool = False,
        quiet: bool = False,
    ) -> Mapping[str, Any]:
        """One call of the agent; the story breaks if it does not end as told."""
        from mcp.shared.exceptions import MCPError

        self.line(f"  {self.words['agent']} → {tool} {_short(arguments)}")
        try:
            result = await client.call_tool(tool, dict(arguments))
        except MCPError as error:
            if not refused:
                raise
            self.line(f"    ✗ {error}")
            return {}
        assert bool(result.is_error) == refused, result.content
        if not quiet:
            mark = "✗ " if refused else ""
            for number, line in enumerate(result.content[0].text.splitlines()[:6]):
                self.line(f"    {mark if number == 0 else ''}{line}")
        return result.structured_content or {}

    # --- lines ---

    def title(self, name: str) -> None:
        """The next chapter begins."""
        self.chapter += 1
        self.line("")
        self.line(f"{self.chapter}. {self.words[name]}")

    def say(self, name: str, **values: object) -> None:
        """A sentence of the story."""
        self.line(f"  · {self.words[name].format(**values)}")

    def line(self, text: str) -> None:
        """A line as it is."""
        typer.echo(text)


def environment(directory: Path) -> dict[str, str]:
    """This process's environment without settings of ours."""
    kept = {name: value for name, value in os.environ.items() if not name.startswith("CYBEROS_")}
    return {**kept, "CYBEROS_DATA_DIR": str(directory), "PYTHONIOENCODING": "utf-8"}


def run_python(
    directory: Path, *arguments: str, services: Mapping[str, str] | None = None
) -> subprocess.CompletedProcess[str]:
    """A process of this Python, to its end."""
    return subprocess.run(  # noqa: S603 - our own program with our own arguments
        [sys.executable, *arguments],
        env={**environment(directory), **(services or {})},
        cwd=LAUNCHER.parent,
        capture_output=True,
        text=True,
        encoding="utf-8",
        stdin=subprocess.DEVNULL,
        timeout=_TIMEOUT_SECONDS,
        check=False,
    )


def _short(arguments: Mapping[str, Any]) -> str:
    """Arguments as a reader needs them: values, clipped."""
    pairs: Sequence[str] = [f"{name}={value}" for name, value in arguments.items()]
    return " ".join(pairs)[:150]
