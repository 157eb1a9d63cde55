"""Server processes as a client starts them: `cyberos serve`, a pipe in, a pipe out."""

import asyncio
import atexit
import json
import os
import signal
import sys
import tempfile
from collections.abc import AsyncIterator, Sequence
from contextlib import ExitStack, asynccontextmanager, suppress
from dataclasses import dataclass, field
from datetime import timedelta
from functools import cache, partial
from pathlib import Path
from typing import Any, Protocol

from domain.identity import service as identity
from domain.identity.grants import KeyHolder
from domain.kernel.clock import SystemClock
from domain.provisioning import service as provisioning
from domain.store.tx import writing
from domain.store.visibility import SYSTEM
from policies.approvals import trust
from tests import forking
from tests.world import Company, World

ROOT = Path(__file__).parents[2]
START = ["-c", "import cyberos; cyberos.main()", "serve"]
TIMEOUT_SECONDS = 60
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
    signer = KeyHolder(world.deploy, world.root)
    async with writing(world.owner_side, company.id, clock, viewer=SYSTEM, signer=signer) as tx:
        tx.at = born
        _, token = await provisioning.add_agent(
            tx,
            name=name,
            person_id=company.people["sales"],
            scopes=sorted(identity.known_scopes()),
            toolsets=toolsets,
            expires_at=clock.now() + timedelta(days=days),
        )
        if revoked:
            await provisioning.revoke_agent(tx, name)
    company.tokens[name] = token
    return token


def trusting(world: World) -> dict[str, str]:
    """Where a process finds whose signatures count."""
    file = Path(tempfile.gettempdir()) / f"trust-{world.ours.id}.json"
    trust.store(file, world.approval_context.trust)
    atexit.register(file.unlink, missing_ok=True)
    return {"CYBEROS_TRUST_FILE": str(file)}


def environment(world: World, **more: str) -> dict[str, str]:
    """What the process is told; nothing of ours is inherited from whoever runs the tests."""
    kept = ("PATH", "HOME", "TMPDIR", "SYSTEMROOT", "LD_LIBRARY_PATH")
    inherited = {name: os.environ[name] for name in kept if name in os.environ}
    return {**inherited, **trusting(world), "CYBEROS_DATABASE_URL": world.url, **more}


class Process(Protocol):
    """What asyncio says of a process that it has started."""

    @property
    def stdin(self) -> asyncio.StreamWriter | None: ...
    @property
    def stdout(self) -> asyncio.StreamReader | None: ...
    @property
    def stderr(self) -> asyncio.StreamReader | None: ...
    @property
    def pid(self) -> int: ...
    @property
    def returncode(self) -> int | None: ...
    def send_signal(self, signal: int) -> None: ...
    def kill(self) -> None: ...
    async def communicate(self, input: bytes | None = None) -> tuple[bytes, bytes]: ...


@dataclass
class Forked:
    """The same of one that the fork template has started."""

    end: forking.End
    stdin: asyncio.StreamWriter
    stdout: asyncio.StreamReader
    stderr: asyncio.StreamReader
    pipes: list[asyncio.BaseTransport]
    returncode: int | None = None

    @property
    def pid(self) -> int:
        return self.end.pid

    def send_signal(self, signal: int) -> None:
        with suppress(ProcessLookupError):  # as asyncio does it
            os.kill(self.pid, signal)

    def kill(self) -> None:
        self.send_signal(signal.SIGKILL)

    async def communicate(self, input: bytes | None = None) -> tuple[bytes, bytes]:
        """Hang up, and read what is still said until the process has ended."""
        assert not input
        self.stdin.close()
        out, errors = await asyncio.gather(self.stdout.read(), self.stderr.read())
        self.returncode = await asyncio.to_thread(lambda: self.end.code)
        for pipe in self.pipes:
            pipe.close()
        await asyncio.sleep(0)  # which is when they close
        return out, errors


@cache
def template() -> forking.Template:
    """The fork template of this worker, from its first order to the worker's end."""
    stack = ExitStack()
    atexit.register(stack.close)
    return stack.enter_context(forking.started())


async def forked(told: dict[str, str], *arguments: str, hears: int = LONGEST_LINE) -> Forked:
    """A command without the price of loading it."""
    loop = asyncio.get_running_loop()
    (reads, stdin), (stdout, says), (stderr, warns) = os.pipe(), os.pipe(), os.pipe()
    end = template().order(arguments, told, [reads, says, warns])
    for file in (reads, says, warns):
        os.close(file)
    transport, protocol = await loop.connect_write_pipe(
        asyncio.streams.FlowControlMixin, os.fdopen(stdin, "wb", buffering=0)
    )
    said, warned = asyncio.StreamReader(limit=hears), asyncio.StreamReader(limit=hears)
    pipes: list[asyncio.BaseTransport] = [transport]
    for reader, file in ((said, stdout), (warned, stderr)):
        heard = partial(asyncio.StreamReaderProtocol, reader)
        pipe, _ = await loop.connect_read_pipe(heard, os.fdopen(file, "rb", buffering=0))
        pipes.append(pipe)
    writer = asyncio.StreamWriter(transport, protocol, None, loop)
    return Forked(end, writer, said, warned, pipes)


@dataclass
class Peer:
    """The process, seen from the client."""

    process: Process
    heard: list[bytes] = field(default_factory=list)
    said: int = 0

    def say(self, line: bytes) -> None:
        """Send a line as it is."""
        assert self.process.stdin is not None
        self.process.stdin.write(line + b"\n")

    async def hear(self) -> dict[str, Any]:
        """The next line of standard output."""
        assert self.process.stdout is not None
        line = await asyncio.wait_for(self.process.stdout.readline(), TIMEOUT_SECONDS)
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
        rest, errors = await asyncio.wait_for(self.process.communicate(b""), TIMEOUT_SECONDS)
        assert self.process.returncode is not None
        return self.process.returncode, rest, errors


@asynccontextmanager
async def served(
    told: dict[str, str],
    *arguments: str,
    python: tuple[str, ...] | None = None,
    hears: int = LONGEST_LINE,
) -> AsyncIterator[Peer]:
    """A server process; it is stopped when the block ends.

    With options for Python, even none, a Python of its own is started, else the template forks.
    Not much more than `hears` bytes are taken out of the pipe before somebody listens.
    """
    process: Process
    if python is None:
        process = await forked(told, "serve", *arguments, hears=hears)
    else:
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
