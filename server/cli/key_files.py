"""Key files: where do keys, tokens and passphrases lie, and who can read them?

    cyberos.db  trust.json  mcp.json            demo.json (demo only)
    root/<tenant>.key                           vouches for all keys; belongs off the machine
    operator/<tenant>.<id>.key                  signs agents, rates and the like
    keys/checkpoint.key  keys/checkpoint.pub    signs the ends of the audit chains
    keys/<tenant>/<e-mail>.key                  one approver each, opened by their passphrase
    tokens/<tenant>/<agent>.token               what an agent shows
    logins/<tenant>/<login>.url                 PostgreSQL: where agents of one tenant are served

Directories are 0700 and files 0600 from their first moment; nothing is ever overwritten.
"""

import os
import re
import secrets
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path

from domain.kernel.faults import Fault, Kind
from server.settings import Settings

_UNSAFE = re.compile(r"[^a-z0-9@._+-]")


@dataclass(frozen=True, slots=True)
class KeyFiles:
    """The secret files of one data directory."""

    settings: Settings

    def root_key(self, code: str) -> Path:
        """The offline key of a tenant."""
        return self.settings.data_dir / "root" / f"{code}.key"

    def operator_key(self, code: str, key_id: str) -> Path:
        """The key of operators of a tenant; a later one has another name."""
        return self.settings.data_dir / "operator" / f"{code}.{key_id[:8]}.key"

    def approver_key(self, code: str, email: str) -> Path:
        """The key of a person."""
        return self.settings.keys_dir / code / f"{_safe(email)}.key"

    def token(self, code: str, agent: str) -> Path:
        """The token of an agent."""
        return self.settings.data_dir / "tokens" / code / f"{_safe(agent)}.token"

    def login(self, code: str, name: str) -> Path:
        """The address of the database for a login of one tenant, with its password."""
        return self.settings.data_dir / "logins" / code / f"{_safe(name)}.url"

    @property
    def demo(self) -> Path:
        """What the demo company is made of, for whoever plays with it."""
        return self.settings.data_dir / "demo.json"


class Rollback:
    """What was written so far, so that a provisioning that fails leaves nothing behind."""

    def __init__(self) -> None:
        self._steps: list[Callable[[], None]] = []

    def remove(self, path: Path) -> None:
        """Take this new file away again."""
        self._steps.append(lambda: path.unlink(missing_ok=True))

    def then(self, step: Callable[[], None]) -> None:
        """Do this on the way back."""
        self._steps.append(step)

    def run(self) -> None:
        """Go back, last step first."""
        for step in reversed(self._steps):
            step()


@contextmanager
def undone_on_failure() -> Iterator[Rollback]:
    """Whatever ends the block early, also Ctrl-C, takes back what it wrote."""
    rollback = Rollback()
    try:
        yield rollback
    except BaseException:
        rollback.run()
        raise


def private_directory(path: Path) -> None:
    """Make sure the directory is there; what is made new is for its owner alone."""
    try:
        for folder in reversed((path, *path.parents)):
            if not folder.exists():
                folder.mkdir(mode=0o700)
        if not any(path.iterdir()):
            with suppress(PermissionError):  # of somebody else, who lets us write there
                path.chmod(0o700)  # made for us a moment ago, with whatever umask
    except OSError as error:
        raise unwritable(path) from error


def write_secret(path: Path, content: bytes) -> None:
    """A new file for its owner alone; FILE_EXISTS if the name is taken."""
    private_directory(path.parent)
    try:
        _write(path, content)
    except FileExistsError:
        raise Fault(
            "FILE_EXISTS",
            Kind.CONFLICT,
            f"There is already a file {path}.",
            "move it away, or choose another place; secrets are never overwritten.",
        ) from None
    except OSError as error:
        raise unwritable(path) from error


def replace_secret(path: Path, content: bytes) -> None:
    """A file for its owner alone in place of the one that was there, whole or not at all."""
    private_directory(path.parent)
    draft = path.with_name(f".{path.name}.{secrets.token_hex(8)}")
    try:
        _write(draft, content)
        os.replace(draft, path)
    except OSError as error:
        draft.unlink(missing_ok=True)
        raise unwritable(path) from error


def _write(path: Path, content: bytes) -> None:
    handle = os.open(path, os.O_CREAT | os.O_EXCL | os.O_WRONLY, 0o600)
    with os.fdopen(handle, "wb") as file:
        file.write(content)
        file.flush()
        os.fsync(file.fileno())


def _safe(name: str) -> str:
    """A name of somebody as the name of a file, on every system."""
    return _UNSAFE.sub("_", name.lower()) or "_"


def unwritable(path: Path) -> Fault:
    return Fault(
        "FILE_UNWRITABLE",
        Kind.UNAVAILABLE,
        f"{path} cannot be written.",
        "check who owns the folder and how full the disk is, or set CYBEROS_DATA_DIR.",
    )
