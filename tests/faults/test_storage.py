"""The file under an embedded database is broken, locked, read-only, gone, or the disk is full.

Each time: one clear fault, nothing half-written, and all is well once the cause is gone.
"""

import asyncio
import hashlib
import os
import resource
import shutil
import subprocess
import sys
import tempfile
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import pytest

from domain.kernel.faults import Fault
from domain.store.engine import Role, connect
from domain.store.revision import check_revision
from tests.faults.serving import Servers, template
from tests.faults.standing import chain_holds, counts
from tests.server.process import a_token, trusting
from tests.sqlite import by_hand
from tests.world import World, copy_of, fault_code, migrated, opened

IS_ROOT = os.geteuid() == 0
with_limits = pytest.mark.skipif(
    not hasattr(resource, "prlimit"), reason="only Linux limits another process"
)
WAL_FRAME = 24 + 4096  # bytes: what SQLite adds to its log for every page
NEW = {"name": "Nền tảng quý 4", "amount_minor": 1_000_000, "currency": "VND"}


@dataclass(frozen=True, slots=True)
class Home:
    """A world in a folder of its own, and how a server finds it."""

    world: World
    file: Path
    environment: dict[str, str]
    account_id: str

    def digest(self) -> str:
        """Of everything that lies in the folder and may be read."""
        files = sorted(path for path in self.file.parent.rglob("*") if path.is_file())
        readable = [path.read_bytes() for path in files if os.access(path, os.R_OK)]
        return hashlib.sha256(b"".join(readable)).hexdigest()


@pytest.fixture(scope="module")
def populated(tmp_path_factory: pytest.TempPathFactory) -> tuple[World, str, str]:
    """A world with all connections closed, a token that is good today, and an account."""
    return asyncio.run(_populate(tmp_path_factory.mktemp("storage")))


async def _populate(folder: Path) -> tuple[World, str, str]:
    async with opened(await migrated("sqlite", folder)) as world:
        return world, await a_token(world), await world.an_account()


@pytest.fixture(scope="module")
def servers(populated: tuple[World, str, str]) -> Iterator[Servers]:
    """Servers that start at once."""
    world, token, _ = populated
    with template() as ready:
        ready.start(_environment(world, world.url, token), practise=True)
        yield ready


@pytest.fixture
async def home(populated: tuple[World, str, str]) -> AsyncIterator[Home]:
    """A copy of that world in a folder that any account may enter."""
    world, token, account_id = populated
    file = _open_folder() / "cyberos.db"
    url = copy_of(world.url, file)
    _anybody_may_write(file)
    agent_side, owner_side = (
        connect(url, role=role, busy_seconds=0.2, trust=world.approval_context.trust)
        for role in (Role.AGENT, Role.OWNER)
    )
    own = replace(world, url=url, agent_side=agent_side, owner_side=owner_side)
    yield Home(own, file, _environment(world, url, token), account_id)
    await agent_side.close()
    await owner_side.close()
    shutil.rmtree(file.parent)


def _open_folder() -> Path:
    folder = Path(tempfile.mkdtemp(prefix="cyberos-home-"))
    folder.chmod(0o777)
    return folder


def _anybody_may_write(file: Path) -> None:
    file.parent.chmod(0o777)
    for path in file.parent.iterdir():
        path.chmod(0o666)


def _environment(world: World, url: str, token: str) -> dict[str, str]:
    folder = str(Path(url.partition(":///")[2]).parent)
    return {
        "CYBEROS_DATA_DIR": folder,
        "CYBEROS_DATABASE_URL": url,
        "CYBEROS_AGENT_TOKEN": token,
        **trusting(world),
    }


# --- causes: each breaks the file, and says how to mend it ---

Cause = Callable[[Path], Callable[[], object]]


