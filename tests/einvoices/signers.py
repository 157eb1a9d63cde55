"""Signing keys to test with: made once for a run, because a key takes a while."""

import os
from functools import cache
from pathlib import Path
from tempfile import mkdtemp

from domain.einvoices.signing import Signer, make_demo_key
from tests.einvoices.examples import SELLER

PASSPHRASE = "bốn từ không liên quan"


@cache
def files(tax_code: str = str(SELLER.tax_code)) -> tuple[Path, Path]:
    """A key file and the file of its passphrase."""
    folder = Path(mkdtemp(prefix="cyberos-signing-"))
    make_demo_key(folder / "seller.p12", PASSPHRASE, tax_code=tax_code, name=SELLER.name)
    passphrase = folder / "passphrase"
    handle = os.open(passphrase, os.O_WRONLY | os.O_CREAT, 0o600)
    with os.fdopen(handle, "w", encoding="utf-8") as file:
        file.write(f"{PASSPHRASE}\n")
    return folder / "seller.p12", passphrase


@cache
def signer(tax_code: str = str(SELLER.tax_code)) -> Signer:
    """The same key, open."""
    return Signer.open(*files(tax_code))
