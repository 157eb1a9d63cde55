"""How is `cyberos serve` started as a client starts it: a process, a pipe in, a pipe out?"""

import asyncio
import json
import os
import sys
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import timedelta
from pathlib import Path
from typing import Any

from domain.identity import service as identity
from domain.kernel.clock import SystemClock
from domain.store.tx import writing
from domain.store.visibility import SYSTEM
from tests.world import Company, World

ROOT = Path(__file__).parents[2]
START = ["-c", "import cyberos; cyberos.main()", "serve"]
PATIENCE_SECONDS = 60
LONGEST_LINE = 2**24
HELLO = {
    "protocolVersion": "2025-11-25",
    "capabilities": {},
    "clientInfo": {"name": "pipe", "version": "1"},
}


async def a_token(
    world: World,
    *,
    company: Company | None = None,
    days: int = 1,
    revoked: bool = False,
    toolsets: Sequence[str] = (),
) -> str:
    """A token that the clock of the machine believes in, of an agent with every scope."""
    company, clock = company or world.ours, SystemClock()
    name = f"agent {len(company.tokens)}"
    born = clock.now() + timedelta(days=min(days, 0) - 1)
    async with writing(world.owner_side, company.id, clock, viewer=SYSTEM) as tx:
        tx.at = born
        _, token = await identity.add_agent(
            tx,
            name=name,
            person_id=company.people["sales"],
            scopes=sorted(identity.known_scopes()),
            toolsets=toolsets,
            expires_at=clock.now() + timedelta(days=days),
        )
        if revoked:
            await identity.revoke_agent(tx, name)
    company.tokens[name] = token
    return token


def environment(world: World, **more: str) -> dict[str, str]:
    """What the process is told; nothing of ours is inherited from whoever runs the tests."""
    kept = ("PATH", "HOME", "TMPDIR", "SYSTEMROOT", "LD_LIBRARY_PATH")
    inherited = {name: os.environ[name] for name in kept if name in os.environ}
    return {**inherited, "CYBEROS_DATABASE_URL": world.url, **more}


@dataclass
class Peer:
    """The process, seen from the client."""

    process: asyncio.subprocess.Process
    heard: list[bytes] = field(default_factory=list)
    said: int = 0

    def say(self, line: bytes) -> None:
        """Send a line as it is."""
        assert self.process.stdin is not None
        self.process.stdin.write(line + b"\n")

    async def hear(self) -> dict[str, Any]:
        """The next line of standard output."""
        assert self.process.stdout is not None
        line = await asyncio.wait_for(self.process.stdout.readline(), PATIENCE_SECONDS)
        assert line, "the server hung up"
        self.heard.append(line)
        return dict(json.loads(line))

    async def request(self, method: str, params: dict[str, Any] | None = None) -> dict[str, Any]:
        """Ask something, and wait for its answer."""
        self.said += 1
        message = {"jsonrpc": "2.0", "id": self.said, "method": method, "params": params or {}}
        self.say(json.dumps(message).encode())
        answer = await self.hear()
        assert answer["id"] == self.said, answer
        return answer

    async def hello(self) -> dict[str, Any]:
        """The handshake of the earlier protocol."""
        answer = await self.request("initialize", HELLO)
        self.say(b'{"jsonrpc":"2.0","method":"notifications/initialized"}')
        return answer

    async def end(self) -> tuple[int, bytes, bytes]:
        """Hang up; the exit code, and what was still said on both outputs."""
        rest, errors = await asyncio.wait_for(self.process.communicate(b""), PATIENCE_SECONDS)
        assert self.process.returncode is not None
        return self.process.returncode, rest, errors


@asynccontextmanager
async def served(
    told: dict[str, str],
    *arguments: str,
    python: tuple[str, ...] = (),
    hears: int = LONGEST_LINE,
) -> AsyncIterator[Peer]:
    """A server process; it is stopped when the block ends.

    Not much more than `hears` bytes are taken out of the pipe before somebody listens.
    """
    process = await asyncio.create_subprocess_exec(
        sys.executable,
        *python,
        *START,
        *arguments,
        cwd=ROOT,
        env=told,
        stdin=asyncio.subprocess.PIPE,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.PIPE,
        limit=hears,
    )
    try:
        yield Peer(process)
    finally:
        if process.returncode is None:
            process.kill()
            await process.communicate()  # the end is not seen behind what nobody has read
