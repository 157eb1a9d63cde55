"""The fork template: commands started dozens of times, without loading the program each time.

Run as a program, this file is a template: it has imported what a server needs and has served
nobody. For each order it forks a process that becomes a command with the files, the account and the
environment it is given; it shares nothing with the template but code. Between the two stands a
minder, which waits for the command and says how it ended.

    with started() as template:
        end = template.order(["serve"], environment, files)
        end.pid, end.wait()                        # the exit code

That the program can be started without a template is shown where a test starts it so.
"""

import gc
import json
import os
import pwd
import signal
import socket
import subprocess
import sys
import traceback
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from functools import cached_property
from importlib import import_module
from pathlib import Path
from typing import Any, NoReturn

from policies.gate import floor
from server import app, wiring

ROOT = Path(__file__).parents[1]
LONGEST_ORDER = 65_536
# What only some commands need, but all tests of servers.
SERVERS = ("server.mcp_server", "server.http.command")


# --- seen from the tests ---


class End:
    """The end of a command: its process, and the pipe in which the minder tells of it."""

    def __init__(self, told: int) -> None:
        self.told = os.fdopen(told, "rb", buffering=0)
        self.pid = int(self._line()["pid"])

    @cached_property
    def code(self) -> int:
        """The exit code, which is waited for; negative for the signal that killed it."""
        with self.told:
            return int(self._line()["end"])

    def _line(self) -> dict[str, int]:
        return dict(json.loads(self.told.readline()))


class Template:
    """The template, ready to become commands."""

    def __init__(self, channel: socket.socket, process: "subprocess.Popen[bytes]") -> None:
        self._channel = channel
        self._process = process

    @property
    def pid(self) -> int:
        """The template: what limits it limits every command it becomes."""
        return self._process.pid

    def order(
        self,
        arguments: Sequence[str],
        environment: Mapping[str, str],
        files: Sequence[int],
        *,
        as_nobody: bool = False,
        practise: bool = False,
    ) -> End:
        """Start a command on these three files; `practise`: in the template itself."""
        reads, writes = os.pipe()
        job = {
            "arguments": list(arguments),
            "environment": dict(environment),
            "as_nobody": as_nobody,
            "practise": practise,
        }
        order = json.dumps(job).encode()
        assert len(order) < LONGEST_ORDER
        socket.send_fds(self._channel, [order], [*files, writes])
        os.close(writes)
        return End(reads)

    def close(self) -> None:
        """Hang up, which ends the template."""
        self._channel.close()
        self._process.wait()


@contextmanager
def started() -> Iterator[Template]:
    """A template for the length of a block; it ends when nobody can reach it any more."""
    near, far = socket.socketpair()
    with far:
        process = subprocess.Popen(
            [sys.executable, "-m", "tests.forking", str(far.fileno())],
            cwd=ROOT,
            pass_fds=[far.fileno()],
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
        )
    template = Template(near, process)
    try:
        yield template
    finally:
        template.close()


# --- the template and its children ---


def main() -> None:
    """Become a command, again and again."""
    for module in SERVERS:
        import_module(module)
    for row in floor.load_checked().tool:
        wiring.registry().get(row.id)
    gc.freeze()
    channel = socket.socket(fileno=int(sys.argv[1]))
    signal.signal(signal.SIGCHLD, signal.SIG_IGN)  # nobody waits for a minder
    while True:
        order, files, _, _ = socket.recv_fds(channel, LONGEST_ORDER, 4)
        if not order:
            return
        job, told = json.loads(order), files[-1]
        if job["practise"]:
            _tell(told, pid=os.getpid())
            _tell(told, end=_run(job))
        elif os.fork() == 0:
            channel.close()
            _mind(job, files[:-1], told)
        for file in files:
            os.close(file)


def _mind(job: Mapping[str, Any], files: Sequence[int], told: int) -> NoReturn:
    """The minder: start the command, and tell its end."""
    signal.signal(signal.SIGCHLD, signal.SIG_DFL)
    command = os.fork()
    if command == 0:
        os.close(told)
        _become(job, files)
    for file in (0, 1, 2, *files):
        os.close(file)  # else nobody would see that the command has let go of them
    _tell(told, pid=command)
    _tell(told, end=os.waitstatus_to_exitcode(os.waitpid(command, 0)[1]))
    os._exit(0)


def _become(job: Mapping[str, Any], files: Sequence[int]) -> NoReturn:
    """The rest of this process is a command."""
    for place, file in enumerate(files):
        os.dup2(file, place)
        os.close(file)
    # New objects, because the old ones remember what kind of file the template had there.
    sys.stdin, sys.stdout, sys.stderr = os.fdopen(0), os.fdopen(1, "w"), os.fdopen(2, "w", 1)
    if job["as_nobody"]:
        nobody = pwd.getpwnam("nobody")
        os.setgroups([])
        os.setgid(nobody.pw_gid)
        os.setuid(nobody.pw_uid)
    code = _run(job)
    for stream in (sys.stdout, sys.stderr):
        stream.flush()
    os._exit(code)


def _run(job: Mapping[str, Any]) -> int:
    os.environ.clear()
    os.environ.update(job["environment"])
    try:
        return app.run(job["arguments"])
    except SystemExit as end:  # as the command line's own parsers say it
        return end.code if isinstance(end.code, int) else 1
    except BaseException:
        traceback.print_exc()
        return 1


def _tell(told: int, **words: int) -> None:
    os.write(told, json.dumps(words).encode() + b"\n")


if __name__ == "__main__":
    main()
