"""Faults: what went wrong, said so that an agent or a person knows the next step.

A `Fault` is everybody else's mistake or misfortune: it is rendered and answered. Anything that
is not a `Fault` is our own mistake: it is logged whole and shown as nothing.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any


class Kind(StrEnum):
    """What the caller can do about it; each kind means one action."""

    INVALID = "invalid"  # change the arguments
    NOT_FOUND = "not_found"  # look it up again
    CONFLICT = "conflict"  # do something else first
    FORBIDDEN = "forbidden"  # ask a person
    UNAVAILABLE = "unavailable"  # try again later


@dataclass(eq=False)  # not frozen: Python writes __traceback__ on an exception
class Fault(Exception):
    """One refusal: `CODE`, a sentence, the next useful step, and facts a program can read.

    `message`, `hint` and `facts` hold our own words and typed values only. Text that came from
    outside never goes into them: a customer's name in an error is an instruction in disguise.

    A hint may name a step in braces, as in "Look the id up with {deals}.": which tool that is say
    the tools, where the fault leaves the program (tools/steps.py).
    """

    code: str
    kind: Kind
    message: str
    hint: str = ""
    facts: Mapping[str, Any] = field(default_factory=dict)

    def __str__(self) -> str:
        hint = f" Hint: {self.hint}" if self.hint else ""
        return f"{self.code}: {self.message}{hint}"


class NotSent(Fault):
    """A refusal of something that was to leave the program: for certain, none of it took effect.

    Whoever sends may give up what it had claimed for it. Any other exception of a port that sends
    means that nobody knows.
    """
