"""Backup archives: what is in one, and how is it opened if somebody may have prepared it?

A backup is a gzipped tar: first `manifest.json`, which names every other member with its size and
SHA-256, then exactly these members. Nothing is believed of a file that is being restored: members
are taken out one by one, by names from a short list, as regular files of the size and digest that
the manifest promises, and no number in it can make us read more than there is room for.
"""

import gzip
import hashlib
import io
import json
import os
import re
import secrets
import shutil
import tarfile
import zlib
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO, Final

from domain.documents.rules import is_path
from domain.kernel.counting import counted
from domain.kernel.faults import Fault, Kind
from domain.kernel.ids import is_id

FORMAT: Final = "cyberos.backup.v1"
MANIFEST: Final = "manifest.json"
DATABASE: Final = "cyberos.db"
DOCUMENTS: Final = "documents"

_PART = r"[A-Za-z0-9_@+-][A-Za-z0-9._@+-]{0,127}"
_NAMES = re.compile(
    rf"cyberos\.db|trust\.json|policy\.toml|mcp\.json|demo\.json"
    rf"|checkpoints/{_PART}\.log|(?:keys|tokens|root)/{_PART}(?:/{_PART})?"
    rf"|{DOCUMENTS}/(?P<tenant>{_PART})/(?P<path>.+)"
)
_MOST_MEMBERS = 500_000  # a document for every working minute of ten years is fewer
_LARGEST_MANIFEST = 128 * 2**20
_LARGEST_SMALL_FILE = 1 * 2**30  # a checkpoint log of many years is some megabytes
_ROOM = 64 * 2**20  # what must be left free on the disk
_CHUNK = 2**20


@dataclass(frozen=True, slots=True)
class Member:
    """One file of a backup."""

    name: str
    size: int
    sha256: str


@dataclass(frozen=True, slots=True)
class Manifest:
    """What a backup says of itself."""

    facts: Mapping[str, str]
    members: tuple[Member, ...]


# --- writing ---


def write(target: Path, staged: Path, facts: Mapping[str, str]) -> Manifest:
    """Pack every file of a directory into a new file (0600), whole or not at all.

    BACKUP_EXISTS if the name is taken: an older backup is never lost to a newer one.
    """
    names = sorted(
        path.relative_to(staged).as_posix() for path in staged.rglob("*") if path.is_file()
    )
    members = tuple(_member(staged / name, name) for name in names)
    manifest = Manifest(dict(facts), members)
    draft = target.with_name(f".{target.name}.{secrets.token_hex(8)}")
    try:
        os.close(os.open(target, os.O_CREAT | os.O_EXCL | os.O_WRONLY, 0o600))
    except FileExistsError:
        raise Fault(
            "BACKUP_EXISTS",
            Kind.CONFLICT,
            "There is already a file of this name.",
            "choose another; a backup never takes the place of another one.",
        ) from None
    try:
        handle = os.open(draft, os.O_CREAT | os.O_EXCL | os.O_WRONLY, 0o600)
        with os.fdopen(handle, "wb") as file:
            _pack(file, staged, manifest)
            file.flush()
            os.fsync(file.fileno())
        os.replace(draft, target)
    except BaseException:
        draft.unlink(missing_ok=True)
        target.unlink(missing_ok=True)
        raise
    return manifest


def has_place(name: str) -> bool:
    """Whether a backup may hold a file of this name."""
    found = _NAMES.fullmatch(name)
    if found is None or found["path"] is None:
        return found is not None
    return is_id(found["tenant"]) and is_path(found["path"])


def _pack(file: BinaryIO, staged: Path, manifest: Manifest) -> None:
    content = json.dumps(
        {
            "format": FORMAT,
            **manifest.facts,
            "files": [
                {"name": one.name, "size": one.size, "sha256": one.sha256}
                for one in manifest.members
            ],
        },
        indent=2,
    ).encode()
    with (
        gzip.GzipFile(filename="", mode="wb", fileobj=file, mtime=0) as packed,
        tarfile.open(fileobj=packed, mode="w", format=tarfile.GNU_FORMAT) as tar,
    ):
        tar.addfile(_header(MANIFEST, len(content)), io.BytesIO(content))
        for one in manifest.members:
            with (staged / one.name).open("rb") as source:
                tar.addfile(_header(one.name, one.size), source)


def _header(name: str, size: int) -> tarfile.TarInfo:
    header = tarfile.TarInfo(name)
    header.size, header.mode = size, 0o600
    return header


def _member(path: Path, name: str) -> Member:
    assert has_place(name), f"{name} has no place in a backup"
    with path.open("rb") as file:
        digest = hashlib.file_digest(file, "sha256").hexdigest()
    return Member(name, path.stat().st_size, digest)


# --- reading ---


