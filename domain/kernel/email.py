"""E-mail addresses: is this one usable, how is it kept, and are two typed ones the same?"""

import re
import unicodedata
from contextlib import suppress

from domain.kernel import text
from domain.kernel.faults import Fault, Kind

_MAX_EMAIL = 254  # RFC 5321, section 4.5.3.1.3, less the angle brackets
_MAX_LOCAL = 64
_ATOM = r"[\w!#$%&'*+/=?^`{|}~-]+"
_LABEL = r"[^\W_](?:(?:[^\W_]|-){0,61}[^\W_])?"
_LOCAL = re.compile(rf"{_ATOM}(?:\.{_ATOM})*")
_DOMAIN = re.compile(rf"(?:{_LABEL}\.)+[^\W\d_](?:[^\W_]|-){{0,61}}[^\W_]")


def email_address(raw: str) -> str:
    """A typed e-mail address: full-width letters made plain, its domain in lower case.

    Only the shape is checked.

    Raises Fault EMAIL_INVALID.
    """
    try:
        plain = unicodedata.normalize("NFKC", text.line(raw, _MAX_EMAIL))
        typed = text.line(plain, _MAX_EMAIL)
    except ValueError as error:
        raise _email_invalid() from error
    local, _, domain = typed.rpartition("@")
    domain = domain.lower()
    if not local or len(local) > _MAX_LOCAL:
        raise _email_invalid()
    if not _LOCAL.fullmatch(local) or not _DOMAIN.fullmatch(domain):
        raise _email_invalid()
    return f"{local}@{domain}"


def spelling(typed: str) -> str:
    """One spelling of an address, to compare it by: composed and small letters, the domain as DNS
    writes it.

    Decomposed or full-width letters, another case, and a domain with or without its `xn--` are the
    same address to whoever delivers mail. Whether a `+` or a dot counts only its host knows.
    """
    plain = unicodedata.normalize("NFKC", typed.strip()).lower()
    local, at, host = plain.rpartition("@")
    with suppress(UnicodeError):  # no domain at all; whoever asks for its shape says so
        host = host.encode("idna").decode("ascii")
    return f"{local}{at}{host}"


def masked_address(address: str) -> str:
    """An address as those see it who need not write to it: `h***@daiduong.example`."""
    local, _, domain = address.rpartition("@")
    return f"{local[:1]}***@{domain}"


def _email_invalid() -> Fault:
    return Fault(
        "EMAIL_INVALID",
        Kind.INVALID,
        "This is not one e-mail address.",
        "Give the bare address, such as lan@example.vn, without a name or brackets.",
    )