def cut_in_half(file: Path) -> Callable[[], object]:
    whole = file.read_bytes()
    os.truncate(file, len(whole) // 2)
    return lambda: file.write_bytes(whole)


def without_its_last_page(file: Path) -> Callable[[], object]:
    whole = file.read_bytes()
    os.truncate(file, len(whole) - 4096)
    return lambda: file.write_bytes(whole)


def emptied(file: Path) -> Callable[[], object]:
    whole = file.read_bytes()
    os.truncate(file, 0)
    return lambda: file.write_bytes(whole)


def not_a_database(file: Path) -> Callable[[], object]:
    whole = file.read_bytes()
    file.write_bytes("Đây không phải là cơ sở dữ liệu.\n".encode() * 200)
    return lambda: file.write_bytes(whole)


def with_random_pages(file: Path) -> Callable[[], object]:
    whole = file.read_bytes()
    file.write_bytes(whole[:4096] + os.urandom(len(whole) - 4096))
    return lambda: file.write_bytes(whole)


def gone(file: Path) -> Callable[[], object]:
    file.rename(file.with_suffix(".away"))
    return lambda: file.with_suffix(".away").rename(file)


def in_no_folder(file: Path) -> Callable[[], object]:
    away = file.parent.rename(f"{file.parent}.away")
    return lambda: away.rename(file.parent)


def a_folder(file: Path) -> Callable[[], object]:
    back = gone(file)
    file.mkdir()
    return lambda: (file.rmdir(), back())


def of_revision(revision: str) -> Cause:
    def change(file: Path) -> Callable[[], object]:
        now = _set_revision(file, revision)
        return lambda: _set_revision(file, now)

    return change


def _set_revision(file: Path, revision: str) -> str:
    with by_hand(file) as connection:
        (before,) = connection.execute("select version_num from alembic_version").fetchone()
        connection.execute("update alembic_version set version_num = ?", (revision,))
    return str(before)


def with_modes(file_mode: int, folder_mode: int) -> Cause:
    def change(file: Path) -> Callable[[], object]:
        file.chmod(file_mode)
        file.parent.chmod(folder_mode)
        return lambda: _anybody_may_write(file)

    return change


read_only_file = with_modes(0o444, 0o777)
read_only_folder = with_modes(0o666, 0o555)
all_read_only = with_modes(0o444, 0o555)
closed_file = with_modes(0o000, 0o777)


@contextmanager
def held(file: Path, *statements: str) -> Iterator[None]:
    """Another process that holds the database, until it is killed."""
    script = (
        "import sqlite3, sys; c = sqlite3.connect(sys.argv[1], isolation_level=None);"
        "[c.execute(s) for s in sys.argv[2:]]; print(flush=True); input()"
    )
    command = [sys.executable, "-I", "-S", "-c", script, str(file), *statements]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE) as holder:
        assert holder.stdout is not None
        assert holder.stdout.readline() == b"\n"
        yield
        holder.kill()


# --- starting ---


STARTS = {
    "half of it is missing": (cut_in_half, "DATABASE_DAMAGED"),
    "the last page is missing": (without_its_last_page, "DATABASE_DAMAGED"),
    "its pages are noise": (with_random_pages, "DATABASE_DAMAGED"),
    "it is a text": (not_a_database, "DATABASE_DAMAGED"),
    "it is empty": (emptied, "SCHEMA_MISSING"),
    "it is older": (of_revision("0000"), "SCHEMA_OLD"),
    "it is newer": (of_revision("9999"), "SCHEMA_NEW"),
    "it is gone": (gone, "DATABASE_MISSING"),
    "its folder is gone": (in_no_folder, "DATABASE_MISSING"),
    "it is a folder": (a_folder, "DATABASE_MISSING"),
    "nobody may read it": (closed_file, "DATABASE_MISSING"),
    "its folder is read-only": (read_only_folder, "STORAGE_READ_ONLY"),
    "all is read-only": (all_read_only, "STORAGE_READ_ONLY"),
}


@pytest.mark.parametrize(("cause", "code"), STARTS.values(), ids=STARTS)
async def test_a_server_says_in_one_line_why_it_does_not_start_and_starts_when_mended(
    home, servers, cause, code
):
    before = home.digest()
    mend = cause(home.file)
    broken = home.digest()

    refused = servers.start(home.environment, as_nobody=IS_ROOT)

    assert refused.code != 0
    assert refused.stdout == ""
    assert refused.stderr.startswith(f"cyberos serve: {code}: ")
    assert refused.stderr.count("\n") == 1
    assert home.digest() == broken
    mend()
    assert home.digest() == before
    assert servers.start(home.environment) == replace(refused, code=0, stderr="")


async def test_a_database_that_somebody_keeps_to_themselves_is_busy_and_then_not(home):
    exclusively = ("PRAGMA locking_mode=EXCLUSIVE", "BEGIN IMMEDIATE")

    with held(home.file, *exclusively), pytest.raises(Fault) as caught:
        await check_revision(home.world.agent_side)

    assert caught.value.code == "DATABASE_BUSY"
    await check_revision(home.world.agent_side)


