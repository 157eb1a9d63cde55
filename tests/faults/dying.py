"""Processes that die: how does a process die exactly where a test wants it to?
By its own hand, with SIGKILL.

Run as a program, this file is a template: it has imported everything and has no connection. For
each task it reads, it forks a process that does the task with connections of its own, counts
the moments it lives through and kills itself at the one it was given. Nothing is cleaned up:
locks, files and sockets are left as they are.

The moments are: before every statement, before and after every commit, before and after a letter
leaves. "After a statement" is no moment of its own: until the next one begins, nothing goes to the
database, so for everybody who is left it is the same death. Nor is one that only reads, which long
lives may skip.

    with template() as mortals:
        mortals.practise(world, "approve", action_id=..., person="cro")     # once, to be quick
        mortals.send(world, "approve", action_id=..., person="cro", dies_at=7).died
"""

import asyncio
import gc
import json
import os
import signal
import subprocess
import sys
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from functools import cache
from pathlib import Path
from typing import Any
from unittest import mock

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from sqlalchemy import Engine, event
from sqlalchemy.ext.asyncio import AsyncConnection

from domain.identity import keys, tokens
from domain.identity.keys import PrivateKey
from domain.kernel.clock import HandClock, from_stamp, stamp
from domain.kernel.faults import Fault
from domain.store.engine import Database, Role, connect
from policies.approvals.executor import ExecutionReport
from policies.approvals.trust import Trust
from policies.gate import floor
from policies.gate.contract import Declined, Delivered, Order, Outside
from policies.gate.dispatches import DispatchOrder
from server import wiring
from tests.issuing.ground import LastingProvider, Office
from tests.policies.letters import WithLetters, catalogue
from tests.policies.stamped import WithStamps, dispatching
from tests.receipts.ground import Feed, told, worked
from tests.store.outbox_samples import dispatcher, toy
from tests.traffic import overheard
from tests.world import Company, World

ROOT = Path(__file__).parents[2]


class FilePost:
    """A post office that outlives everybody: every letter that left is a line of a file."""

    def __init__(
        self, file: Path, moment: Any = lambda label: None, behaviour: str = "deliver"
    ) -> None:
        self.behaviour = behaviour
        self.file = file
        self._moment = moment
        self.versions: dict[str, int] = {}
        self.recorded: Counter[str] = Counter()
        self.read: list[bytes] = []
        self.behaviours: dict[str, str] = {}

    @property
    def letters(self) -> list[str]:
        """The idempotency keys of all letters that left, in their order."""
        return self.file.read_text().split() if self.file.exists() else []

    async def take(self, order: Order, outside: Outside) -> Delivered | Declined:
        self.read.append(order.payload)
        match self.behaviour:
            case "decline":
                return Declined("PROVIDER_DECLINED")
            case _:
                self._leave(order.idempotency_key)
                return Delivered(f"letter-{order.action_id}")

    def _leave(self, name: str) -> None:
        self._moment("before the letter leaves")
        with self.file.open("a") as lines:
            lines.write(f"{name}\n")
            lines.flush()
            os.fsync(lines.fileno())
        self._moment("after the letter has left")

    async def take_after(self, kind: str, order: DispatchOrder) -> Delivered:
        """What follows a letter leaves the same way."""
        self._leave(f"{kind}:{order.id}")
        return Delivered(f"{kind}-{order.attempt}")

    async def know(self, order: Order, outside: Outside) -> Delivered | Declined | None:
        if order.idempotency_key in self.letters:
            return Delivered(f"letter-{order.action_id}")
        return None


# --- seen from the tests ---


@dataclass(frozen=True, slots=True)
class Ending:
    """How a process ended, what it said last, and how many moments it has lived through."""

    died: bool
    answer: Any
    moments: int
    last: str


@dataclass(frozen=True, slots=True)
class Mortals:
    """The template, ready to send processes to their death."""

    process: "subprocess.Popen[str]"

    def practise(self, world: World, task: str, **details: Any) -> Any:
        """The template does an task itself, and its children need not think so long."""
        return self.send(world, task, practise=True, **details).answer

    def send(
        self, world: World, task: str, *, dies_at: int | str | None = None, **details: Any
    ) -> Ending:
        """One process, one task; it dies at a moment (its number or name), or it answers."""
        job = {**_described(world), "task": task, "dies_at": dies_at, **details}
        assert self.process.stdin is not None
        assert self.process.stdout is not None
        self.process.stdin.write(f"{json.dumps(job)}\n")
        self.process.stdin.flush()
        said: dict[str, Any] = {}
        while "end" not in said:
            line = self.process.stdout.readline()
            assert line, "the template broke; see standard error"
            said |= json.loads(line)
        assert said["end"] in (0, -signal.SIGKILL), "the task broke; see standard error"
        died = said["end"] != 0
        return Ending(died, said.get("answer"), said["moments"], said["last"])


@contextmanager
def template() -> Iterator[Mortals]:
    """A template for the length of a block; it ends when nobody can reach it any more."""
    command = [sys.executable, "-m", "tests.faults.dying"]
    with subprocess.Popen(
        command, cwd=ROOT, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    ) as process:
        yield Mortals(process)


def _described(world: World) -> dict[str, Any]:
    ours = world.ours
    return {
        "url": world.url,
        "now": stamp(world.clock.now()),
        "deploy": world.deploy,
        "root": world.root.private.private_bytes_raw().hex(),
        "tenant": ours.id,
        "workspace": ours.workspace_id,
        "keys": {name: key.private.private_bytes_raw().hex() for name, key in ours.keys.items()},
        "tokens": ours.tokens,
    }


# --- the template and its children ---


