"""Windows of forecasts: from which day to which is somebody asking about?"""

from calendar import monthrange
from dataclasses import dataclass
from datetime import date, timedelta

from domain.insight import forecast_rules as rules
from domain.kernel.faults import Fault, Kind

_MONTHS = 3  # of a quarter


@dataclass(frozen=True, slots=True, kw_only=True)
class ForecastRequest:
    """Which deals, and until when: `days` from today (90 unless said), a `month` (2026-12), or a
    `period`: q4, 2026-q4, this_quarter, next_quarter, this_month or next_month.

    `pipeline` is an id, code or name, `owner` an e-mail address, id or name; None means all.
    """

    pipeline: str | None = None
    owner: str | None = None
    days: int | None = None
    month: str | None = None
    period: str | None = None
    by_owner: bool = False

    @property
    def asked_for(self) -> str:
        """The time that is meant, by which questions are told apart."""
        return self.month or self.period or f"{self.days_or_usual}d"

    @property
    def days_or_usual(self) -> int:
        """How many days from today."""
        return rules.USUAL_DAYS if self.days is None else self.days


def window(asked: ForecastRequest, on: date) -> tuple[date, date]:
    """The first and the last day a deal may be expected on.

    Raises RANGE_INVALID for a month or quarter that is over, too far away or none, and for a range
    outside 1 to 366 days, or both at once.
    """
    if asked.month is None and asked.period is None:
        check_range(asked.days_or_usual)
        return on, on + timedelta(days=asked.days_or_usual)
    if asked.month is not None and (asked.days is not None or asked.period is not None):
        raise _invalid("A range and a month cannot both be meant.")
    first, until = _month(asked.month) if asked.month is not None else _period(asked.period, on)
    if until < on:
        raise _invalid("This time is over; a forecast looks ahead.")
    if first > on + timedelta(days=rules.LONGEST_DAYS):
        raise _invalid("This time is more than a year away.")
    return max(first, on), until


def check_range(days: int) -> None:
    """Raises RANGE_INVALID outside 1 to 366 days."""
    if not 1 <= days <= rules.LONGEST_DAYS:
        raise _invalid(f"A range is 1 to {rules.LONGEST_DAYS} days.")


def _month(typed: str) -> tuple[date, date]:
    try:
        return _months(date.fromisoformat(f"{typed}-01"), 1)
    except ValueError:
        raise _invalid("There is no such month.") from None


def _period(named: str | None, on: date) -> tuple[date, date]:
    """A quarter without a year is the next one of that number that is not over."""
    this_month = on.replace(day=1)
    this_quarter = on.replace(month=(on.month - 1) // _MONTHS * _MONTHS + 1, day=1)
    match (named or "").split("_"):
        case ["this", "month"]:
            return _months(this_month, 1)
        case ["next", "month"]:
            return _months(_after(this_month, 1), 1)
        case ["this", "quarter"]:
            return _months(this_quarter, _MONTHS)
        case ["next", "quarter"]:
            return _months(_after(this_quarter, _MONTHS), _MONTHS)
    year, _, quarter = (named or "").rpartition("-")
    try:
        first = date(int(year or on.year), (int(quarter[1:]) - 1) * _MONTHS + 1, 1)
        if not year and first < this_quarter:
            first = first.replace(year=first.year + 1)
        return _months(first, _MONTHS)
    except ValueError:
        raise _invalid("There is no such quarter or month.") from None


def _after(first: date, months: int) -> date:
    month = first.month - 1 + months
    return first.replace(year=first.year + month // 12, month=month % 12 + 1)


def _months(first: date, months: int) -> tuple[date, date]:
    last = _after(first, months - 1)
    return first, last.replace(day=monthrange(last.year, last.month)[1])


def _invalid(why: str) -> Fault:
    return Fault(
        "RANGE_INVALID",
        Kind.INVALID,
        why,
        "Give a range such as 90d or this_quarter, or a month from this one on, such as 2026-12.",
    )
