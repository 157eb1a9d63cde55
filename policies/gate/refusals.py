"""Size of refusals: how much is said to somebody who sends a mistake? Not as much as was sent."""

import json
from collections.abc import Mapping
from typing import Any

from domain.kernel.faults import Fault

MOST_BYTES = 8_000  # of the whole answer, which says message and hint twice
_MESSAGE, _HINT, _FACTS = 800, 400, 4_000


def short(fault: Fault) -> Fault:
    """The same fault in bounds: long sentences are cut, lists of facts end sooner."""
    message, hint, facts = (
        _cut(fault.message, _MESSAGE),
        _cut(fault.hint, _HINT),
        _fewer(fault.facts),
    )
    if (message, hint, facts) == (fault.message, fault.hint, fault.facts):
        return fault
    return type(fault)(fault.code, fault.kind, message, hint, facts)


def _cut(words: str, most: int) -> str:
    if _bytes(words) <= most:
        return words
    return words.encode()[:most].decode(errors="ignore").rstrip() + "…"


def _fewer(facts: Mapping[str, Any]) -> Mapping[str, Any]:
    """The longest list is halved until all fit; what is still too long is left out."""
    kept = dict(facts)
    while kept and _bytes(kept) > _FACTS:
        largest = max(kept, key=lambda name: _bytes(kept[name]))
        value = kept[largest]
        if isinstance(value, list) and len(value) > 1:
            kept[largest] = value[: len(value) // 2]
        else:
            del kept[largest]
    return kept


def _bytes(value: Any) -> int:
    return len(json.dumps(value, ensure_ascii=False, default=str).encode())
