"""Rate limits: how much is too much? Bounds of the HTTP door, and buckets that fill with time."""

import time
from collections import Counter, OrderedDict
from collections.abc import Callable
from dataclasses import dataclass
from ipaddress import IPv6Address, ip_address, ip_network


@dataclass(frozen=True, slots=True)
class Limits:
    """What one process lets through. Times are in seconds."""

    calls_per_second: float = 20
    calls_at_once: int = 60
    in_flight: int = 16  # requests of one agent that are being answered, open streams among them
    body_bytes: int = 1024 * 1024
    head_seconds: float = 10  # from the first byte of a request to the end of its headers
    body_seconds: float = 20  # from there to the end of the body
    write_seconds: float = 30  # how long an answer may wait for a client that does not read
    idle_seconds: int = 15  # between two requests on one connection
    stop_seconds: int = 30  # longer than the longest wait of approvals_get
    connections: int = 500  # health and metrics are answered beyond it
    connections_without_token: int = 100  # of these; above it the oldest silent ones end
    connections_of_address: int = 100  # but any number of this machine and of proxies
    webhooks_per_second: float = 200  # of one address, and again of one endpoint
    webhooks_at_once: int = 5_000  # a feed that was away tells everything at once
    webhooks_in_flight: int = 64  # of one endpoint
    bad_keys_per_second: float = 5  # to guess one of 256 random bits takes for ever all the same
    bad_keys_at_once: int = 500
    bad_tokens_per_second: float = 0.2
    bad_tokens_at_once: int = 10


class Buckets:
    """A bucket of tokens for each key; at most so many keys are remembered, the newest used."""

    def __init__(
        self,
        per_second: float,
        at_once: int,
        *,
        most: int = 10_000,
        now: Callable[[], float] = time.monotonic,
    ) -> None:
        self._per_second = per_second
        self._at_once = at_once
        self._most = most
        self._now = now
        self._filled: OrderedDict[str, tuple[float, float]] = OrderedDict()

    def wait(self, key: str) -> float:
        """Seconds until there is one to take; 0 if there is one now."""
        return max(0.0, (1 - self._level(key)) / self._per_second)

    def take(self, key: str) -> None:
        """Take one; an empty bucket stays empty."""
        self._filled[key] = (max(0.0, self._level(key) - 1), self._now())
        self._filled.move_to_end(key)
        if len(self._filled) > self._most:
            self._filled.popitem(last=False)

    def _level(self, key: str) -> float:
        level, at = self._filled.get(key, (self._at_once, 0.0))
        return min(self._at_once, level + (self._now() - at) * self._per_second)


class InFlightLimit:
    """What has begun and not ended, for each key; nothing is kept of a key without any."""

    def __init__(self, most: int) -> None:
        self._most = most
        self.begun: Counter[str] = Counter()

    def is_full(self, key: str) -> bool:
        """Whether one more would be too many."""
        return self.begun[key] >= self._most

    def begin(self, key: str) -> None:
        """One more."""
        self.begun[key] += 1

    def end(self, key: str) -> None:
        """One less."""
        self.begun[key] -= 1
        if not self.begun[key]:
            del self.begun[key]


class Remembered:
    """A few values that were seen lately; the oldest is forgotten first."""

    def __init__(self, most: int = 10_000) -> None:
        self._most = most
        self._values: OrderedDict[str, None] = OrderedDict()

    def add(self, value: str) -> None:
        """Remember it, as the newest."""
        self._values[value] = None
        self._values.move_to_end(value)
        if len(self._values) > self._most:
            self._values.popitem(last=False)

    def forget(self, value: str) -> None:
        """As if it had never been seen."""
        self._values.pop(value, None)

    def __contains__(self, value: str) -> bool:
        return value in self._values


def neighbourhood(address: str) -> str:
    """Who counts as one origin: an IPv4 address, or the /64 that a household gets of IPv6."""
    try:
        parsed = ip_address(address.partition("%")[0])
    except ValueError:
        return "nowhere"
    if isinstance(parsed, IPv6Address):
        return str(parsed.ipv4_mapped or ip_network((parsed, 64), strict=False))
    return str(parsed)
