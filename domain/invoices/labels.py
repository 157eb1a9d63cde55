"""Labels: what is an invoice called, and which month is it for?"""

import calendar
import re
from datetime import date
from typing import NamedTuple

from domain.kernel.faults import Fault, Kind

_LABEL = re.compile(r"INV-(?P<year>[0-9]{4})-(?P<month>[0-9]{2})-(?P<no>[0-9]{3,9})")
_PERIOD = re.compile(r"[0-9]{4}-(0[1-9]|1[0-2])")


class Label(NamedTuple):
    """What an invoice is called: the month it is for, and its number in that month."""

    year: int
    month: int
    no: int

    @property
    def text(self) -> str:
        """`INV-2026-04-001`; a number above 999 has as many digits as it needs."""
        return f"INV-{self.year:04}-{self.month:02}-{self.no:03}"


def read_label(text: str) -> Label | None:
    """The label that is written so, in any letter case; None for anything else."""
    match = _LABEL.fullmatch(text.strip().upper())
    if match is None:
        return None
    return Label(int(match["year"]), int(match["month"]), int(match["no"]))


def days_of(period: str) -> tuple[date, date]:
    """The first and the last day of a month written `2026-04`. Raises PERIOD_INVALID."""
    if not _PERIOD.fullmatch(period) or period.startswith("0000"):
        raise Fault(
            "PERIOD_INVALID",
            Kind.INVALID,
            "A period is a month like 2026-04.",
            "Write the year with four digits and the month with two.",
        )
    year, month = (int(part) for part in period.split("-"))
    return date(year, month, 1), date(year, month, calendar.monthrange(year, month)[1])


def series_of(period: str) -> str:
    """The series that numbers the invoices of a month (domain/store/numbering.py)."""
    return f"invoice/{period}"


def period_of(day: date) -> str:
    """The month of a day, written `2026-04`."""
    return f"{day.year:04}-{day.month:02}"
