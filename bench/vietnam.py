"""Benchmark of Vietnamese codes and words: microseconds, and ratios to a plain loop."""

import time
from collections.abc import Callable
from typing import Any

from domain.kernel.folding import fold
from domain.vn import vietqr
from domain.vn.tax_codes import read_tax_code
from domain.vn.words import amount_in_words

_TIMES = 2_000
_ROUNDS = 7
_TRANSFER = vietqr.Transfer("970436", "0011001932418", 12_345_678, "HD7K2M9QXT")
_PAYLOAD = vietqr.encode(_TRANSFER)

# What each takes at most, in microseconds.
LIMITS_US = {"vietqr_encode": 50, "vietqr_decode": 100, "words": 50, "fold": 5, "tax_code": 5}


def figures() -> dict[str, dict[str, Any]]:
    """Every figure by name."""
    loop = _microseconds(_plain_loop)
    return {
        f"vn_{name}_us": _figure(_microseconds(work), loop, LIMITS_US[name])
        for name, work in {
            "vietqr_encode": lambda: vietqr.encode(_TRANSFER),
            "vietqr_decode": lambda: vietqr.decode(_PAYLOAD),
            "words": lambda: amount_in_words(1_230_950_880_055, "VND"),
            "fold": lambda: fold("Nguyễn Thị Thanh Hương"),
            "tax_code": lambda: read_tax_code("0100109106"),
        }.items()
    }


def _plain_loop() -> int:
    total = 0
    for number in range(100):
        total += number
    return total


def _figure(taken: float, loop: float, limit: int) -> dict[str, Any]:
    return {
        "value": round(taken, 2),
        "ratio_to_a_loop_of_100": round(taken / loop, 2),
        "limit": limit,
        "ok": taken <= limit,
    }


def _microseconds(work: Callable[[], object]) -> float:
    """The best of some rounds: what the machine can do when nothing disturbs it."""
    best = None
    for _ in range(_ROUNDS):
        begun = time.perf_counter()
        for _ in range(_TIMES):
            work()
        taken = (time.perf_counter() - begun) / _TIMES * 1_000_000
        best = taken if best is None else min(best, taken)
    assert best is not None
    return best
