"""Completions: what can be suggested for what a person is typing? One kind per sort of thing.

A kind asks tools through the gate, so a hidden deal is never suggested, and a caller who may not
list deals is suggested none. Kinds stand in `tools/<namespace>/completions.py` as `KINDS`.
"""

from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from functools import cache
from typing import Any

from domain.kernel.folding import fold, words
from tools.finding import brought

MOST_SHOWN = 20
MOST_SEARCHED = 200  # of what has no search by name, the newest are looked through

Suggestion = tuple[str, str]  # what a person reads, and the id or code it stands for
Asking = Callable[[str, Mapping[str, Any]], Awaitable[Mapping[str, Any]]]


@dataclass(frozen=True, slots=True)
class CompletionKind:
    """One sort of thing that arguments of prompts and variables of addresses can name.

    `suggest` is given a way to ask tools and what was typed so far.
    """

    name: str
    suggest: Callable[[Asking, str], Awaitable[list[Suggestion]]]


@cache
def kinds() -> Mapping[str, CompletionKind]:
    """Every kind by its name."""
    return {kind.name: kind for module in brought("completions") for kind in module.KINDS}


def fits(typed: str, *names: str) -> bool:
    """Whether every word that was typed begins a word of the names, whatever its accents."""
    there = [word for name in names for word in words(fold(name))]
    return all(any(one.startswith(word) for one in there) for word in words(fold(typed)))
