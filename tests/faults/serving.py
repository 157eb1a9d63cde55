"""How is `cyberos serve` started dozens of times, as somebody else, or without room on the disk?

Run as a program, this file is a template: it has imported what a server needs, and has served
nobody once. For each order it forks a process that becomes a server with the files, the account
and the environment it is given; it shares nothing with the template but code.

    with template() as servers:
        servers.start(environment)                          # Start(code, stdout, stderr)
        with servers.running(environment) as server:
            server.call("whoami")                           # the result, as it was on the wire
"""

import gc
import json
import os
import pwd
import socket
import subprocess
import sys
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from itertools import count
from pathlib import Path
from tempfile import TemporaryFile
from typing import Any, NoReturn

from policies import floor
from server import app, wiring

ROOT = Path(__file__).parents[2]
PATIENCE_SECONDS = 60
HELLO = {
    "protocolVersion": "2025-06-18",
    "capabilities": {},
    "clientInfo": {"name": "test", "version": "1"},
}


# --- seen from the tests ---


@dataclass(frozen=True, slots=True)
class Start:
    """A server whose client hung up at once, or that did not start: exit code and words."""

    code: int
    stdout: str
    stderr: str


@dataclass(slots=True)
class Serving:
    """A running server, seen by its client."""

    pid: int
    line: Any
    ids: Iterator[int] = field(default_factory=count)

    def call(self, tool: str, /, **arguments: Any) -> dict[str, Any]:
        """One call of a tool; its result."""
        return self.request("tools/call", {"name": tool, "arguments": arguments})

    def request(self, method: str, params: Mapping[str, Any]) -> dict[str, Any]:
        """One request; what came back."""
        number = next(self.ids)
        self.send(id=number, method=method, params=params)
        while True:
            said = json.loads(self.line.readline())
            if said.get("id") == number:
                assert "result" in said, said
                return dict(said["result"])

    def send(self, **message: Any) -> None:
        """One message."""
        self.line.write(json.dumps({"jsonrpc": "2.0", **message}).encode() + b"\n")
        self.line.flush()


class Servers:
    """The template, ready to become servers."""

    def __init__(self, channel: socket.socket, process: "subprocess.Popen[bytes]") -> None:
        self._channel = channel
        self._process = process
        self._replies = channel.makefile("r", encoding="utf-8")

    def start(
        self, environment: Mapping[str, str], *, as_nobody: bool = False, practise: bool = False
    ) -> Start:
        """Start a server whose client has already hung up; `practise`: in the template itself."""
        with Path(os.devnull).open() as nothing, TemporaryFile() as out, TemporaryFile() as err:
            files = [nothing.fileno(), out.fileno(), err.fileno()]
            self._order(files, environment, as_nobody=as_nobody, practise=practise)
            code = self._told()["end"] if practise else self._ended()
            out.seek(0)
            err.seek(0)
            return Start(code, out.read().decode(), err.read().decode())

    @contextmanager
    def running(
        self, environment: Mapping[str, str], *, as_nobody: bool = False
    ) -> Iterator[Serving]:
        """A server for the length of a block; it must outlive the block."""
        near, far = socket.socketpair()
        with near, near.makefile("rwb") as line:
            near.settimeout(PATIENCE_SECONDS)
            self._order([far.fileno(), far.fileno(), 2], environment, as_nobody=as_nobody)
            far.close()
            server = Serving(self._told()["pid"], line)
            server.request("initialize", HELLO)
            server.send(method="notifications/initialized")
            yield server
            near.shutdown(socket.SHUT_WR)
            assert self._told()["end"] == 0

    @property
    def pid(self) -> int:
        """The template: what limits it limits every server it becomes."""
        return self._process.pid

    def close(self) -> None:
        """Hang up, which ends the template."""
        self._replies.close()
        self._channel.close()
        self._process.wait()

    def _order(
        self,
        files: Sequence[int],
        environment: Mapping[str, str],
        *,
        as_nobody: bool,
        practise: bool = False,
    ) -> None:
        how = {"as_nobody": as_nobody, "practise": practise}
        order = json.dumps({"environment": dict(environment), **how})
        socket.send_fds(self._channel, [order.encode()], files)

    def _told(self) -> dict[str, int]:
        return dict(json.loads(self._replies.readline()))

    def _ended(self) -> int:
        self._told()
        return self._told()["end"]


@contextmanager
def template() -> Iterator[Servers]:
    """A template for the length of a block; it ends when nobody can speak to it any more."""
    near, far = socket.socketpair()
    with far:
        command = [sys.executable, "-m", "tests.faults.serving", str(far.fileno())]
        process = subprocess.Popen(
            command,
            cwd=ROOT,
            pass_fds=[far.fileno()],
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
        )
    servers = Servers(near, process)
    try:
        yield servers
    finally:
        servers.close()


# --- the template and its children ---


def main() -> None:
    """Become a server, again and again."""
    for row in floor.load_checked().tool:
        wiring.registry().get(row.id)
    channel = socket.socket(fileno=int(sys.argv[1]))
    while True:
        order, files, _, _ = socket.recv_fds(channel, 65_536, 3)
        if not order:
            return
        job = json.loads(order)
        if job["practise"]:
            _say(channel, pid=os.getpid(), end=_serve(job))
            continue
        child = os.fork()
        if child == 0:
            _become(job, files)
        for file in files:
            os.close(file)
        _say(channel, pid=child)
        _say(channel, end=os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]))


def _become(job: Mapping[str, Any], files: Sequence[int]) -> NoReturn:
    """The rest of this process is a server."""
    for place, file in enumerate(files):
        os.dup2(file, place)
    sys.stdin, sys.stdout = os.fdopen(0), os.fdopen(1, "w")
    if job["as_nobody"]:
        nobody = pwd.getpwnam("nobody")
        os.setgroups([])
        os.setgid(nobody.pw_gid)
        os.setuid(nobody.pw_uid)
    code = _serve(job)
    sys.stderr.flush()
    os._exit(code)


def _serve(job: Mapping[str, Any]) -> int:
    os.environ.clear()
    os.environ.update(job["environment"])
    return app.run(["serve"])


def _say(channel: socket.socket, **words: int) -> None:
    channel.sendall(json.dumps(words).encode() + b"\n")


if __name__ == "__main__":
    gc.freeze()
    main()
