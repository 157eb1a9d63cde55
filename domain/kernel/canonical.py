"""Canonical JSON: which bytes stand for a value when it is hashed, compared or signed?

RFC 8785 (JSON Canonicalization Scheme) over a smaller world than JSON: objects with text keys,
lists, text, whole numbers, true, false, null. Who agrees on a value agrees on its bytes.

RFC 8785 leaves text as it is, so "é" as one letter and as a letter with an accent differ. Text is
therefore brought to NFC where it enters the system (`normalised`), never here: bytes that were
stored once must come out the same for ever.
"""

import hashlib
import json
import re
import unicodedata
from collections.abc import Callable, Mapping
from typing import Any, TypeAlias

from domain.kernel.faults import Fault, Kind

Json: TypeAlias = "bool | int | str | list[Json] | tuple[Json, ...] | Mapping[str, Json] | None"

LARGEST_INTEGER = 2**53 - 1  # beyond it, readers that keep numbers as doubles lose the last digit
DEEPEST = 64  # our own values are at most a few levels deep; an attacker's may be endless

# In this smaller world the standard library writes what RFC 8785 asks for, if members are in order;
# tests/kernel/test_canonical.py holds it against a library that knows the whole of it.
_WRITE = json.JSONEncoder(ensure_ascii=False, allow_nan=False, separators=(",", ":")).encode

_FIELD = re.compile(r"[a-z][a-z0-9_]{0,39}")


def canonical(value: Json) -> bytes:
    """The RFC 8785 bytes of `value`.

    Raises `INVALID_ARGS` for a fraction, a number beyond 2^53-1, text that is not Unicode (a lone
    surrogate), a key that is not text, nesting beyond 64, and any other type. The fault names the
    place as a JSON pointer and never repeats the value.
    """
    return _WRITE(_fit(_plain, value, 0)).encode()


def normalised(value: Json) -> Json:
    """The same value with every text in NFC: what an ingress does before anything is hashed.

    Raises `INVALID_ARGS` when two keys of one object become the same, and like `canonical`.
    """
    return _fit(_composed, _fit(_plain, value, 0))


def sha256_hex(data: bytes) -> str:
    """The SHA-256 of `data`, 64 lower-case hexadecimal digits."""
    return hashlib.sha256(data).hexdigest()


def _fit(make: Callable[..., Json], *value: Any) -> Json:
    try:
        return make(*value)
    except _Unfit as unfit:
        raise unfit.fault() from None


class _Unfit(Exception):
    """Why a value has no exact bytes. Its place is put together only now, on the way out."""

    def __init__(self, why: str) -> None:
        self.why = why
        self.path: list[object] = []

    def fault(self) -> Fault:
        """The same for the caller: the place as a JSON pointer, foreign names in it as `?`."""
        at = "".join(f"/{_shown(step)}" for step in reversed(self.path))
        return Fault(
            "INVALID_ARGS",
            Kind.INVALID,
            f"The value at '{at or '/'}' {self.why}.",
            "Change that value and call again.",
            {"at": at},
        )


def _shown(step: object) -> str:
    is_ours = isinstance(step, int) or (isinstance(step, str) and _FIELD.fullmatch(step))
    return str(step) if is_ours else "?"


def _plain(value: object, depth: int) -> Json:
    """A copy in exact built-in types, so that no subclass changes its mind between two readings.

    Members are in the order of RFC 8785: that of the UTF-16 code units of their names.
    """
    if depth > DEEPEST:
        raise _Unfit(f"is nested more than {DEEPEST} levels deep")
    match value:
        case str():
            return _text(value)
        case None | bool():
            return value
        case int():
            if not -LARGEST_INTEGER <= value <= LARGEST_INTEGER:
                raise _Unfit("is a number beyond 2^53-1; send it as text")
            return int(value)
        case list() | tuple():
            return [_part(n, _plain, item, depth + 1) for n, item in enumerate(value)]
        case Mapping():
            plain = {_key(key): _part(key, _plain, item, depth + 1) for key, item in value.items()}
            ascii = all(map(str.isascii, plain))  # then letters are in the order of their units
            return {key: plain[key] for key in sorted(plain, key=None if ascii else _utf16)}
        case _:
            raise _Unfit("is neither text, a whole number, true, false, null, list nor object")


def _part(place: object, make: Callable[..., Json], *value: Any) -> Json:
    try:
        return make(*value)
    except _Unfit as unfit:
        unfit.path.append(place)
        raise


def _utf16(key: str) -> bytes:
    return key.encode("utf-16-be")


def _key(key: object) -> str:
    if not isinstance(key, str):
        raise _Unfit("has a key that is not text")
    return _text(key)


def _text(text: str) -> str:
    plain = str.__str__(text)
    if not plain.isascii():
        try:
            plain.encode()
        except UnicodeEncodeError:
            raise _Unfit("is text with a lone surrogate") from None
    return plain


def _composed(value: Json) -> Json:
    match value:
        case str():
            return unicodedata.normalize("NFC", value)
        case list() | tuple():
            return [_part(n, _composed, item) for n, item in enumerate(value)]
        case Mapping():
            composed = {
                unicodedata.normalize("NFC", key): _part(key, _composed, item)
                for key, item in value.items()
            }
            if len(composed) != len(value):
                raise _Unfit("has two keys that are the same letters")
            return composed
        case _:
            return value
