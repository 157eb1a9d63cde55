"""Servers on somebody else's account, or without space on the disk, started at once.

with template() as servers:
    servers.start(environment)                          # Start(code, stdout, stderr)
    with servers.running(environment) as server:
        server.call("whoami")                           # the result, as it was on the wire
"""

import json
import os
import socket
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from itertools import count
from pathlib import Path
from tempfile import TemporaryFile
from typing import Any

from tests import forking

TIMEOUT_SECONDS = 60
SERVE = ["serve"]
HELLO = {
    "protocolVersion": "2025-06-18",
    "capabilities": {},
    "clientInfo": {"name": "test", "version": "1"},
}


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

    def __init__(self, template: forking.Template) -> None:
        self._template = template

    def start(
        self, environment: Mapping[str, str], *, as_nobody: bool = False, practise: bool = False
    ) -> Start:
        """Start a server whose client has already hung up; `practise`: in the template itself."""
        with Path(os.devnull).open() as nothing, TemporaryFile() as out, TemporaryFile() as err:
            files = [nothing.fileno(), out.fileno(), err.fileno()]
            end = self._template.order(
                SERVE, environment, files, as_nobody=as_nobody, practise=practise
            )
            code = end.code
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
            near.settimeout(TIMEOUT_SECONDS)
            files = [far.fileno(), far.fileno(), 2]
            end = self._template.order(SERVE, environment, files, as_nobody=as_nobody)
            far.close()
            server = Serving(end.pid, line)
            server.request("initialize", HELLO)
            server.send(method="notifications/initialized")
            yield server
            near.shutdown(socket.SHUT_WR)
            assert end.code == 0

    @property
    def pid(self) -> int:
        """The template: what limits it limits every server it becomes."""
        return self._template.pid


@contextmanager
def template() -> Iterator[Servers]:
    """A template of its own for the length of a block."""
    with forking.started() as started:
        yield Servers(started)