class Death:
    """Counts the moments of a life, and ends it at one of them."""

    def __init__(self, at: int | str | None, *, skips_reads: bool = False) -> None:
        self._at = at
        self._skips_reads = skips_reads
        self.moments = 0
        self.last = "born"

    def moment(self, label: str) -> None:
        self.moments += 1
        self.last = label
        if self._at in (self.moments, label):
            _say(moments=self.moments, last=label)
            os.kill(os.getpid(), signal.SIGKILL)

    @contextmanager
    def watching(self) -> Iterator[None]:
        """Count every statement and every commit, on all connections of this process."""

        def before(_connection: Any, statement: str) -> None:
            if self._skips_reads and statement.lstrip().upper().startswith(("SELECT", "PRAGMA")):
                return
            self.moment(f"before {' '.join(statement.split())[:60]}")

        event.listen(Engine, "commit", lambda _connection: self.moment("before COMMIT"))
        committed = AsyncConnection.commit

        async def and_after(connection: AsyncConnection) -> None:
            await committed(connection)
            self.moment("after COMMIT")

        with overheard(before), mock.patch.object(AsyncConnection, "commit", and_after):
            yield


def main() -> None:
    """Fork a process for every line, and say how it ended."""
    for row in floor.load_checked().tool:
        wiring.registry().get(row.id)
    gc.disable()  # nobody here lives long, and a collection would copy every page of the template
    for line in sys.stdin:
        job = json.loads(line)
        sides = _sides(job["url"])
        if job.get("practise"):
            _live(job, sides, Death(None))
            _say(end=0)
            continue
        child = os.fork()
        if child == 0:
            death = Death(job["dies_at"], skips_reads=job.get("skips_reads", False))
            with death.watching():
                _live(job, sides, death)
            os._exit(0)
        _, status = os.waitpid(child, 0)
        _say(end=os.waitstatus_to_exitcode(status))


@cache
def _sides(url: str) -> dict[Role, Database]:
    """Engines without a connection. What they learn when the template practises is inherited."""
    return {role: connect(url, role=role, pool_size=2) for role in Role}


def _live(job: dict[str, Any], sides: dict[Role, Database], death: Death) -> None:
    try:
        answer = asyncio.run(_task(job, sides, death))
    except BaseException:
        sys.excepthook(*sys.exc_info())
        os._exit(1)
    _say(answer=answer, moments=death.moments, last=death.last)


async def _task(job: dict[str, Any], sides: dict[Role, Database], death: Death) -> Any:
    try:
        return await _done(job, _world(job, sides), death)
    finally:
        for side in sides.values():
            await side.close()


async def _done(job: dict[str, Any], world: World, death: Death) -> Any:
    post = FilePost(Path(job.get("letters", os.devnull)), death.moment, job.get("post", "deliver"))
    if "letters" in job:
        world.registry = WithStamps(post) if job.get("stamped") else WithLetters(post)
        world.catalogue = catalogue()
    if "provider" in job:
        Office(world, LastingProvider(folder=Path(job["provider"]), moment=death.moment))
    executor = world.executor(f"mortal:{os.getpid()}")
    match job["task"]:
        case "approve":  # what `cyberos approve` does on an embedded database
            recorded = await _voted(world, job["action_id"], job["person"])
            return [recorded, _told(await executor.run(world.ours.id, job["action_id"]))]
        case "run":
            return _told(await executor.run(world.ours.id, job["action_id"]))
        case "work":
            return [_told(report) for report in await executor.run_due(world.ours.id)]
        case "follow up":
            reports = await dispatching(world, post, f"mortal:{os.getpid()}").run_due(world.ours.id)
            return [one.state for one in reports]
        case "dispatch":
            return await dispatcher(world).dispatch(world.ours.id)
        case "retry dead":
            return await dispatcher(world, toy(mended=True)).retry_dead(world.ours.id)
        case "hear":  # what the public door does with an event
            endpoint = Feed(job["endpoint"], world.ours, job["path"], "")
            return await told(world, endpoint, job["event"])
        case "take down":
            return await worked(world)
        case "call":
            token = tokens.parse(world.ours.tokens["cro_agent"])
            outcome = await world.gate().call(token, job["tool"], job["arguments"])
            return outcome.structured
    raise AssertionError(job["task"])


async def _voted(world: World, action_id: str, person: str) -> str:
    try:
        recorded = await world.decide(action_id, person)
    except Fault as fault:
        return fault.code
    return recorded.refusal.code if recorded.refusal else recorded.state


def _told(report: ExecutionReport) -> list[str | None]:
    return [report.state, report.fault.code if report.fault else None]


def _world(job: dict[str, Any], sides: dict[Role, Database]) -> World:
    """The same world, seen by a process that has just been born."""
    signing = {name: _key(private) for name, private in job["keys"].items()}
    company = Company(job["tenant"], job["workspace"], {}, signing, job["tokens"], {})
    root = _key(job["root"])
    trust = Trust(job["deploy"], {company.id: root.public_key})
    sides = {role: replace(side, trust=trust) for role, side in sides.items()}
    return World(
        url=job["url"],
        clock=HandClock(from_stamp(job["now"])),
        deploy=job["deploy"],
        root=root,
        ours=company,
        theirs=company,
        agent_side=sides[Role.AGENT],
        inbox_side=sides[Role.INBOX],
        executor_side=sides[Role.EXECUTOR],
        public_side=sides[Role.PUBLIC],
        owner_side=sides[Role.OWNER],
    )


def _key(private: str) -> PrivateKey:
    key = Ed25519PrivateKey.from_private_bytes(bytes.fromhex(private))
    public = key.public_key().public_bytes_raw()
    return PrivateKey(keys.key_id(public), public, key)


def _say(**words: Any) -> None:
    os.write(1, f"{json.dumps(words, default=str)}\n".encode())


if __name__ == "__main__":
    main()
