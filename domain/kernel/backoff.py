"""Backoff: when is something tried again that failed? Later and later, but never never.

2 s, 4 s, 8 s ... and from the eighth failure on every 5 minutes
"""

from datetime import datetime, timedelta

FIRST, LONGEST = timedelta(seconds=2), timedelta(minutes=5)


def pause(failures: int) -> timedelta:
    """How long to wait after so many failures in a row, of which there was at least one."""
    doubled = min(failures - 1, 30)  # more would be a time that nothing can hold
    return min(FIRST * (1 << doubled), LONGEST)


def is_due(until: datetime, failures: int, now: datetime) -> bool:
    """Whether a pause that ends at `until` is over.

    A clock that was put back makes nobody wait longer than the pause itself.
    """
    return not until - pause(failures) <= now < until
