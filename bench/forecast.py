"""Forecast benchmark: the pure part, and the ratio to a lattice in plain Python.

Milliseconds of one thread at work: what others do on the machine meanwhile counts little.
"""

import math
import random
import time
from collections.abc import Callable
from typing import Any

from domain.insight.distribution import Chance, distribution

_ROUNDS = 7
_SHOCK = 0.3
_LEVELS = (0.025, 0.05, 0.1, 0.2, 0.25, 0.5, 0.75, 0.9, 0.975)
_PLAIN_DEALS, _PLAIN_CELLS = 200, 1_024

# What each takes at most, in milliseconds: best of some rounds.
LIMITS_MS = {200: 8, 10_000: 60}


def figures() -> dict[str, dict[str, Any]]:
    """Every figure by name."""
    plain = _milliseconds(_plain_lattice)
    return {f"forecast_{count}_deals_ms": _figure(count, plain) for count in sorted(LIMITS_MS)}


def _figure(count: int, plain: float) -> dict[str, Any]:
    deals = _pipeline(count)

    def forecast() -> list[int]:
        spread = distribution(deals, _SHOCK)
        return [spread.quantile(level) for level in _LEVELS]

    taken = _milliseconds(forecast)
    return {
        "value": round(taken, 2),
        "ratio_to_a_plain_lattice_of_200": round(taken / plain, 2),
        "limit": LIMITS_MS[count],
        "ok": taken <= LIMITS_MS[count],
    }


def _pipeline(count: int) -> list[Chance]:
    chance = random.Random(1)
    return [
        Chance(round(math.exp(chance.gauss(19.5, 1))), chance.choice((10, 25, 40, 50, 75, 90)))
        for _ in range(count)
    ]


def _plain_lattice() -> list[float]:
    """The same sum for independent deals, in plain Python on a coarse lattice."""
    deals = _pipeline(_PLAIN_DEALS)
    step = sum(deal.amount_minor for deal in deals) // _PLAIN_CELLS + 1
    mass = [1.0] + [0.0] * _PLAIN_CELLS
    for deal in deals:
        cells, p = round(deal.amount_minor / step), deal.pct / 100
        moved = [0.0] * cells + mass[: len(mass) - cells]
        mass = [(1 - p) * stays + p * came for stays, came in zip(mass, moved, strict=True)]
    return mass


def _milliseconds(work: Callable[[], object]) -> float:
    """The best of some rounds: what it takes when least disturbed."""
    best = math.inf
    for _ in range(_ROUNDS):
        begun = time.thread_time()
        work()
        best = min(best, (time.thread_time() - begun) * 1_000)
    return best
