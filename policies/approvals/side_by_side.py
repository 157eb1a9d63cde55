"""Side by side: how does one who waits for others keep nobody else waiting?

What reaches outside is done at the same time, up to eight of it; the rest meanwhile one by one.
"""

from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from typing import Final, Generic, TypeVar

import anyio

from domain.kernel.faults import Fault

IN_FLIGHT: Final = 8  # of one company

Result = TypeVar("Result")


@dataclass(frozen=True, slots=True)
class Step(Generic[Result]):
    """One thing to do. It raises nothing but a Fault that is everybody's: the database is away."""

    work: Callable[[], Awaitable[Result]]
    reaches_outside: bool


async def side_by_side(steps: Sequence[Step[Result]]) -> list[Result]:
    """What came of every step, in their order.

    A Fault is raised when all have ended: whoever waits for an answer must hear it.
    """
    results: dict[int, Result] = {}
    away: list[Fault] = []
    in_flight = anyio.CapacityLimiter(IN_FLIGHT)

    async def take(place: int, step: Step[Result]) -> None:
        try:
            results[place] = await step.work()
        except Fault as fault:
            away.append(fault)

    async def wait_and_take(place: int, step: Step[Result]) -> None:
        async with in_flight:
            await take(place, step)

    async with anyio.create_task_group() as group:
        for place, step in enumerate(steps):
            if step.reaches_outside:
                group.start_soon(wait_and_take, place, step)
        for place, step in enumerate(steps):
            if not step.reaches_outside and not away:
                await take(place, step)
    if away:
        raise away[0]
    return [results[place] for place in range(len(steps))]
