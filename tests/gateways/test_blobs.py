"""Blob store in a folder: is every file whole, private, written once and inside its folder?"""

import asyncio
import errno
import os
import stat

import pytest

from domain.kernel.faults import Fault
from server.gateways.blobs import folder
from server.gateways.blobs.folder import FolderBlobStore

PATH = "inv/2026/04/INV-2026-04-001.pdf"
OURS, THEIRS = "01ARZ3NDEKTSV4RRFFQ69G5FAV", "01ARZ3NDEKTSV4RRFFQ69G5FAW"


@pytest.fixture
def store(tmp_path):
    return FolderBlobStore(tmp_path / "documents")


def files(tmp_path):
    return {
        path.relative_to(tmp_path).as_posix(): path.read_bytes()
        for path in tmp_path.rglob("*")
        if path.is_file()
    }


async def refused(awaited):
    with pytest.raises(Fault) as caught:
        await awaited
    return caught.value.code


async def test_what_was_put_is_there_for_its_tenant_alone(store, tmp_path):
    await store.put(OURS, PATH, b"one")

    assert await store.get(OURS, PATH) == b"one"
    assert await store.exists(OURS, PATH)
    assert not await store.exists(THEIRS, PATH)
    assert await refused(store.get(THEIRS, PATH)) == "BLOB_MISSING"
    assert files(tmp_path) == {f"documents/{OURS}/{PATH}": b"one"}
    for path in (tmp_path / "documents", *(tmp_path / "documents").rglob("*")):
        assert stat.S_IMODE(path.stat().st_mode) == (0o700 if path.is_dir() else 0o600)


async def test_it_is_private_whatever_the_umask(store, tmp_path):
    before = os.umask(0)
    try:
        await store.put(OURS, PATH, b"one")
    finally:
        os.umask(before)

    file = tmp_path / "documents" / OURS / PATH
    assert [stat.S_IMODE(one.stat().st_mode) for one in (file, file.parent)] == [0o600, 0o700]


async def test_the_same_again_changes_nothing_and_other_bytes_are_refused(store, tmp_path):
    await store.put(OURS, PATH, b"one")
    await store.put(OURS, PATH, b"one")

    assert await refused(store.put(OURS, PATH, b"two")) == "BLOB_EXISTS"
    assert files(tmp_path) == {f"documents/{OURS}/{PATH}": b"one"}


async def test_of_many_at_once_one_is_kept_and_it_is_whole(store, tmp_path):
    contents = [bytes([number]) * 100_000 for number in range(8)]

    ended = await asyncio.gather(
        *(store.put(OURS, PATH, content) for content in contents), return_exceptions=True
    )

    assert sorted(getattr(one, "code", "kept") for one in ended) == ["BLOB_EXISTS"] * 7 + ["kept"]
    (left,) = files(tmp_path).values()
    assert left == contents[[one is None for one in ended].index(True)]


@pytest.mark.parametrize("path", ["../x", "inv/2026/04/../../../x.pdf", "/etc/passwd", ""])
async def test_no_path_leads_out(store, tmp_path, path):
    for call in (store.put(OURS, path, b"x"), store.get(OURS, path), store.exists(OURS, path)):
        assert await refused(call) == "PATH_INVALID"
    assert files(tmp_path) == {}


@pytest.mark.parametrize("step", [OURS, f"{OURS}/inv", f"{OURS}/inv/2026/04"])
async def test_a_link_in_the_way_is_not_followed(store, tmp_path, step):
    outside = tmp_path / "outside"
    outside.mkdir()
    link = tmp_path / "documents" / step
    link.parent.mkdir(parents=True)
    link.symlink_to(outside)

    assert await refused(store.put(OURS, PATH, b"x")) == "STORAGE_UNWRITABLE"
    assert await refused(store.get(OURS, PATH)) == "STORAGE_UNWRITABLE"
    assert list(outside.iterdir()) == []


@pytest.mark.parametrize("what", ["link", "folder", "pipe"])
async def test_what_lies_in_the_place_of_a_file_is_neither_read_nor_replaced(store, tmp_path, what):
    secret, place = tmp_path / "secret", tmp_path / "documents" / OURS / PATH
    secret.write_bytes(b"secret")
    place.parent.mkdir(parents=True)
    {
        "link": lambda: place.symlink_to(secret),
        "folder": place.mkdir,
        "pipe": lambda: os.mkfifo(place),
    }[what]()

    assert await refused(store.get(OURS, PATH)) == "STORAGE_UNWRITABLE"
    assert await refused(store.put(OURS, PATH, b"secret")) == "STORAGE_UNWRITABLE"
    assert secret.read_bytes() == b"secret"
    assert len(list(place.parent.iterdir())) == 1


@pytest.mark.parametrize("call", ["fsync", "link"])
@pytest.mark.parametrize(
    ("number", "code"), [(errno.ENOSPC, "STORAGE_FULL"), (errno.EIO, "STORAGE_UNWRITABLE")]
)
async def test_a_disk_that_fails_leaves_nothing_half(
    store, tmp_path, monkeypatch, call, number, code
):
    await store.put(OURS, "inv/2026/04/OTHER.pdf", b"there")

    def fails(*_args, **_options):
        raise OSError(number, "the disk")

    with monkeypatch.context() as broken:
        broken.setattr(folder.os, call, fails)
        assert await refused(store.put(OURS, PATH, b"x" * 1000)) == code

    assert list(files(tmp_path)) == [f"documents/{OURS}/inv/2026/04/OTHER.pdf"]
    await store.put(OURS, PATH, b"x")
    assert await store.get(OURS, PATH) == b"x"


def test_a_full_disk_leaves_nothing_half(tmp_path):
    """The real thing: a limit of the system on the size of a file, in a process of its own."""
    root = tmp_path / "documents"
    child = os.fork()
    if child == 0:
        import resource
        import signal

        signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
        resource.setrlimit(resource.RLIMIT_FSIZE, (1_000, 1_000))
        try:
            FolderBlobStore(root)._put(OURS, PATH, b"x" * 100_000)
        except Fault as fault:
            os._exit(0 if fault.code == "STORAGE_FULL" else 1)
        os._exit(2)
    assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 0
    assert files(tmp_path) == {}
