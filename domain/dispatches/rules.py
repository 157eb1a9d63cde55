"""Dispatch rules: where does a dispatch go with what was learnt?

    waiting ── leased ──▶ done
       ▲          ├─▶ waiting, later and later
       │          ├─▶ unknown ──▶ done | failed, as a person found it
       └─ failed ◀┘

What may be sent once only is never sent again after it may have left.
"""

from collections.abc import Mapping
from enum import StrEnum
from types import MappingProxyType
from typing import Final

MOST_ATTEMPTS: Final = 8


class State(StrEnum):
    WAITING = "waiting"
    LEASED = "leased"
    DONE = "done"
    FAILED = "failed"
    UNKNOWN = "unknown"  # sent, and nobody knows what became of it


TRANSITIONS: Final[Mapping[State, frozenset[State]]] = MappingProxyType(
    {
        State.WAITING: frozenset({State.LEASED}),
        State.LEASED: frozenset({State.WAITING, State.DONE, State.FAILED, State.UNKNOWN}),
        State.UNKNOWN: frozenset({State.DONE, State.FAILED}),
        State.FAILED: frozenset({State.WAITING}),  # an operator asks for one more try
        State.DONE: frozenset(),
    }
)


def after_failure(*, once: bool, may_have_left: bool, attempts: int) -> State:
    """Where a dispatch goes whose attempt came to nothing, or to nobody knows what."""
    if once and may_have_left:
        return State.UNKNOWN
    return State.FAILED if attempts >= MOST_ATTEMPTS else State.WAITING


def may_follow(state: State, target: State) -> bool:
    """Whether a dispatch may go from one state to the other."""
    return target in TRANSITIONS[state]
