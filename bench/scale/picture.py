"""The report as a picture: time over size, both as powers of ten, a curve for each operation.

Plain SVG, written by hand. The scales are logarithmic, so the slope of a curve is its exponent: a
level one costs the same however large the company is.
"""

import math
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from bench.scale.table import TITLES

_WIDTH, _HEIGHT = 960, 470
_PANELS = ((56, 450), (526, 920))  # from and to, across
_TOP, _BOTTOM = 70, 330
_FAMILY = "system-ui, Segoe UI, Roboto, Noto Sans, DejaVu Sans, sans-serif"
_FONT = f'font-family="{_FAMILY}" font-size="13" role="img"'
_INK, _QUIET, _GRID = "#1b2733", "#5b6b7a", "#e6ebf0"
# What is drawn, and how; the other operations stand in the table.
CURVES = {
    "search: no marks": "#2f6fb0",
    "search: common words": "#c8501e",
    "search: cut short": "#8a5fb5",
    "search: never together": "#b3122b",
    "search: rare word": "#3d9970",
    "get account": "#7a8794",
    "board of 200": "#b58a00",
    "list of 200": "#5b4a2f",
    "stage move": "#111827",
    "tools/list": "#a9b4bf",
}
_COLUMNS = 4


def drawn(report: Mapping[str, Any]) -> str:
    """The whole picture."""
    figures = [one for one in report["figures"] if one["operation"] in CURVES]
    times = [one["p50_ms"] for one in figures]
    bottom, top = math.floor(math.log10(min(times))), math.ceil(math.log10(max(times)) + 1e-9)
    parts = [
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {_WIDTH} {_HEIGHT}" {_FONT}>',
        "<title>Milliseconds of each operation over the number of accounts</title>",
        f'<rect width="{_WIDTH}" height="{_HEIGHT}" fill="#ffffff"/>',
    ]
    backends = list(dict.fromkeys(one["backend"] for one in figures))
    for (left, right), backend in zip(_PANELS, backends, strict=False):
        panel = _Panel(left, right, report["sizes"], bottom, max(top, bottom + 1))
        parts += panel.frame(f"{TITLES[backend]}: median of a call, ms")
        for name, color in CURVES.items():
            points = [
                (one["accounts"], one["p50_ms"])
                for one in figures
                if one["backend"] == backend and one["operation"] == name
            ]
            parts += panel.curve(points, color)
    return "\n".join([*parts, *_legend(), "</svg>"]) + "\n"


class _Panel:
    """One database: where a size and a time lie on the paper."""

    def __init__(self, left: int, right: int, sizes: Sequence[int], bottom: int, top: int) -> None:
        self._left, self._right = left, right
        self._sizes = sizes
        self._bottom, self._top = bottom, top

    def frame(self, title: str) -> Iterator[str]:
        """The title, the powers of ten and the sizes."""
        yield _words(self._left, 34, title, size=16)
        for power in range(self._bottom, self._top + 1):
            y = self._y(10.0**power)
            yield _line(self._left, y, self._right, y, _GRID)
            yield _words(self._left - 6, y + 4, f"{10.0**power:g}", color=_QUIET, anchor="end")
        for size in self._sizes:
            x = self._x(size)
            yield _line(x, _TOP, x, _BOTTOM, _GRID)
            yield _words(x, _BOTTOM + 20, f"{size:,}", color=_QUIET, anchor="middle")
        middle = (self._left + self._right) / 2
        yield _words(middle, _BOTTOM + 40, "accounts", color=_QUIET, anchor="middle")

    def curve(self, points: Sequence[tuple[int, float]], color: str) -> Iterator[str]:
        """Dots, and a line through them."""
        placed = [(self._x(size), self._y(spent)) for size, spent in points]
        path = " ".join(f"{x:.1f},{y:.1f}" for x, y in placed)
        yield f'<polyline points="{path}" fill="none" stroke="{color}" stroke-width="2"/>'
        for x, y in placed:
            yield f'<circle cx="{x:.1f}" cy="{y:.1f}" r="3.5" fill="{color}" stroke="#ffffff"/>'

    def _x(self, size: int) -> float:
        low, high = math.log(min(self._sizes)), math.log(max(self._sizes))
        share = (math.log(size) - low) / (high - low) if high > low else 0.5
        return self._left + 20 + share * (self._right - self._left - 40)

    def _y(self, spent: float) -> float:
        share = (math.log10(spent) - self._bottom) / (self._top - self._bottom)
        return _BOTTOM - share * (_BOTTOM - _TOP)


def _legend() -> Iterator[str]:
    for place, (name, color) in enumerate(CURVES.items()):
        x, y = 56 + place % _COLUMNS * 225, 405 + place // _COLUMNS * 22
        yield _line(x, y - 4, x + 18, y - 4, color, thick=3)
        yield _words(x + 26, y, name, color=_QUIET)


def _words(
    x: float, y: float, words: str, *, size: int = 13, color: str = _INK, anchor: str = "start"
) -> str:
    return (
        f'<text x="{x:.1f}" y="{y:.1f}" font-size="{size}" fill="{color}"'
        f' text-anchor="{anchor}">{words}</text>'
    )


def _line(x1: float, y1: float, x2: float, y2: float, color: str, *, thick: int = 1) -> str:
    return (
        f'<line x1="{x1:.1f}" y1="{y1:.1f}" x2="{x2:.1f}" y2="{y2:.1f}" stroke="{color}"'
        f' stroke-width="{thick}"/>'
    )
