"""Checkpoints: did the chain once reach further? Signed, and kept outside the database.

A hash chain cannot see that its end was cut off and its head moved back: what is left is a shorter
chain, and a sound one. A checkpoint is a signed statement "after entry N the hash was H" in a file
that whoever can write the database should not be able to write; one per tenant, only ever
appended to. Its form is the signed note of C2SP (github.com/C2SP/C2SP/blob/main/signed-note.md),
which other people's tools can check:

    cyberos.audit/<deploy>/<tenant>
    <seq>
    <base64 of the hash>
    <empty line>
    — cyberos.audit/<deploy> <base64 of key id and Ed25519 signature>
"""

import base64
import binascii
import hashlib
import os
import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Final

from domain.kernel.faults import Fault, Kind
from domain.kernel.ids import is_id
from domain.store.chain import Sealed

if TYPE_CHECKING:
    from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

KEY_FILE: Final = "checkpoint.key"
PUBLIC_FILE: Final = "checkpoint.pub"
LARGEST_KEY_FILE: Final = 16_384

_ORIGIN = "cyberos.audit/"
_ED25519 = b"\x01"  # the signature type of the note format
_SEQ = re.compile(r"0|[1-9][0-9]{0,15}")
_LINES = 5
_LONGEST_LINE = 4_096
_TAIL_BYTES = 16_384


@dataclass(frozen=True, slots=True)
class PublicKey:
    """A key checkpoints are believed under: its name, and 32 bytes."""

    name: str
    raw: bytes

    @property
    def id(self) -> bytes:
        """The four bytes that name the key in a signature line."""
        return hashlib.sha256(self.name.encode() + b"\n" + _ED25519 + self.raw).digest()[:4]

    @property
    def text(self) -> str:
        """The key as one line, in the form verifiers of signed notes take."""
        return f"{self.name}+{self.id.hex()}+{base64.b64encode(_ED25519 + self.raw).decode()}"


@dataclass(frozen=True, slots=True)
class SigningKey:
    """The key that makes checkpoints. It signs nothing else and opens nothing."""

    public: PublicKey
    private: "Ed25519PrivateKey" = field(repr=False, compare=False)


@dataclass(frozen=True, slots=True)
class Checkpoint:
    """One statement, as it was read: nothing of it is believed before `genuine` says so."""

    origin: str
    sealed: Sealed
    text: str
    signer: str
    signature: bytes


@dataclass(frozen=True, slots=True)
class Broken:
    """A place in a log where no checkpoint stands; `torn` if a write simply did not end there."""

    line: int
    torn: bool


# --- notes ---


def origin(deploy: str, tenant_id: str) -> str:
    """Which chain a checkpoint is about."""
    return f"{_ORIGIN}{deploy}/{tenant_id}"


def make(key: SigningKey, deploy: str, tenant_id: str, sealed: Sealed) -> str:
    """The signed note over the end of a tenant's chain."""
    digest = base64.b64encode(bytes.fromhex(sealed.hash)).decode()
    text = f"{origin(deploy, tenant_id)}\n{sealed.seq}\n{digest}\n"
    signature = base64.b64encode(key.public.id + key.private.sign(text.encode())).decode()
    return f"{text}\n— {key.public.name} {signature}\n"


def parse(note: str) -> Checkpoint | None:
    """The note as a checkpoint, or None if it does not have exactly the form of one."""
    lines = note.split("\n")
    if len(lines) != _LINES + 1 or lines[3] or lines[5]:
        return None
    where, seq, digest, _, signature_line, _ = lines
    dash, _, rest = signature_line.partition(" ")
    signer, _, encoded = rest.partition(" ")
    hash_bytes, signature = _decoded(digest), _decoded(encoded)
    if not where.startswith(_ORIGIN) or not _SEQ.fullmatch(seq) or dash != "—" or not signer:
        return None
    if hash_bytes is None or len(hash_bytes) != 32 or signature is None or len(signature) != 68:
        return None
    sealed = Sealed(int(seq), hash_bytes.hex())
    return Checkpoint(where, sealed, "\n".join(lines[:3]) + "\n", signer, signature)


def genuine(checkpoint: Checkpoint, keys: Iterable[PublicKey]) -> bool:
    """Whether one of these keys signed exactly this."""
    from cryptography.exceptions import InvalidSignature
    from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey

    for key in keys:
        if key.name != checkpoint.signer or key.id != checkpoint.signature[:4]:
            continue
        try:
            public = Ed25519PublicKey.from_public_bytes(key.raw)
            public.verify(checkpoint.signature[4:], checkpoint.text.encode())
        except (InvalidSignature, ValueError):
            return False
        return True
    return False


