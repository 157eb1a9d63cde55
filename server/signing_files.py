"""Signing files: where is the key that signs e-invoices, and can others on this machine read it?"""

import os
import stat
from collections.abc import Iterator
from pathlib import Path

from domain.kernel.faults import Fault, Kind
from server.settings import Settings


def checked(settings: Settings) -> tuple[Path, Path]:
    """Key and passphrase file. Raises SIGNING_KEY_MISSING and SIGNING_KEY_EXPOSED."""
    key, passphrase = settings.signing_key_file, settings.signing_passphrase_file
    if key is None or passphrase is None:
        raise Fault(
            "SIGNING_KEY_MISSING",
            Kind.FORBIDDEN,
            "No key is configured here that could sign e-invoices.",
            "an operator can set CYBEROS_SIGNING_KEY_FILE and CYBEROS_SIGNING_PASSPHRASE_FILE.",
        )
    for code, sentence in complaints(settings):
        raise Fault(code, Kind.FORBIDDEN, sentence, "tell an operator.")
    return key, passphrase


def complaints(settings: Settings) -> Iterator[tuple[str, str]]:
    """What is wrong with the files that are configured, as codes and sentences."""
    named = {
        "CYBEROS_SIGNING_KEY_FILE": settings.signing_key_file,
        "CYBEROS_SIGNING_PASSPHRASE_FILE": settings.signing_passphrase_file,
    }
    for name, path in named.items():
        if path is None:
            if any(named.values()):
                yield "SIGNING_KEY_MISSING", f"{name} is not set, and its counterpart is."
            continue
        try:
            found = path.stat()
        except OSError:
            yield "SIGNING_KEY_MISSING", f"The file that {name} names cannot be read."
            continue
        if not stat.S_ISREG(found.st_mode):
            yield "SIGNING_KEY_MISSING", f"What {name} names is no file."
        elif os.name == "posix" and found.st_mode & 0o077:
            mode = stat.S_IMODE(found.st_mode)
            sentence = f"The file that {name} names can be used by other accounts"
            yield "SIGNING_KEY_EXPOSED", f"{sentence} (mode {mode:04o}); it needs 0600."