def unpack(source: Path, into: Path) -> Manifest:
    """Take a backup apart into an empty directory, if it is exactly one.

    BACKUP_INVALID for anything else, with what is wrong; then nothing of it may be used.
    """
    try:
        with source.open("rb") as file, gzip.GzipFile(fileobj=file) as stream:
            manifest = _manifest(stream, into)
            promised = {one.name: one for one in manifest.members}
            while (header := _next(stream)) is not None:
                _take(stream, header, promised.pop(header.name, None), into)
    except FileNotFoundError:
        raise Fault("BACKUP_MISSING", Kind.NOT_FOUND, "There is no backup at this path.") from None
    except (tarfile.TarError, EOFError, ValueError, zlib.error, gzip.BadGzipFile) as error:
        raise _invalid("it is not a whole gzipped tar file") from error
    except OSError as error:
        raise Fault(
            "BACKUP_UNREADABLE",
            Kind.UNAVAILABLE,
            "The backup cannot be read or unpacked.",
            "check who owns it, and that the disk of the data directory has room.",
        ) from error
    if promised:
        raise _invalid(f"{counted(len(promised), 'of its files is', 'of its files are')} missing")
    return manifest


def _next(stream: gzip.GzipFile) -> tarfile.TarInfo | None:
    """The header of the next member, which is a regular file; None at the end of the archive.

    Read by hand: our own archives need none of tar's extensions, and each of them (long names,
    extended attributes, sparse files, links, devices) is a way to make a reader do more than read.
    """
    block = stream.read(tarfile.BLOCKSIZE)
    if not block or block == bytes(tarfile.BLOCKSIZE):
        return None
    header = tarfile.TarInfo.frombuf(block, "ascii", "strict")
    if header.type != tarfile.REGTYPE:
        raise _invalid("it holds something that is not a plain file")
    if header.size < 0:
        raise _invalid("a size in it is not a size")
    return header


def _manifest(stream: gzip.GzipFile, into: Path) -> Manifest:
    header = _next(stream)
    if header is None or header.name != MANIFEST or header.size > _LARGEST_MANIFEST:
        raise _invalid("it does not begin with a manifest")
    content = b"".join(_content(stream, header.size))
    try:
        raw = json.loads(content)
        members = tuple(
            Member(str(one["name"]), int(one["size"]), str(one["sha256"])) for one in raw["files"]
        )
        facts = {str(k): str(v) for k, v in raw.items() if k not in ("format", "files")}
        if raw["format"] != FORMAT:
            raise _invalid("this version does not know its format")
    except (ValueError, TypeError, KeyError, AttributeError, RecursionError) as error:
        raise _invalid("its manifest cannot be read") from error
    _check(members, into)
    return Manifest(facts, members)


def _check(members: Sequence[Member], into: Path) -> None:
    """Refuse names with no place here, and sizes that nobody has or there is no room for."""
    names = {one.name for one in members}
    if len(names) != len(members) or len(members) > _MOST_MEMBERS:
        raise _invalid("its manifest names too many files, or one twice")
    if any(not has_place(name) for name in names):
        raise _invalid("a file in it has a name that has no place in a backup")
    if DATABASE not in names:
        raise _invalid("it holds no database")
    small = (one for one in members if one.name != DATABASE)
    if any(one.size < 0 for one in members) or any(one.size > _LARGEST_SMALL_FILE for one in small):
        raise _invalid("a file in it is far too large")
    if sum(one.size for one in members) + _ROOM > shutil.disk_usage(into).free:
        raise Fault(
            "STORAGE_FULL",
            Kind.UNAVAILABLE,
            "The disk has no room for what this backup says it holds.",
            "free space, then repeat the command; nothing was changed.",
        )


def _take(
    stream: gzip.GzipFile, header: tarfile.TarInfo, promised: Member | None, into: Path
) -> None:
    """Write one member, which the manifest must have promised in exactly this form."""
    if promised is None:
        raise _invalid("it holds a file that its manifest does not name, or one twice")
    if header.size != promised.size:
        raise _invalid("a file in it has another size than its manifest says")
    path, digest = into / promised.name, hashlib.sha256()
    path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
    handle = os.open(path, os.O_CREAT | os.O_EXCL | os.O_WRONLY, 0o600)
    with os.fdopen(handle, "wb") as file:
        for chunk in _content(stream, header.size):
            digest.update(chunk)
            file.write(chunk)
        file.flush()
        os.fsync(file.fileno())
    if digest.hexdigest() != promised.sha256:
        raise _invalid("a file in it is not the one its manifest names")


def _content(stream: gzip.GzipFile, size: int) -> Iterator[bytes]:
    """Exactly `size` bytes in pieces, and past the padding behind them."""
    left = size
    while left:
        chunk = stream.read(min(left, _CHUNK))
        if not chunk:
            raise EOFError
        left -= len(chunk)
        yield chunk
    padding = -size % tarfile.BLOCKSIZE
    if len(stream.read(padding)) != padding:
        raise EOFError


def _invalid(why: str) -> Fault:
    return Fault(
        "BACKUP_INVALID",
        Kind.INVALID,
        f"This is not a backup that can be restored: {why}.",
        "take another one; nothing was changed.",
    )
