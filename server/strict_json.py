"""Strict JSON: text that every reader understands alike, or a ValueError.

Refused are lone surrogates, deep nesting, NaN and infinity, and a name that stands twice in one
object: a proxy that keeps the first value would have seen another call than the gate does.
"""

import json
from collections.abc import Sequence
from typing import Any

from pydantic_core import from_json


def loads(text: bytes | str) -> Any:
    """The value that the text stands for; a ValueError whose words hold nothing of the text."""
    try:
        value: Any = from_json(text, allow_inf_nan=False)
        # Only now, when it is known not to nest deeply: this parser would run out of stack.
        json.loads(text, object_pairs_hook=_once, parse_float=_unread, parse_int=_unread)
    except ValueError:
        raise ValueError("no strict JSON") from None
    return value


def _once(pairs: Sequence[tuple[str, Any]]) -> None:
    if len({name for name, _ in pairs}) != len(pairs):
        raise ValueError("a name twice")


def _unread(digits: str) -> str:
    return digits
