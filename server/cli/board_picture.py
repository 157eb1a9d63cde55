"""Picture of the board: an SVG with a ground of its own, so it reads on light pages and dark.

The same board gives the same bytes: no ids, no clock, no font is measured. What customers wrote
is cleaned, wrapped, cut and escaped.
"""

import textwrap
from collections.abc import Iterator
from html import escape

from domain.kernel.counting import counted
from domain.kernel.money import Locale, Money
from domain.kernel.text import clean_outgoing
from tools.crm.pipeline_board import BoardView, CardView, StageView

COLUMN, GAP, EDGE = 284, 16, 24
HEAD, STAGE, SUM, CARD, CARD_GAP = 84, 62, 17, 112, 10
_LETTERS_OF_A_NAME = 33  # of a line of 13 pixels, in any usual font
_FONT = "system-ui, 'Segoe UI', Roboto, 'Noto Sans', 'DejaVu Sans', sans-serif"
_GROUND, _PANEL, _PAPER = "#f3f4f8", "#e6e9f1", "#ffffff"
_INK, _QUIET, _ACCENT = "#1c2333", "#566078", "#1f4fa3"
# Days without anything happening: the edge and the words of a card, both dark enough to read.
_STAGNANT = {7: "#8a6100", 14: "#b04a00", 30: "#b3261e"}

# name: (Vietnamese, English); in English the number of a unit comes with its noun
_WORDS = {
    "open": ("{number} cơ hội đang mở", "{number}"),
    "weighted": ("Có trọng số: {sum}", "Weighted: {sum}"),
    "total": ("Tổng: {sum}", "Total: {sum}"),
    "deals": ("{number} cơ hội · xác suất {chance}%", "{number} · chance {chance}%"),
    "days": ("{number} ngày ở giai đoạn này", "{number} in this stage"),
    "stagnant": ("Đứng yên từ {number} ngày trở lên", "Nothing for {number} or more"),
    "missing": ("Chưa có ngày chốt", "No close date ahead"),
    "more": ("và {number} cơ hội nữa", "and {number} more"),
    "nothing": ("trống", "empty"),
}
_UNITS = {"open": "open deal", "deals": "deal", "days": "day", "stagnant": "day"}


def drawn(view: BoardView, language: Locale) -> str:
    """The whole picture."""
    tallest = max((len(stage.deals) for stage in view.stages), default=0)
    some_more = any(stage.truncated for stage in view.stages)
    width = 2 * EDGE + len(view.stages) * (COLUMN + GAP) - GAP
    # Every stage leaves room for as many currencies as the one with most.
    stage_height = STAGE + 2 * SUM * max((len(one.totals) for one in view.stages), default=0)
    column = stage_height + max(tallest, 1) * (CARD + CARD_GAP) + (24 if some_more else 0)
    height = HEAD + column + EDGE
    size = f'width="{width}" height="{height}" viewBox="0 0 {width} {height}"'
    parts = [
        f'<svg xmlns="http://www.w3.org/2000/svg" {size} role="img" font-family="{_FONT}">',
        f"<title>{_safe(view.name)}</title>",
        _box(0, 0, width, height, _GROUND, 14),
        *_head(view, language),
    ]
    for place, stage in enumerate(view.stages):
        left = EDGE + place * (COLUMN + GAP)
        parts.append(_box(left, HEAD, COLUMN, column, _PANEL, 10))
        parts += _stage(stage, left, HEAD + stage_height, language)
    return "\n".join([*parts, "</svg>", ""])


def _head(view: BoardView, language: Locale) -> Iterator[str]:
    count = sum(stage.count for stage in view.stages)
    yield _text(EDGE, 38, 22, view.name, _INK, bold=True)
    sums = (_money(one.weighted_minor, one.currency, language) for one in view.totals)
    weighted = _say("weighted", language, sum=" · ".join(sums) or "0")
    said = f"{_say('open', language, count)}  ·  {weighted}"
    yield _text(EDGE, 64, 14, said, _QUIET)


