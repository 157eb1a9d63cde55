"""When is an action looked at again that could not go on? Later and later, but never never.

Kept in memory by the process that works: whoever starts anew asks at once.
"""

from collections.abc import Sequence
from datetime import datetime, timedelta

FIRST, LONGEST = timedelta(seconds=2), timedelta(minutes=5)


class Patience:
    """Until when each action is left alone."""

    def __init__(self) -> None:
        self._waits: dict[str, tuple[timedelta, datetime]] = {}

    def due(self, action_ids: Sequence[str], now: datetime) -> list[str]:
        """Those of these actions that are not left alone at the moment."""
        return [id for id in action_ids if not self._is_left_alone(id, now)]

    def wait(self, action_id: str, now: datetime) -> None:
        """Leave it alone for a while, twice as long as the last time."""
        last = self._waits[action_id][0] if action_id in self._waits else FIRST / 2
        pause = min(last * 2, LONGEST)
        self._waits[action_id] = (pause, now + pause)

    def forget(self, action_id: str) -> None:
        """It went on."""
        self._waits.pop(action_id, None)

    def _is_left_alone(self, action_id: str, now: datetime) -> bool:
        if action_id not in self._waits:
            return False
        pause, until = self._waits[action_id]
        return until - pause <= now < until  # a clock that was put back makes nobody wait longer
