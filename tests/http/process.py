"""Server processes as an operator starts them: `cyberos http`, and its log on one pipe."""

import asyncio
import json
import signal
import sys
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Any

from tests.http.serving import Answer, answer_from
from tests.server.process import ROOT, START, TIMEOUT_SECONDS, Process, environment, forked
from tests.world import World


@dataclass
class Running:
    """The process, seen by an operator."""

    process: Process
    lines: list[dict[str, Any]] = field(default_factory=list)

    @property
    def url(self) -> str:
        return str(self.lines[0]["url"])

    @property
    def port(self) -> int:
        return int(self.url.rsplit(":")[-1].partition("/")[0])

    async def get(self, path: str, host: str | None = None) -> Answer:
        """What monitoring sees."""
        reader, writer = await asyncio.open_connection("127.0.0.1", self.port)
        host = host or f"127.0.0.1:{self.port}"
        writer.write(f"GET {path} HTTP/1.1\r\nHost: {host}\r\n\r\n".encode())
        answer = await answer_from(reader)
        writer.close()
        return answer

    async def end(self, number: int = signal.SIGTERM) -> int:
        """Tell it to end, and read the rest of its log; its exit code."""
        self.process.send_signal(number)
        out, errors = await asyncio.wait_for(self.process.communicate(), TIMEOUT_SECONDS)
        assert out == b""
        self.lines += [json.loads(line) for line in errors.splitlines()]
        assert self.process.returncode is not None
        return self.process.returncode


@asynccontextmanager
async def started(
    world: World, *options: str, before: Sequence[str] | None = None, **told: str
) -> AsyncIterator[Running]:
    """`cyberos http` on a free port.

    `before` is the command that starts it, if it is another; even an empty one starts a Python of
    its own, where otherwise the template forks.
    """
    process = await begun(world, *options, before=before, **told)
    try:
        assert process.stderr is not None
        line = await asyncio.wait_for(process.stderr.readline(), TIMEOUT_SECONDS)
        yield Running(process, [json.loads(line)])
    finally:
        if process.returncode is None:
            process.kill()
            await process.communicate()


async def begun(
    world: World, *options: str, before: Sequence[str] | None = None, **told: str
) -> Process:
    """The process, which may refuse to serve."""
    port = () if "--port" in options else ("--port", "0")
    arguments, told = ["http", *port, *options], environment(world, **told)
    if before is None:
        return await forked(told, *arguments)
    return await asyncio.create_subprocess_exec(
        *before, sys.executable, *START[:-1], *arguments,
        cwd=ROOT,
        env=told,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.PIPE,
    )  # fmt: skip