def _stage(stage: StageView, left: int, cards: int, language: Locale) -> Iterator[str]:
    """A column from its heading down; its cards begin at the height `cards`."""
    x = left + 14
    counted = _say("deals", language, stage.count, chance=stage.probability_pct)
    yield _text(x, HEAD + 26, 16, stage.stage_name, _ACCENT, bold=True)
    yield _text(x, HEAD + 45, 12, counted, _QUIET)
    y = HEAD + STAGE + 1
    for worth in stage.totals:
        total = _money(worth.amount_minor, worth.currency, language)
        weighted = _money(worth.weighted_minor, worth.currency, language)
        yield _text(x, y, 12, _say("total", language, sum=total), _INK)
        yield _text(x, y + SUM, 12, _say("weighted", language, sum=weighted), _INK)
        y += 2 * SUM
    if not stage.deals:
        yield _text(x, cards + 24, 12, _say("nothing", language), _QUIET)
    for place, card in enumerate(stage.deals):
        yield from _card(card, left + 8, cards + place * (CARD + CARD_GAP), language)
    if stage.truncated:
        rest = _say("more", language, stage.count - len(stage.deals))
        yield _text(x, cards + len(stage.deals) * (CARD + CARD_GAP) + 12, 12, rest, _QUIET)


def _card(card: CardView, left: int, top: int, language: Locale) -> Iterator[str]:
    edge = _STAGNANT.get(card.stagnant or 0, _ACCENT)
    yield _box(left, top, COLUMN - 16, CARD, _PAPER, 8)
    yield _box(left, top, 5, CARD, edge, 2)
    x = left + 16
    for line, words in enumerate(_wrapped(card.name, 2)):
        yield _text(x, top + 20 + 16 * line, 13, words, _INK, bold=True)
    yield _text(x, top + 54, 11, _wrapped(card.account_name, 1, letters=39)[0], _QUIET)
    amount = Money(card.amount_minor, card.currency).text(language)
    yield _text(x, top + 73, 13, amount, _INK)
    yield _text(x, top + 89, 11, _say("days", language, card.days_in_stage), _QUIET)
    notes = []
    if card.stagnant is not None:
        notes.append(_say("stagnant", language, card.stagnant))
    if card.next_step_missing:
        notes.append(_say("missing", language))
    if notes:
        ink = edge if card.stagnant else _STAGNANT[14]
        yield _text(x, top + 104, 10, " · ".join(notes), ink, bold=True)


def _money(minor: int | None, currency: str, language: Locale) -> str:
    return f"? {currency}" if minor is None else Money(minor, currency).text(language)


def _say(word: str, language: Locale, number: int = 0, **values: object) -> str:
    vietnamese, english = _WORDS[word]
    if language == "vi":
        return vietnamese.format(number=number, **values)
    unit = _UNITS.get(word)
    return english.format(number=counted(number, unit) if unit else number, **values)


def _wrapped(words: str, most: int, letters: int = _LETTERS_OF_A_NAME) -> list[str]:
    """At most so many lines of foreign words; what is cut ends in a dot-dot-dot."""
    plain = " ".join(clean_outgoing(words).split())
    return textwrap.wrap(plain, letters, max_lines=most, placeholder=" …") or [""]


def _text(x: int, y: int, size: int, words: str, ink: str, *, bold: bool = False) -> str:
    weight = ' font-weight="600"' if bold else ""
    return f'<text x="{x}" y="{y}" font-size="{size}" fill="{ink}"{weight}>{_safe(words)}</text>'


def _box(x: int, y: int, width: int, height: int, fill: str, round: int) -> str:
    return f'<rect x="{x}" y="{y}" width="{width}" height="{height}" rx="{round}" fill="{fill}"/>'


def _safe(words: str) -> str:
    return escape(clean_outgoing(words))
