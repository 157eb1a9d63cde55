"""Blobs in a folder: one file each, below the folder of its tenant, written once.

A file is written beside its place, brought to the disk, and linked into its place, which fails when
there is one: so there is never half a file, and no file takes the place of another. Every step
below the root is taken from the folder before it and follows no symbolic link, so a link that
somebody puts in the way leads nowhere.
"""

import errno
import os
import secrets
import stat
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Final

import anyio.to_thread

from domain.documents.rules import check_path
from domain.kernel.faults import Fault, Kind
from domain.kernel.ids import is_id

_FOLDER: Final = os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC
_NEW: Final = os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW | os.O_CLOEXEC
_FULL: Final = {errno.ENOSPC, errno.EDQUOT, errno.EFBIG}


class FolderBlobStore:
    """The blob store of an installation on one machine: `<root>/<tenant id>/<path>`."""

    def __init__(self, root: Path) -> None:
        self._root = root

    async def put(self, tenant_id: str, path: str, content: bytes) -> None:
        """Keep the bytes: see `BlobStore`."""
        await anyio.to_thread.run_sync(self._put, tenant_id, path, content)

    async def get(self, tenant_id: str, path: str) -> bytes:
        """The bytes: see `BlobStore`."""
        return await anyio.to_thread.run_sync(self._get, tenant_id, path)

    async def exists(self, tenant_id: str, path: str) -> bool:
        """Whether there are any: see `BlobStore`."""
        return await anyio.to_thread.run_sync(self._exists, tenant_id, path)

    def _put(self, tenant_id: str, path: str, content: bytes) -> None:
        *folders, name = _steps(tenant_id, path)
        with _troubles():
            self._root.mkdir(mode=0o700, parents=True, exist_ok=True)
            with _within(self._root, folders, make=True) as folder:
                draft = f".{name}.{secrets.token_hex(8)}"
                try:
                    _write(folder, draft, content)
                    os.link(
                        draft, name, src_dir_fd=folder, dst_dir_fd=folder, follow_symlinks=False
                    )
                except FileExistsError:
                    if _read(folder, name) != content:
                        raise _taken(path) from None
                finally:
                    _forget(folder, draft)
                os.fsync(folder)

    def _get(self, tenant_id: str, path: str) -> bytes:
        *folders, name = _steps(tenant_id, path)
        try:
            with _troubles(), _within(self._root, folders) as folder:
                return _read(folder, name)
        except FileNotFoundError:
            raise Fault(
                "BLOB_MISSING",
                Kind.NOT_FOUND,
                "There is no file under this path.",
                "an operator restores it from a backup; `cyberos doctor` names what is missing.",
                {"path": path},
            ) from None

    def _exists(self, tenant_id: str, path: str) -> bool:
        *folders, name = _steps(tenant_id, path)
        try:
            with _troubles(), _within(self._root, folders) as folder:
                os.stat(name, dir_fd=folder, follow_symlinks=False)
        except FileNotFoundError:
            return False
        return True


def _steps(tenant_id: str, path: str) -> list[str]:
    assert is_id(tenant_id), "blobs belong to a tenant"
    check_path(path)
    return [tenant_id, *path.split("/")]


@contextmanager
def _within(root: Path, folders: list[str], *, make: bool = False) -> Iterator[int]:
    """The last of these folders, opened one out of the other."""
    opened = os.open(root, _FOLDER)
    try:
        for name in folders:
            if make and _made(opened, name):
                os.fsync(opened)
            inner = os.open(name, _FOLDER | os.O_NOFOLLOW, dir_fd=opened)
            os.close(opened)
            opened = inner
        yield opened
    finally:
        os.close(opened)


def _made(folder: int, name: str) -> bool:
    try:
        os.mkdir(name, 0o700, dir_fd=folder)
    except FileExistsError:
        return False
    return True


def _write(folder: int, name: str, content: bytes) -> None:
    with os.fdopen(os.open(name, _NEW, 0o600, dir_fd=folder), "wb") as file:
        file.write(content)
        file.flush()
        os.fsync(file.fileno())


def _read(folder: int, name: str) -> bytes:
    # Not to wait for whoever would write into a pipe that lies in the way.
    flags = os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC
    with os.fdopen(os.open(name, flags, dir_fd=folder), "rb") as file:
        if not stat.S_ISREG(os.fstat(file.fileno()).st_mode):
            raise OSError(errno.EINVAL, "not a regular file")
        return file.read()


def _forget(folder: int, name: str) -> None:
    with suppress(FileNotFoundError):
        os.unlink(name, dir_fd=folder)


@contextmanager
def _troubles() -> Iterator[None]:
    """What the system says, as a fault; that something is not there is left to the caller."""
    try:
        yield
    except FileNotFoundError:
        raise
    except OSError as error:
        if error.errno in _FULL:
            raise Fault(
                "STORAGE_FULL",
                Kind.UNAVAILABLE,
                "The disk has no room for the document; nothing of it was kept.",
                "an operator frees space; then it is tried again.",
            ) from error
        raise Fault(
            "STORAGE_UNWRITABLE",
            Kind.UNAVAILABLE,
            "A document could not be read or written.",
            "an operator checks who owns the folder `documents` and what lies in it.",
        ) from error


def _taken(path: str) -> Fault:
    return Fault(
        "BLOB_EXISTS",
        Kind.CONFLICT,
        "There is another file under this path.",
        "a document is never replaced; file the new one under a label of its own.",
        {"path": path},
    )
