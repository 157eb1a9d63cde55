"""Clock: what time is it? The only file that asks the system."""

import time
from datetime import UTC, datetime, timedelta
from typing import Protocol
from zoneinfo import ZoneInfo

VIETNAM = ZoneInfo("Asia/Ho_Chi_Minh")


class Clock(Protocol):
    """The time as a dependency, so that a test can move it."""

    def now(self) -> datetime:
        """The present instant, aware, in UTC."""
        ...

    def instant(self, of_database: datetime | None) -> datetime:
        """The instant of a transaction, for which a database that has a clock says this."""
        ...


class SystemClock:
    """The clock of the database where it has one, so that no agent's machine says how late it is;
    else, and outside transactions, that of the machine.
    """

    def now(self) -> datetime:
        return datetime.now(UTC)

    def instant(self, of_database: datetime | None) -> datetime:
        return self.now() if of_database is None else of_database.astimezone(UTC)


class HandClock:
    """A clock that stands still until it is moved: tests and replays."""

    def __init__(self, at: datetime) -> None:
        self._at = at.astimezone(UTC)

    def now(self) -> datetime:
        return self._at

    def instant(self, of_database: datetime | None) -> datetime:
        return self._at

    def move(self, step: timedelta) -> None:
        """Move forwards, or backwards to play a clock that jumps."""
        self._at += step


def stamp(at: datetime) -> str:
    """An instant as text: UTC, microseconds, `Z`; the form that is hashed and signed."""
    # `isoformat` and not `strftime`, which takes ten times as long and pads no year.
    return at.astimezone(UTC).isoformat(timespec="microseconds").removesuffix("+00:00") + "Z"


def from_stamp(text: str) -> datetime:
    """Read what `stamp` wrote."""
    return datetime.fromisoformat(text)  # a list reads thousands: strptime takes 20 times as long


def milliseconds() -> int:
    """Milliseconds since 1970, for the time part of an id; never used to decide anything."""
    return time.time_ns() // 1_000_000


def instant(at: datetime, zone: ZoneInfo) -> str:
    """An instant as people read it, on the clock of their company: `2026-11-21 09:30+07:00`."""
    return at.astimezone(zone).isoformat(sep=" ", timespec="minutes")
