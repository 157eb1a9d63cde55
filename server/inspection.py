"""File inspection: are the files of this installation private, and which keys lie open?"""

import os
import stat
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from domain.kernel.counting import counted
from domain.kernel.faults import Fault
from domain.store import checkpoints
from domain.store.declarations import Mark
from policies.approvals import trust
from policies.approvals.trust import Trust
from server import signing_files
from server.settings import Settings
from tools.steps import worded

_LARGEST_KEY = 16_384
_PRIVATE_KEY = b"PRIVATE KEY-----"
_FOLDERS = ("keys", "tokens", "root", "checkpoints", "documents", "sandbox")
_SECRET_FILES = ("mcp.json", "demo.json")


@dataclass(frozen=True, slots=True)
class Check:
    """One thing that was looked at."""

    mark: Mark
    topic: str
    sentence: str


@dataclass(frozen=True, slots=True)
class KeyFileReport:
    """The private keys on this machine, as far as this account can read them."""

    open: tuple[Path, ...]
    with_passphrase_beside: tuple[Path, ...]
    roots: tuple[Path, ...]
    locked: tuple[Path, ...]


def settings_line(settings: Settings) -> Check:
    """Where everything is."""
    where = "an embedded file" if settings.is_embedded else "PostgreSQL"
    return Check(Mark.OK, "settings", f"Data directory {settings.data_dir}; database: {where}.")


def registry_line(settings: Settings) -> Check:
    """Who says whether tax codes are right."""
    if settings.mst_registry_url is not None:
        return Check(Mark.OK, "registry", "Tax codes are checked with a registry over HTTP.")
    if settings.is_demo:
        return Check(Mark.OK, "registry", "The demo's tax codes are checked with invented ones.")
    nobody = "No taxpayer registry is configured, so tax codes stay unverified"
    return Check(Mark.WARN, "registry", f"{nobody} (CYBEROS_MST_REGISTRY_URL).")


def signing_lines(settings: Settings) -> Iterator[Check]:
    """Can e-invoices be signed here, and by this account alone?"""
    problems = list(signing_files.complaints(settings))
    for _, sentence in problems:
        yield Check(Mark.FAIL, "signing", sentence)
    if settings.signing_key_file is not None and not problems:
        yield Check(Mark.OK, "signing", "The signing key belongs to this account alone.")


def files(settings: Settings) -> Iterator[Check]:
    """Who else on this machine can read or change what is ours?"""
    if not settings.data_dir.is_dir():
        yield Check(Mark.FAIL, "files", f"There is no data directory {settings.data_dir}.")
        return
    if os.name != "posix":
        yield Check(Mark.WARN, "files", "This system has no modes; check the folder's rights.")
        return
    wrong = [*_open_folders(settings), *_open_files(settings)]
    for path, mode in wrong:
        yield Check(
            Mark.FAIL,
            "files",
            f"{path} can be used by other accounts (mode {mode:04o}); run `chmod go-rwx {path}`.",
        )
    if not wrong:
        yield Check(Mark.OK, "files", "Folders and secrets belong to this account alone.")


def _open_folders(settings: Settings) -> Iterator[tuple[Path, int]]:
    for path in (settings.data_dir, *(settings.data_dir / name for name in _FOLDERS)):
        if path.is_dir() and (mode := _mode(path)) & 0o077:
            yield path, mode


def _open_files(settings: Settings) -> Iterator[tuple[Path, int]]:
    secret = [settings.data_dir / name for name in _SECRET_FILES]
    if settings.database_file is not None:
        secret.append(settings.database_file)
    for folder in ("keys", "tokens", "root", "operator"):
        found = (settings.data_dir / folder).rglob("*")
        secret += [path for path in found if path.suffix != ".pub"]
    for path in sorted(secret):
        if path.is_file() and (mode := _mode(path)) & 0o077:
            yield path, mode


def _mode(path: Path) -> int:
    return stat.S_IMODE(path.stat().st_mode)


def trust_file(settings: Settings) -> tuple[Trust | None, list[Check]]:
    """The pinned roots, and what is wrong with the file that holds them."""
    path = settings.trust_file
    try:
        trusted = trust.load(path)
    except Fault as fault:
        return None, [Check(Mark.FAIL, "trust", f"{fault.message} {_capital(worded(fault).hint)}")]
    if os.name == "posix" and _mode(path) & 0o022:
        sentence = f"{path} can be changed by other accounts; run `chmod go-w {path}`."
        return trusted, [Check(Mark.FAIL, "trust", sentence)]
    sentence = (
        f"{counted(len(trusted.roots), 'root is', 'roots are')} pinned for installation "
        f"{trusted.deploy}."
    )
    return trusted, [Check(Mark.OK, "trust", sentence)]


def key_files(settings: Settings) -> KeyFileReport:
    """Look at every private key under the data directory, without asking for a passphrase."""
    found, beside, roots, locked = [], [], [], []
    for folder in ("keys", "root", "operator"):
        for path in sorted((settings.data_dir / folder).rglob("*")):
            if not path.is_file() or path.name == checkpoints.KEY_FILE:
                continue
            content = _head(path)
            if _PRIVATE_KEY not in content:
                continue
            if folder == "root":
                roots.append(path)
            if _opens_without_passphrase(content):
                found.append(path)
            elif path.with_suffix(".passphrase").is_file():
                beside.append(path)
            else:
                locked.append(path)
    return KeyFileReport(tuple(found), tuple(beside), tuple(roots), tuple(locked))


def checkpoint_key(settings: Settings) -> Iterator[Check]:
    """Can the ends of the audit chains be signed from here?"""
    path = settings.keys_dir / checkpoints.KEY_FILE
    if settings.data_dir.is_dir() and not path.is_file():
        yield Check(
            Mark.WARN,
            "keys",
            f"There is no {path}, so no checkpoint can be signed here: put your copy back, or run "
            "`cyberos audit checkpoint --new-key`.",
        )


def keys(there: KeyFileReport) -> Iterator[Check]:
    """What the private keys on this machine mean."""
    for path in there.open:
        yield Check(Mark.FAIL, "keys", f"{path} opens without a passphrase.")
    if there.with_passphrase_beside:
        many = counted(len(there.with_passphrase_beside), "key")
        yield Check(
            Mark.WARN,
            "keys",
            f"The passphrases of {many} lie in files beside them, "
            f"such as {there.with_passphrase_beside[0]}: whoever reads these files can sign.",
        )
    for path in there.roots:
        yield Check(
            Mark.WARN,
            "keys",
            f"The root key {path} is on this machine; it belongs on a medium that is locked away.",
        )
    if there.locked:
        yield Check(
            Mark.OK, "keys", f"{counted(len(there.locked), 'key needs', 'keys need')} a passphrase."
        )


def _head(path: Path) -> bytes:
    try:
        with path.open("rb") as file:
            return file.read(_LARGEST_KEY)
    except OSError:
        return b""


def _opens_without_passphrase(content: bytes) -> bool:
    from cryptography.exceptions import UnsupportedAlgorithm
    from cryptography.hazmat.primitives.serialization import (
        load_pem_private_key,
        load_ssh_private_key,
    )

    openssh = b"OPENSSH PRIVATE KEY" in content
    try:
        (load_ssh_private_key if openssh else load_pem_private_key)(content, None)
    except (ValueError, TypeError, UnsupportedAlgorithm):
        return False
    return True


def _capital(text: str) -> str:
    return text[:1].upper() + text[1:]
