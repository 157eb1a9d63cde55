"""Task rules: when is a task due, what may become of it, and what must be said for that?"""

import re
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from enum import StrEnum
from zoneinfo import ZoneInfo

from domain.kernel.faults import Fault, Kind

FARTHEST = timedelta(days=3_660)  # ten years: what lies beyond is a typing mistake

_DUE = re.compile(
    r"\d{4}-\d\d-\d\d(?:[T ]\d\d:\d\d(?::\d\d)?(?:Z|[+-]\d\d:\d\d)?)?", re.ASCII
)  # a day, or a time with or without a zone
_YEARS = range(1900, 9990)  # in which every instant has its place on every clock
_LAST_DAY = date(9989, 12, 31)


class Outcome(StrEnum):
    """What becomes of an open task."""

    DONE = "done"
    DROPPED = "dropped"
    PUT_OFF = "put_off"


@dataclass(frozen=True, slots=True)
class Due:
    """By when: the instant from which on a task is overdue, and whether a whole day was meant."""

    at: datetime
    whole_day: bool

    def text(self, zone: ZoneInfo) -> str:
        """As people say it: `2026-12-03`, or `2026-12-03T15:00+07:00`."""
        if self.whole_day:
            return self.day(zone).isoformat()
        return self.at.astimezone(zone).isoformat(timespec="minutes")

    def day(self, zone: ZoneInfo) -> date:
        """The day it is due on the clock of the company."""
        last = self.at - timedelta(microseconds=1) if self.whole_day else self.at
        return last.astimezone(zone).date()


def read_due(typed: str) -> date | datetime:
    """A day or a time as it was typed. Raises ValueError for anything else."""
    if _DUE.fullmatch(typed) and int(typed[:4]) in _YEARS:
        try:
            return date.fromisoformat(typed) if len(typed) == 10 else datetime.fromisoformat(typed)
        except ValueError:
            pass
    raise ValueError("is not a day like 2026-12-03 or a time like 2026-12-03T15:00")


def due_of(typed: str, zone: ZoneInfo) -> Due:
    """What was typed, on the clock of the company where it names no zone."""
    when = read_due(typed)
    if not isinstance(when, datetime):
        return Due(end_of(when, zone), whole_day=True)
    return Due(when if when.tzinfo is not None else when.replace(tzinfo=zone), whole_day=False)


def end_of(day: date, zone: ZoneInfo) -> datetime:
    """The instant at which a day is over on the clock of the company."""
    following = min(day, _LAST_DAY) + timedelta(days=1)
    return datetime.combine(following, time(), tzinfo=zone)


def check_due(due: Due, now: datetime) -> None:
    """Raise DUE_INVALID: what is over cannot be promised, and nobody promises `FARTHEST` ahead."""
    if not now < due.at <= now + FARTHEST:
        raise Fault(
            "DUE_INVALID",
            Kind.INVALID,
            "A task is due at a time that is not over yet, within ten years.",
            "Ask for the day, or the time of the company like 2026-12-03T15:00.",
        )


def check_until(outcome: Outcome, until: Due | None) -> None:
    """Raise UNTIL_NEEDED where a task is put off to no time, UNTIL_UNWANTED where it ends."""
    if outcome is Outcome.PUT_OFF and until is None:
        raise Fault(
            "UNTIL_NEEDED",
            Kind.INVALID,
            "A task is put off until some time.",
            "Give until: a day, or a time of the company.",
        )
    if outcome is not Outcome.PUT_OFF and until is not None:
        raise Fault(
            "UNTIL_UNWANTED",
            Kind.INVALID,
            "A task that ends has no further time.",
            "Leave until out, or give the outcome put_off.",
        )


def check_open(status: str, outcome: Outcome) -> bool:
    """Whether a task can take this step; False where it has ended so already.

    Raises TASK_ENDED for one that has ended otherwise.
    """
    if status == "open":
        return True
    if status == outcome.value:
        return False
    raise Fault(
        "TASK_ENDED",
        Kind.CONFLICT,
        f"The task is {status}, and what has ended stays so.",
        "Write down what is left to do as a task of its own with {create_task}.",
        {"status": status},
    )