def _decoded(text: str) -> bytes | None:
    try:
        found = base64.b64decode(text, validate=True)
    except (binascii.Error, ValueError):
        return None
    # One value has one spelling: unused bits of the last letter must be zero.
    return found if base64.b64encode(found).decode() == text else None


# --- logs ---


def log_path(directory: Path, tenant_id: str) -> Path:
    """The log of a tenant."""
    return directory / f"{tenant_id}.log"


def logged(directory: Path) -> list[str]:
    """The tenants that have a log here."""
    try:
        names = sorted(os.listdir(directory))
    except FileNotFoundError:
        return []
    except OSError as error:
        raise _unreadable() from error
    return [id for name in names if (id := name.removesuffix(".log")) != name and is_id(id)]


def append(path: Path, note: str) -> None:
    """Add a checkpoint to a log and wait until the disk has it. What is there stays as it is."""
    assert parse(note) is not None, "only a checkpoint goes into the log"
    path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
    try:
        handle = os.open(path, os.O_RDWR | os.O_APPEND | os.O_CREAT, 0o600)
        try:
            # A write that a crash cut short is not repaired, only ended: the log never shrinks.
            record = (b"\n" if _breaks_off(handle) else b"") + note.encode()
            if os.write(handle, record) != len(record):
                raise OSError("short write")
            os.fsync(handle)
        finally:
            os.close(handle)
        _sync_directory(path.parent)
    except OSError as error:
        raise Fault(
            "CHECKPOINT_UNWRITABLE",
            Kind.UNAVAILABLE,
            "The checkpoint could not be written.",
            "check that the checkpoints directory exists, is yours, and that the disk has room.",
        ) from error


def read(path: Path) -> Iterator[Checkpoint | Broken]:
    """Every checkpoint of a log in order, and every place where something else stands.

    A record that begins like ours and breaks off, at the end of the file or where the next one
    begins, is torn: the trace of a crash. Anything else that is not a checkpoint is not ours.
    """
    record: list[str] = []
    start = 0
    for number, line in enumerate(_lines(path), start=1):
        if line.startswith(_ORIGIN) or len(record) == _LINES or not record:
            if record:
                yield _finished(record, start)
            record, start = [], number
            if line == "\n":
                continue
        record.append(line)
    if record:
        yield _finished(record, start)


def newest(path: Path) -> Checkpoint | None:
    """The last whole checkpoint of a log, read from its end."""
    try:
        with path.open("rb") as file:
            file.seek(0, os.SEEK_END)
            file.seek(max(0, file.tell() - _TAIL_BYTES))
            tail = file.read().decode(errors="replace")
    except FileNotFoundError:
        return None
    except OSError as error:
        raise _unreadable() from error
    starts = [match.start() for match in re.finditer(rf"^{re.escape(_ORIGIN)}", tail, re.MULTILINE)]
    for start in reversed(starts):
        note = "".join(line + "\n" for line in tail[start:].split("\n")[:_LINES])
        if tail[start:].startswith(note) and (found := parse(note)) is not None:
            return found
    return None


def _breaks_off(handle: int) -> bool:
    if os.fstat(handle).st_size == 0:
        return False
    os.lseek(handle, -1, os.SEEK_END)
    return os.read(handle, 1) != b"\n"


def _lines(path: Path) -> Iterator[str]:
    try:
        with path.open("r", encoding="utf-8", errors="replace", newline="\n") as file:
            while line := file.readline(_LONGEST_LINE):
                yield line
    except FileNotFoundError:
        return
    except OSError as error:
        raise _unreadable() from error


def _finished(record: list[str], start: int) -> Checkpoint | Broken:
    found = parse("".join(record))
    if found is not None:
        return found
    begun = record[0].startswith(_ORIGIN) or _ORIGIN.startswith(record[0].rstrip("\n"))
    whole = len(record) == _LINES and record[-1].endswith("=\n")
    return Broken(start, torn=begun and not whole)


# --- the key ---


def create_key(keys_dir: Path, deploy: str) -> SigningKey:
    """Make the checkpoint key of this deployment: checkpoint.key (0600) and checkpoint.pub.

    The key file needs no passphrase, because a process signs hourly with nobody there; what it
    protects against is somebody who can write the database and not this file. An older public key
    stays in checkpoint.pub, so that what it signed can still be checked. KEY_EXISTS if there is
    a key, KEY_UNWRITABLE if the directory refuses.
    """
    from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
    from cryptography.hazmat.primitives.serialization import (
        Encoding,
        NoEncryption,
        PrivateFormat,
    )

    private = Ed25519PrivateKey.generate()
    content = private.private_bytes(Encoding.PEM, PrivateFormat.OpenSSH, NoEncryption())
    public = PublicKey(_key_name(deploy), private.public_key().public_bytes_raw())
    try:
        keys_dir.mkdir(parents=True, exist_ok=True, mode=0o700)
        if (keys_dir / KEY_FILE).exists():
            raise FileExistsError
        # The public half first: a key without it would make checkpoints that nobody can check.
        _write(keys_dir / PUBLIC_FILE, f"{public.text}\n".encode(), os.O_APPEND, 0o644)
        _write(keys_dir / KEY_FILE, content, os.O_EXCL, 0o600)
        _sync_directory(keys_dir)
    except FileExistsError:
        raise Fault(
            "KEY_EXISTS",
            Kind.CONFLICT,
            "There is a checkpoint key already.",
            "it stays in use; to replace it, move checkpoint.key away and run the command again.",
        ) from None
    except OSError as error:
        raise Fault(
            "KEY_UNWRITABLE",
            Kind.INVALID,
            "The checkpoint key cannot be written.",
            "check that the keys directory exists and that you may write to it.",
        ) from error
    return SigningKey(public, private)


