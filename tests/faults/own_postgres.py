"""A PostgreSQL of one test's own, to be stopped, frozen and started while others look on.

How it ends: beside it sits a warden (this file, run as a program) that reads from a pipe of ours.
However we end, the kernel closes the pipe, and the warden stops the server and removes its files.
"""

import os
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

from tests import postgres

ROOT = Path(__file__).parents[2]
# What was committed has to survive an immediate stop, so nothing may wait in memory.
SETTINGS = {**postgres.SETTINGS, "synchronous_commit": "on", "max_connections": "60"}


class OwnPostgres:
    """One server, and its power switch."""

    def __init__(self, directory: Path) -> None:
        self._directory = directory
        self._data = directory / "data"
        self._account = postgres._account()
        self._programs = postgres._binaries(directory)
        self._process: subprocess.Popen[Any] | None = None

    @property
    def url(self) -> str:
        """How a superuser reaches it."""
        return f"postgresql+asyncpg://postgres@/postgres?host={self._data}"

    def bootstrap(self) -> None:
        """Make an empty cluster."""
        self._data.mkdir(mode=0o700)
        if self._account:
            os.chown(self._data, self._account["user"], self._account["group"])
        initdb = [self._programs / "initdb", "-D", self._data, "-U", "postgres", "-E", "UTF8"]
        initdb += ["--locale", postgres.LOCALE, "--auth=trust", "--no-sync", "--no-instructions"]
        subprocess.run(
            initdb, cwd=self._directory, check=True, stdout=subprocess.DEVNULL, **self._account
        )

    def start(self, *, wait: bool = True) -> None:
        """Switch it on, and wait until it accepts connections."""
        command = [self._programs / "postgres", "-D", self._data, "-k", self._data]
        command += [f"--{name}={value}" for name, value in SETTINGS.items()]
        self._process = subprocess.Popen(command, cwd=self._directory, **self._account)
        if wait:
            self.await_ready()

    def await_ready(self) -> None:
        """Wait until it accepts connections."""
        told = self._data / "postmaster.pid"
        deadline = time.monotonic() + postgres.TIMEOUT_SECONDS
        while not (told.exists() and "ready" in told.read_text()):
            if time.monotonic() > deadline:
                raise TimeoutError("PostgreSQL does not come back")
            time.sleep(0.01)

    def stop(self) -> None:
        """Switch it off at once, as a power cut would: nobody is asked, nothing is finished."""
        if self._process is not None:
            self._process.send_signal(signal.SIGQUIT)
            self._process.wait()
            self._process = None

    @contextmanager
    def frozen(self, sessions: Sequence[int]) -> Iterator[None]:
        """For the length of a block it neither answers nor hangs up, like a machine in a swoon."""
        assert self._process is not None
        pids = [self._process.pid, *sessions]
        try:
            for pid in pids:
                os.kill(pid, signal.SIGSTOP)
            yield
        finally:
            for pid in pids:
                os.kill(pid, signal.SIGCONT)


@contextmanager
def own_postgres() -> Iterator[OwnPostgres]:
    """A running server for the length of a block."""
    directory = Path(tempfile.mkdtemp(prefix="own-", dir=os.environ[postgres.DIRECTORY]))
    directory.chmod(0o711)
    warden = [sys.executable, "-m", "tests.faults.own_postgres", str(directory)]
    with subprocess.Popen(
        warden, cwd=ROOT, stdin=subprocess.PIPE, start_new_session=True
    ):  # leaving the block closes the pipe and waits
        server = OwnPostgres(directory)
        server.bootstrap()
        server.start()
        try:
            yield server
        finally:
            server.stop()


def guard(directory: Path) -> None:
    """Wait until nobody needs the server any more."""
    sys.stdin.read()
    with suppress(FileNotFoundError, ProcessLookupError):
        postmaster = int((directory / "data" / "postmaster.pid").read_text().split()[0])
        os.kill(postmaster, signal.SIGCONT)
        os.kill(postmaster, signal.SIGQUIT)
    shutil.rmtree(directory, ignore_errors=True)


if __name__ == "__main__":
    guard(Path(sys.argv[1]))
