"""Ids: what is this row called? ULIDs as text: 26 characters that sort by creation time."""

import hashlib
import re
import secrets
import threading

from domain.kernel.clock import milliseconds

_ALPHABET = "0123456789ABCDEFGHJKMNPQRSTVWXYZ"
_SHAPE = re.compile(r"[0-7][0-9A-HJKMNP-TV-Z]{25}")
_RANDOM_BITS = 80


class _Sequence:
    """Ids of one process never go backwards, even within one millisecond or a clock step."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._last = 0

    def next(self) -> int:
        fresh = milliseconds() << _RANDOM_BITS | secrets.randbits(_RANDOM_BITS)
        with self._lock:
            if fresh >> _RANDOM_BITS <= self._last >> _RANDOM_BITS:
                fresh = self._last + 1 + secrets.randbits(32)
            self._last = fresh
        return fresh


_SEQUENCE = _Sequence()


def new_id() -> str:
    """A new ULID (github.com/ulid/spec): 48 bits of time, 80 of chance, Crockford base 32."""
    return _written(_SEQUENCE.next())


def derived_id(content: bytes) -> str:
    """An id of the same shape that this content always has: 128 bits of its SHA-256, no time."""
    return _written(int.from_bytes(hashlib.sha256(content).digest()[:16]))


def is_id(text: str) -> bool:
    """Whether the text has the exact shape of an id of ours."""
    return _SHAPE.fullmatch(text) is not None


def _written(number: int) -> str:
    return "".join(_ALPHABET[number >> shift & 31] for shift in range(125, -1, -5))
