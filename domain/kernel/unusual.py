"""Unusual values: which of those typed are likely a slip, and were they meant all the same?

What is refused for it has changed nothing. Whoever has looked again says so and it is written.
"""

from collections.abc import Sequence
from dataclasses import dataclass

from domain.kernel.faults import Fault, Kind


@dataclass(frozen=True, slots=True)
class Doubt:
    """A field whose value is likely a slip: what is odd about it, and what to look at."""

    field: str
    problem: str
    check: str


def settle(doubts: Sequence[Doubt], *, confirmed: bool) -> list[str]:
    """What the answer says of the doubts, if they were confirmed. Raises UNUSUAL if not."""
    if not doubts:
        return []
    told = [f"{one.field} {one.problem}" for one in doubts]
    if confirmed:
        return [f"Written as confirmed, though {one}." for one in told]
    raise Fault(
        "UNUSUAL",
        Kind.INVALID,
        f"Nothing was written, because {'; '.join(told)}.",
        f"Check {'; '.join(one.check for one in doubts)}. If it is right all the same, repeat the "
        "call with confirm_unusual true.",
        {"fields": [{"field": one.field, "problem": one.problem} for one in doubts]},
    )