def ensure_key(keys_dir: Path, deploy: str) -> SigningKey:
    """The checkpoint key of this deployment, made now if there is none, and named in the file."""
    if not (keys_dir / KEY_FILE).exists():
        return create_key(keys_dir, deploy)
    key, path = load_key(keys_dir, deploy), keys_dir / PUBLIC_FILE
    if key.public not in public_keys(path, deploy):  # for example after a restore
        _write(path, f"{key.public.text}\n".encode(), os.O_APPEND, 0o644)
    return key


def load_key(keys_dir: Path, deploy: str) -> SigningKey:
    """The key that `create_key` made; CHECKPOINT_KEY_MISSING if it is absent or damaged."""
    from cryptography.exceptions import UnsupportedAlgorithm
    from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
    from cryptography.hazmat.primitives.serialization import (
        load_pem_private_key,
        load_ssh_private_key,
    )

    try:
        with (keys_dir / KEY_FILE).open("rb") as file:
            content = file.read(LARGEST_KEY_FILE)
        openssh = content.startswith(b"-----BEGIN OPENSSH")
        private = (load_ssh_private_key if openssh else load_pem_private_key)(content, None)
    except (OSError, ValueError, TypeError, UnsupportedAlgorithm):
        raise _no_key() from None
    if not isinstance(private, Ed25519PrivateKey):
        raise _no_key()
    return SigningKey(
        PublicKey(_key_name(deploy), private.public_key().public_bytes_raw()), private
    )


def public_keys(path: Path, deploy: str) -> tuple[PublicKey, ...]:
    """The keys that checkpoint.pub names, oldest first; none if there is no such file.

    A line is a key as `PublicKey.text` writes it, or its 32 bytes in hexadecimal.
    """
    try:
        with path.open("r", encoding="utf-8", errors="replace") as file:
            lines = file.read(LARGEST_KEY_FILE).splitlines()
    except FileNotFoundError:
        return ()
    except OSError as error:
        raise _unreadable() from error
    found = (_bare_key(line, deploy) or public_key(line) for line in lines)
    return tuple(key for key in found if key is not None and key.name == _key_name(deploy))


def public_key(line: str) -> PublicKey | None:
    """One key in the form `text` gives it, or None if the line is not one or contradicts itself."""
    name, _, rest = line.strip().partition("+")
    hint, _, encoded = rest.partition("+")
    raw = _decoded(encoded)
    if not name or " " in name or raw is None or len(raw) != 33 or raw[:1] != _ED25519:
        return None
    key = PublicKey(name, raw[1:])
    return key if key.id.hex() == hint else None


def _bare_key(line: str, deploy: str) -> PublicKey | None:
    bare = re.fullmatch(r"[0-9a-f]{64}", line.strip())
    return PublicKey(_key_name(deploy), bytes.fromhex(bare[0])) if bare else None


def _key_name(deploy: str) -> str:
    return f"{_ORIGIN}{deploy}"


def _write(path: Path, content: bytes, how: int, mode: int) -> None:
    handle = os.open(path, os.O_WRONLY | os.O_CREAT | how, mode)
    with os.fdopen(handle, "wb") as file:
        file.write(content)
        file.flush()
        os.fsync(file.fileno())


def _sync_directory(directory: Path) -> None:
    if not hasattr(os, "O_DIRECTORY"):  # a system that has no such thing to sync
        return
    handle = os.open(directory, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)


def _unreadable() -> Fault:
    return Fault(
        "CHECKPOINTS_UNREADABLE",
        Kind.UNAVAILABLE,
        "The checkpoints cannot be read.",
        "check who owns the checkpoints directory and the file checkpoint.pub.",
    )


def _no_key() -> Fault:
    return Fault(
        "CHECKPOINT_KEY_MISSING",
        Kind.UNAVAILABLE,
        "There is no usable checkpoint key on this machine.",
        "run the command where the key is; `cyberos audit checkpoint --new-key` makes another.",
    )
