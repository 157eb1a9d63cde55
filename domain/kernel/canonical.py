"""Which bytes stand for this value when it is hashed, compared or signed?

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
from collections.abc import Mapping
from typing import TypeAlias

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
    return _WRITE(_plain(value, "", 0)).encode()


def normalised(value: Json) -> Json:
    """The same value with every text in NFC: what an ingress does before anything is hashed.

    Raises `INVALID_ARGS` when two keys of one object become the same, and like `canonical`.
    """
    return _composed(_plain(value, "", 0), "")


def sha256_hex(data: bytes) -> str:
    """The SHA-256 of `data`, 64 lower-case hexadecimal digits."""
    return hashlib.sha256(data).hexdigest()


def _plain(value: object, at: str, depth: int) -> Json:
    """A copy in exact built-in types, so that no subclass changes its mind between two readings.

    Members are in the order of RFC 8785: that of the UTF-16 code units of their names.
    """
    if depth > DEEPEST:
        raise _refused(at, f"is nested more than {DEEPEST} levels deep")
    match value:
        case None | bool():
            return value
        case int():
            if not -LARGEST_INTEGER <= value <= LARGEST_INTEGER:
                raise _refused(at, "is a number beyond 2^53-1; send it as text")
            return int(value)
        case str():
            return _text(value, at)
        case list() | tuple():
            return [_plain(item, f"{at}/{n}", depth + 1) for n, item in enumerate(value)]
        case Mapping():
            plain = {
                _key(key, at): _plain(item, f"{at}/{_shown(key)}", depth + 1)
                for key, item in value.items()
            }
            return {key: plain[key] for key in sorted(plain, key=_utf16)}
        case _:
            raise _refused(
                at, "is neither text, a whole number, true, false, null, list nor object"
            )


def _utf16(key: str) -> bytes:
    return key.encode("utf-16-be")


def _key(key: object, at: str) -> str:
    if not isinstance(key, str):
        raise _refused(at, "has a key that is not text")
    return _text(key, at)


def _text(text: str, at: str) -> str:
    try:
        text.encode()
    except UnicodeEncodeError:
        raise _refused(at, "is text with a lone surrogate") from None
    return str.__str__(text)


def _composed(value: Json, at: str) -> Json:
    match value:
        case str():
            return unicodedata.normalize("NFC", value)
        case list() | tuple():
            return [_composed(item, f"{at}/{n}") for n, item in enumerate(value)]
        case Mapping():
            composed = {
                unicodedata.normalize("NFC", key): _composed(item, f"{at}/{_shown(key)}")
                for key, item in value.items()
            }
            if len(composed) != len(value):
                raise _refused(at, "has two keys that are the same letters")
            return composed
        case _:
            return value


def _shown(key: object) -> str:
    """A key as a step of a JSON pointer, if it looks like a field of ours; some are foreign."""
    return key if isinstance(key, str) and _FIELD.fullmatch(key) else "?"


def _refused(at: str, why: str) -> Fault:
    return Fault(
        "INVALID_ARGS",
        Kind.INVALID,
        f"The value at '{at or '/'}' {why}.",
        "Change that value and call again.",
        {"at": at},
    )
