"""Backoff of actions: when is one looked at again that could not go on?

Kept in memory by the process that works: whoever starts anew asks at once.
"""

from collections.abc import Sequence
from datetime import datetime

from domain.kernel import backoff


class Backoff:
    """Until when each action waits before it is tried again."""

    def __init__(self) -> None:
        self._waits: dict[str, tuple[int, datetime]] = {}

    def due(self, action_ids: Sequence[str], now: datetime) -> list[str]:
        """Those of these actions that are not backing off at the moment."""
        return [id for id in action_ids if not self._is_backing_off(id, now)]

    def wait(self, action_id: str, now: datetime) -> None:
        """Back off for a while, twice as long as the last time."""
        failures = self._waits[action_id][0] + 1 if action_id in self._waits else 1
        self._waits[action_id] = (failures, now + backoff.pause(failures))

    def forget(self, action_id: str) -> None:
        """It went on."""
        self._waits.pop(action_id, None)

    def _is_backing_off(self, action_id: str, now: datetime) -> bool:
        if action_id not in self._waits:
            return False
        failures, until = self._waits[action_id]
        return not backoff.is_due(until, failures, now)
