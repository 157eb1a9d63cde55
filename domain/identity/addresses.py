"""E-mail addresses: are two typed ones the same? Kept and looked for in one spelling."""

import unicodedata
from contextlib import suppress


def spelling(typed: str) -> str:
    """One spelling of an address: composed letters, small ones, the domain as DNS writes it.

    Decomposed or full-width letters, and a domain with or without its `xn--`, are the same address
    to whoever delivers mail; two people cannot share one.
    """
    plain = unicodedata.normalize("NFKC", typed.strip()).lower()
    local, at, host = plain.rpartition("@")
    with suppress(UnicodeError):  # no domain at all; whoever asks for its shape says so
        host = host.encode("idna").decode("ascii")
    return f"{local}{at}{host}"
