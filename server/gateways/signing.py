"""Signing keys: which file holds the key of a seller? For the process that carries out alone."""

import os
import secrets
from contextlib import suppress
from pathlib import Path

from domain.einvoices.signing import Signer, make_demo_key
from domain.kernel.faults import Fault
from server import signing_files
from server.settings import Settings


class ConfiguredKey:
    """The one key that the settings name, whoever sells: whose it is, its certificate says."""

    def __init__(self, settings: Settings) -> None:
        self._settings = settings

    def of(self, tax_code: str) -> Signer:
        """Raises SIGNING_KEY_MISSING, SIGNING_KEY_EXPOSED and what `Signer.open` raises."""
        return Signer.open(*signing_files.checked(self._settings))


class DemoKeys:
    """A key for each seller of a demo, made when it is first asked for, and not a legal one."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    def of(self, tax_code: str) -> Signer:
        """Raises what `Signer.open` raises."""
        key, passphrase = (self._folder / f"einvoice-{tax_code}.{end}" for end in ("p12", "txt"))
        if not key.exists():
            with suppress(FileExistsError):  # somebody makes it at the same moment
                _write(passphrase, secrets.token_urlsafe(18))
            with suppress(Fault):
                make_demo_key(
                    key, passphrase.read_text(), tax_code=tax_code, name=f"Demo {tax_code}"
                )
        return Signer.open(key, passphrase)


def _write(path: Path, content: str) -> None:
    with os.fdopen(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w") as file:
        file.write(content)
