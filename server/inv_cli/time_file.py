"""Time files: what does a CSV say was worked, and which of its lines are wrong?

Comma, semicolon or tab, as spreadsheets write them; UTF-8 with or without a mark at its beginning.
A cell is text and nothing else: what a spreadsheet would take for a formula is a strange name.
"""

import csv
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import Any

from domain.engagements.rules import LONGEST_DAY, hundredths
from domain.engagements.time_entries import MOST_AT_ONCE
from domain.kernel import text
from domain.kernel.faults import Fault, Kind

LARGEST_FILE = 1024 * 1024
NEEDED = ("engagement", "member", "worked_on", "hours", "role", "source_id")
OPTIONAL = ("phase", "task")
_DELIMITERS = (",", ";", "\t")
_LENGTHS = {"task": 255}
_MOST = 64
_REFERENCE = re.compile(r"[A-Za-z0-9_\-]{1,64}")
_DAY = re.compile(r"\d{4}-\d\d-\d\d", re.ASCII)
_DECIMAL_COMMA = re.compile(r"[0-9]{1,2},[0-9]{1,2}")


@dataclass(frozen=True, slots=True)
class Problem:
    """What is wrong with a line, counted as an editor counts them."""

    line: int
    problem: str
    code: str = "TIME_FILE_INVALID"


@dataclass(frozen=True, slots=True)
class TimeFile:
    """The entries of a file as `inv_import_time` takes them, the line of each, and wrong lines."""

    entries: Sequence[Mapping[str, Any]]
    lines: Sequence[int]
    problems: Sequence[Problem]


def read(file: Path) -> TimeFile:
    """The entries of a file, as far as its lines are whole.

    Raises TIME_FILE_INVALID for what is no such file at all.
    """
    content = _content(file)
    delimiter = _delimiter(content)
    rows = _rows(content, delimiter)
    if not rows:
        raise _unusable("is empty")
    (_, heading), *data = rows
    columns = _columns(heading)
    if not data:
        raise _unusable("has no line with time")
    if len(data) > MOST_AT_ONCE:
        raise _unusable(f"has more than {MOST_AT_ONCE:,} lines; split it")
    entries, lines, problems = [], [], []
    for line, cells in data:
        entry, wrong = _entry(columns, cells, decimal_comma=delimiter != ",")
        problems += [Problem(line, one) for one in wrong]
        if not wrong:
            entries.append(entry)
            lines.append(line)
    return TimeFile(entries, lines, problems)


def refused(problems: Sequence[Problem]) -> Fault:
    """The fault of a file with wrong lines: nothing of it was imported."""
    problems = sorted(problems, key=lambda one: one.line)
    lines = len({one.line for one in problems})
    return Fault(
        "TIME_FILE_INVALID",
        Kind.INVALID,
        f"{lines} {'line is' if lines == 1 else 'lines are'} wrong, so nothing was imported.",
        f"the first is line {problems[0].line}: {problems[0].problem}",
        {
            "problems": [
                {"line": one.line, "code": one.code, "problem": one.problem} for one in problems
            ]
        },
    )


def placed(fault: Fault, lines: Sequence[int]) -> list[Problem]:
    """What the tool found wrong with entries, by their lines; empty for what is about no entry."""
    told: Any = fault.facts.get("problems")
    if fault.code == "TIME_INVALID" and isinstance(told, list):
        return [Problem(lines[one["entry"] - 1], one["problem"], one["code"]) for one in told]
    about_the_entry = len(lines) == 1 and fault.kind in (Kind.INVALID, Kind.CONFLICT)
    is_missing = len(lines) == 1 and fault.code == "NOT_FOUND"
    return [Problem(lines[0], fault.message, fault.code)] if about_the_entry or is_missing else []


def _content(file: Path) -> str:
    try:
        with file.open("rb") as opened:
            content = opened.read(LARGEST_FILE + 1)
    except OSError:
        raise _unusable("cannot be read") from None
    if len(content) > LARGEST_FILE:
        raise _unusable(f"is larger than {LARGEST_FILE:,} bytes")
    try:
        decoded = content.decode("utf-8-sig")
    except UnicodeDecodeError:
        raise _unusable("is not UTF-8; save it as CSV UTF-8") from None
    if "\0" in decoded:
        raise _unusable("holds a NUL, so it is no text")
    return decoded


def _delimiter(content: str) -> str:
    """What separates the names of the columns."""
    heading = next((line for line in content.splitlines() if line.strip()), "")
    return max(_DELIMITERS, key=heading.count)


def _rows(content: str, delimiter: str) -> list[tuple[int, list[str]]]:
    """Every row that has something, with the line it begins on."""
    reader = csv.reader(content.splitlines(keepends=True), delimiter=delimiter, strict=True)
    rows, begins = [], 1
    try:
        for cells in reader:
            stripped = [cell.strip() for cell in cells]
            if any(stripped):
                rows.append((begins, stripped))
            begins = reader.line_num + 1
    except csv.Error:
        raise refused(
            [Problem(begins, "its quotation marks do not close, or a cell is too long")]
        ) from None
    return rows


def _columns(heading: Sequence[str]) -> Sequence[str]:
    names = [name.lower() for name in heading]
    twice = sorted({name for name in names if names.count(name) > 1})
    unknown = sorted(set(names) - {*NEEDED, *OPTIONAL})
    missing = [name for name in NEEDED if name not in names]
    if twice:
        raise _unusable("has a column twice")
    if missing or unknown:
        what = (
            f"lacks the column {', '.join(missing)}" if missing else "has a column of another name"
        )
        raise _unusable(what)
    return names


def _entry(
    columns: Sequence[str], cells: Sequence[str], *, decimal_comma: bool
) -> tuple[dict[str, Any], list[str]]:
    """One entry, and what is wrong with it."""
    if len(cells) > len(columns) and any(cells[len(columns) :]):
        return {}, [f"has {len(cells)} cells, and the heading {len(columns)}"]
    given = dict(zip(columns, cells, strict=False))
    problems = [f"{name} is empty" for name in NEEDED if not given.get(name)]
    entry = {}
    for name, typed in given.items():
        if not typed:
            continue
        try:
            entry[name] = text.line(typed, _LENGTHS.get(name, _MOST))
        except ValueError as error:
            problems.append(f"{name} {error}")
    if "hours" in entry:
        if decimal_comma and _DECIMAL_COMMA.fullmatch(entry["hours"]):
            entry["hours"] = entry["hours"].replace(",", ".")
        if not 0 < hundredths(entry["hours"]) <= LONGEST_DAY:
            problems.append("hours are above 0 and at most 24, such as 7.50")
    if "worked_on" in entry and not _is_day(entry["worked_on"]):
        problems.append("worked_on is not a day like 2026-04-30")
    if "engagement" in entry and not _REFERENCE.fullmatch(entry["engagement"]):
        problems.append("engagement is no id or code")
    return entry, problems


def _is_day(typed: str) -> bool:
    try:
        return bool(_DAY.fullmatch(typed)) and date.fromisoformat(typed) is not None
    except ValueError:
        return False


def _unusable(why: str) -> Fault:
    return Fault(
        "TIME_FILE_INVALID",
        Kind.INVALID,
        f"The file {why}.",
        f"its first line is {','.join(NEEDED)}, with {' and '.join(OPTIONAL)} if you like.",
        {"problems": []},
    )
