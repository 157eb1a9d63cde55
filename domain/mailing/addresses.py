"""Mail addresses: is this one, and what of it does a mail server need?

Only what every server takes: ASCII without quotes, comments and routes (RFC 5321, 4.1.2). The name
before it may be in any language.
"""

import re

from domain.kernel import text
from domain.kernel.faults import Fault, Kind

_LONGEST_NAME = 400  # as of a company
_LONGEST = 254  # RFC 5321, 4.5.3.1.3, without the brackets
_LOCAL = r"[A-Za-z0-9!#$%&'*+/=?^_`{|}~-]+(?:\.[A-Za-z0-9!#$%&'*+/=?^_`{|}~-]+)*"
_LABEL = r"[A-Za-z0-9](?:[A-Za-z0-9-]{0,61}[A-Za-z0-9])?"
_BARE = re.compile(rf"(?=.{{1,64}}@){_LOCAL}@{_LABEL}(?:\.{_LABEL})*", re.ASCII)
_NAMED = re.compile(r"(?P<name>.*)<(?P<bare>[^<>]*)>", re.DOTALL)


def parse(address: str) -> tuple[str, str]:
    """The name, "" if there is none, and the bare address. Raises ADDRESS_INVALID."""
    named = _NAMED.fullmatch(address.strip())
    name, bare = (named["name"].strip(), named["bare"]) if named else ("", address.strip())
    if len(bare) > _LONGEST or not _BARE.fullmatch(bare):
        raise _invalid("is not name@host in plain letters")
    try:
        return (text.line(name, _LONGEST_NAME) if name else ""), bare
    except ValueError as error:
        raise _invalid(str(error)) from None


def bare(address: str) -> str:
    """What stands on the envelope. Raises ADDRESS_INVALID."""
    return parse(address)[1]


def _invalid(why: str) -> Fault:
    return Fault(
        "ADDRESS_INVALID",
        Kind.INVALID,
        f"An e-mail address {why}.",
        "correct it; several addresses are several entries of the list.",
    )
