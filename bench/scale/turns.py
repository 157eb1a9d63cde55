"""Measuring in turns: how long beside the least it could take, on a machine that is shared?

Both take turns in small blocks (ours, floor, floor, ours), so whatever else the machine does slows
both. The ratio is the median over the rounds; a limit in milliseconds is judged by an interval
around the 95th percentile, and where the interval holds the limit, nothing is claimed.
"""

import math
import statistics
import time
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from typing import Any

Work = Callable[[int], Awaitable[object]]

_SURE = 1.96  # standard deviations: 95 % of what chance does
_WARM_UP = 3  # blocks nobody times; a prepared statement settles on its plan meanwhile


@dataclass(frozen=True, slots=True)
class Effort:
    """How often: `rounds` of four blocks of `block` calls."""

    rounds: int = 30
    block: int = 5


async def in_turns(ours: Work, floor: Work, effort: Effort) -> dict[str, Any]:
    """Both, block by block; no two calls are given the same number."""
    spent: dict[bool, list[float]] = {True: [], False: []}
    ratios = []
    for turn in range(-_WARM_UP, effort.rounds):
        of_turn: dict[bool, list[float]] = {True: [], False: []}
        for place, is_ours in enumerate((True, False, False, True)):
            work = ours if is_ours else floor
            first = ((turn + _WARM_UP) * 4 + place) * effort.block
            for number in range(first, first + effort.block):
                begun = time.perf_counter()
                await work(number)
                of_turn[is_ours].append((time.perf_counter() - begun) * 1_000)
        if turn >= 0:
            ratios.append(statistics.median(of_turn[True]) / statistics.median(of_turn[False]))
            for is_ours, times in of_turn.items():
                spent[is_ours] += times
    return {
        "p50_ms": round(percentile(spent[True], 50), 3),
        "p95_ms": round(percentile(spent[True], 95), 3),
        "p99_ms": round(percentile(spent[True], 99), 3),
        "p95_interval_ms": [round(bound, 3) for bound in interval(spent[True], 95)],
        "p99_interval_ms": [round(bound, 3) for bound in interval(spent[True], 99)],
        "floor_p50_ms": round(percentile(spent[False], 50), 3),
        "floor_p95_ms": round(percentile(spent[False], 95), 3),
        "ratio": round(statistics.median(ratios), 2),
        "calls": len(spent[True]),
    }


def percentile(times: Sequence[float], percent: int) -> float:
    """The smallest time that so many percent do not exceed."""
    return sorted(times)[max(0, math.ceil(len(times) * percent / 100) - 1)]


def interval(times: Sequence[float], percent: int) -> tuple[float, float]:
    """Where the percentile lies with 95 % certainty, whatever the distribution."""
    share, count = percent / 100, len(times)
    away = _SURE * math.sqrt(count * share * (1 - share))
    low = max(0, math.floor(count * share - away) - 1)
    high = min(count - 1, math.ceil(count * share + away) - 1)
    in_order = sorted(times)
    return in_order[low], in_order[high]


def verdict(bounds: Sequence[float], limit: float) -> bool | str:
    """Whether the limit is kept; `inconclusive` where this run cannot say."""
    low, high = bounds
    if high <= limit:
        return True
    return False if low > limit else "inconclusive"


def exponent(sizes: Sequence[int], times: Sequence[float]) -> float | None:
    """How fast it grows: `b` of the curve `a * n ** b` nearest to the points (least squares of the
    logarithms). 0 is as quick however much there is, 1 is twice the time for twice as much.
    """
    if len(sizes) < 2:
        return None
    line = statistics.linear_regression(
        [math.log(size) for size in sizes], [math.log(spent) for spent in times]
    )
    return round(line.slope, 2)


def loop_ms() -> float:
    """What a fixed piece of plain Python takes here, to compare machines by."""
    begun = time.perf_counter()
    sum(range(1_000_000))
    return round((time.perf_counter() - begun) * 1_000, 1)
