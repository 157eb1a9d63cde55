"""Scale chart: time over size, both as powers of ten, a curve for each operation.

The scales are logarithmic, so the slope of a curve is its exponent: a level one costs the same
however large the company is.
"""

import math
from collections.abc import Iterator, Mapping, Sequence
from itertools import pairwise
from typing import Any

from bench.scale.table import TITLES
from fixtures.forecasts.drawing import GRID, QUIET, line, page, words

_WIDTH, _HEIGHT = 960, 470
_PANELS = ((56, 450), (526, 920))  # from and to, across
_TOP, _BOTTOM = 70, 360
_MARKS = (1, 2, 5)  # the lines between two powers of ten
# What is drawn, and how: searches in one line, the rest dashed. The table has all operations.
CURVES = {
    "search: no marks": "#2f6fb0",
    "search: common words": "#c8501e",
    "search: cut short": "#8a5fb5",
    "search: never together": "#b3122b",
    "search: rare word": "#3d9970",
    "get account": "#2f6fb0",
    "board of 200": "#c8501e",
    "list of 200": "#8a5fb5",
    "stage move": "#b3122b",
    "tools/list": "#3d9970",
}
_COLUMNS = 5


def drawn(report: Mapping[str, Any]) -> str:
    """The whole picture."""
    figures = [one for one in report["figures"] if one["operation"] in CURVES]
    times = [one["p50_ms"] for one in figures]
    bottom, top = math.floor(math.log10(min(times))), math.ceil(math.log10(max(times)) + 1e-9)
    parts: list[str] = []
    backends = list(dict.fromkeys(one["backend"] for one in figures))
    for (left, right), backend in zip(_PANELS, backends, strict=False):
        panel = _Panel(left, right, report["sizes"], bottom, max(top, bottom + 1))
        parts += panel.frame(f"{TITLES[backend]}: median of a call, ms")
        for name in CURVES:
            points = [
                (one["accounts"], one["p50_ms"])
                for one in figures
                if one["backend"] == backend and one["operation"] == name
            ]
            parts += panel.curve(points, name)
    title = "Milliseconds of each operation over the number of accounts"
    return page(_WIDTH, _HEIGHT, title, [*parts, *_legend()])


class _Panel:
    """One database: where a size and a time lie on the paper."""

    def __init__(self, left: int, right: int, sizes: Sequence[int], bottom: int, top: int) -> None:
        self._left, self._right = left, right
        self._sizes = sizes
        self._bottom, self._top = bottom, top

    def frame(self, title: str) -> Iterator[str]:
        """The title, the times and the sizes."""
        yield words(self._left, 34, title, size=16)
        for spent in self._marked():
            y = self._y(spent)
            yield line(self._left, y, self._right, y, GRID)
            yield words(self._left - 6, y + 4, f"{spent:g}", color=QUIET, anchor="end")
        for size in self._sizes:
            x = self._x(size)
            yield line(x, _TOP, x, _BOTTOM, GRID)
            yield words(x, _BOTTOM + 20, f"{size:,}", color=QUIET, anchor="middle")
        middle = (self._left + self._right) / 2
        said = "accounts (both scales logarithmic)"
        yield words(middle, _BOTTOM + 42, said, color=QUIET, anchor="middle")

    def curve(self, points: Sequence[tuple[int, float]], name: str) -> Iterator[str]:
        """Dots, and a line through them."""
        color, dash = CURVES[name], _dash(name)
        placed = [(self._x(size), self._y(spent)) for size, spent in points]
        for one, other in pairwise(placed):
            yield line(*one, *other, color, thick=2, dash=dash)
        for x, y in placed:
            yield f'<circle cx="{x:.1f}" cy="{y:.1f}" r="3.5" fill="{color}" stroke="#ffffff"/>'

    def _marked(self) -> Iterator[float]:
        for power in range(self._bottom, self._top):
            yield from (mark * 10.0**power for mark in _MARKS)
        yield 10.0**self._top

    def _x(self, size: int) -> float:
        low, high = math.log(min(self._sizes)), math.log(max(self._sizes))
        share = (math.log(size) - low) / (high - low) if high > low else 0.5
        return self._left + 20 + share * (self._right - self._left - 40)

    def _y(self, spent: float) -> float:
        share = (math.log10(spent) - self._bottom) / (self._top - self._bottom)
        return _BOTTOM - share * (_BOTTOM - _TOP)


def _legend() -> Iterator[str]:
    for place, (name, color) in enumerate(CURVES.items()):
        x, y = 40 + place % _COLUMNS * 184, 438 + place // _COLUMNS * 20
        yield line(x, y - 4, x + 22, y - 4, color, thick=2, dash=_dash(name))
        yield words(x + 28, y, name, size=12, color=QUIET)


def _dash(name: str) -> str:
    return "" if name.startswith("search") else "6 4"
