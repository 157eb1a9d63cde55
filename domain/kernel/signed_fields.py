"""Signed fields: which texts and numbers may stand in bytes that somebody signs?

Each has one shape, so that two different rows never give the same bytes. Whatever has another
shape raises APPROVAL_MISMATCH: it could never have been signed.
"""

import re
from typing import Final

from domain.kernel.canonical import LARGEST_INTEGER
from domain.kernel.faults import Fault, Kind

_DIGEST: Final = re.compile(r"[0-9a-f]{64}")
_LINE: Final = re.compile(r"[!-~]{1,128}")
_NAME: Final = re.compile(r"[A-Za-z0-9_.\-]{1,128}")  # neither ':' nor '@', which join names


def line(value: str, field: str) -> str:
    """A text of visible ASCII without spaces, at most 128 signs."""
    return shaped(_LINE, value, field)


def name(value: str, field: str) -> str:
    """A text that can be joined with others by ':' and '@'."""
    return shaped(_NAME, value, field)


def digest(value: str, field: str) -> str:
    """A SHA-256 as 64 lower-case hexadecimal digits."""
    return shaped(_DIGEST, value, field)


def count(value: int, field: str) -> str:
    """A number from 0 on that every reader of JSON holds exactly, as decimal digits."""
    if not 0 <= value <= LARGEST_INTEGER:
        raise mismatch(f"'{field}' is out of range.")
    return str(value)


def shaped(shape: re.Pattern[str], value: str, field: str) -> str:
    """The value, if all of it has this shape."""
    if shape.fullmatch(value) is None:
        raise mismatch(f"'{field}' does not have the shape of a signed field.")
    return value


def mismatch(why: str) -> Fault:
    """The fault of bytes that are not those to be signed."""
    return Fault(
        "APPROVAL_MISMATCH",
        Kind.CONFLICT,
        why,
        "Open the action again and sign what it shows now.",
    )