@with_limits
async def test_a_server_that_finds_the_disk_full_does_not_start(home, servers):
    limit_files(servers.pid, 4_096)  # space for the words of the server, and no more
    refused = servers.start(home.environment)
    limit_files(servers.pid, resource.RLIM_INFINITY)

    assert refused.code != 0
    assert refused.stderr.startswith("cyberos serve: STORAGE_FULL: ")
    assert refused.stderr.count("\n") == 1
    assert servers.start(home.environment).code == 0


# --- running ---


RUNS = {
    "half of it is missing": (cut_in_half, "DATABASE_DAMAGED"),
    "its pages are noise": (with_random_pages, "DATABASE_DAMAGED"),
    "it is a text": (not_a_database, "DATABASE_DAMAGED"),
    "it is empty": (emptied, "DATABASE_DAMAGED"),
    "it is gone": (gone, "DATABASE_MISSING"),
}


@pytest.mark.parametrize(("cause", "code"), RUNS.values(), ids=RUNS)
async def test_a_running_server_answers_with_one_fault_and_goes_on_when_mended(home, cause, code):
    before = await counts(home.world)
    await home.world.owner_side.close()
    mend = cause(home.file)
    broken = home.digest()

    codes = [fault_code(await called(home)) for _ in range(2)]
    codes.append(fault_code(await home.world.call("whoami")))

    assert codes == [code] * 3
    assert home.digest() == broken
    mend()
    assert await counts(home.world) == before
    assert not (await called(home)).is_error
    assert (await counts(home.world))["deal"] == 1
    await chain_holds(home.world)


async def test_who_meets_a_lock_is_told_so_soon_reads_on_and_writes_when_it_is_gone(home):
    await called(home)
    before = await counts(home.world)

    with held(home.file, "BEGIN IMMEDIATE", "update deal set name = 'half done'"):
        refused = await called(home)
        read = await home.world.call("whoami")

    assert fault_code(refused) == "DATABASE_BUSY"
    assert not read.is_error
    assert await counts(home.world) == before
    assert not (await called(home)).is_error
    assert (await counts(home.world))["deal"] == 2
    await chain_holds(home.world)


@pytest.mark.parametrize("cause", [read_only_file, all_read_only], ids=["file", "all"])
async def test_a_running_server_that_may_not_write_says_so_and_writes_when_it_may(
    home, servers, cause
):
    with servers.running(home.environment, as_nobody=IS_ROOT) as server:
        mend = cause(home.file)
        refused = [server.call("crm_create_deal", **new_deal(home)) for _ in range(2)]
        mend()
        done = server.call("crm_create_deal", **new_deal(home))

    assert [code_of(one) for one in refused] == ["STORAGE_READ_ONLY"] * 2
    assert not done["isError"]
    assert (await counts(home.world))["deal"] == 1
    await chain_holds(home.world)


@with_limits
async def test_a_disk_that_is_full_at_any_page_of_a_write_keeps_nothing_of_it(home, servers):
    before, full = await counts(home.world), 0
    with servers.running(home.environment) as server:
        server.call("whoami")
        log = home.file.with_name(f"{home.file.name}-wal").stat().st_size
        for pages in range(100):
            limit_files(server.pid, log + pages * WAL_FRAME)
            answer = server.call("crm_create_deal", **new_deal(home))
            if not answer["isError"]:
                break
            assert code_of(answer) == "STORAGE_FULL"
            assert not server.call("whoami")["isError"]
            assert await counts(home.world) == before
            full += 1
        limit_files(server.pid, resource.RLIM_INFINITY)
        again = server.call("crm_create_deal", **new_deal(home))

    assert full > 10
    assert not again["isError"]
    assert (await counts(home.world))["deal"] == 2
    await chain_holds(home.world)


def limit_files(pid: int, most_bytes: int) -> None:
    """From now on this process cannot write beyond so many bytes of any file."""
    _, hard = resource.prlimit(pid, resource.RLIMIT_FSIZE)
    resource.prlimit(pid, resource.RLIMIT_FSIZE, (most_bytes, hard))


def new_deal(home: Home) -> dict[str, Any]:
    """A deal that is not there yet."""
    return {"account_id": home.account_id, **NEW}


async def called(home: Home) -> Any:
    """A call that writes."""
    return await home.world.call("crm_create_deal", **new_deal(home))


def code_of(result: dict[str, Any]) -> str:
    """The code of a refused call, seen from outside."""
    assert result["isError"], result
    return str(result["_meta"]["vn.cyberos/error"]["code"])
