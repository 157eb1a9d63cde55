"""Metrics: what does a monitoring system see?
Counts by tool and outcome; nobody's name and no tenant.

Labels hold names of our own alone: tools of the policy table, methods we answer, codes of faults.
"""

from collections.abc import Awaitable, Callable
from typing import TypeAlias

from prometheus_client import (
    CollectorRegistry,
    Counter,
    Gauge,
    Histogram,
    Info,
    ProcessCollector,
    disable_created_metrics,
    generate_latest,
)

from server.standing import Figures
from server.version import VERSION

# A second series for each counter, which says when it began. The library types all but this one.
disable_created_metrics()  # type: ignore[no-untyped-call]

CONTENT_TYPE = "text/plain; version=0.0.4; charset=utf-8"
Standing: TypeAlias = Callable[[], Awaitable[Figures | None]]
_SECONDS = (0.002, 0.005, 0.01, 0.02, 0.05, 0.1, 0.2, 0.5, 1, 2, 5, 10, 30)


class Metrics:
    """The figures of one process; `standing` asks for those that stand in the database."""

    def __init__(self, standing: Standing | None = None) -> None:
        self._standing = standing
        self._registry = CollectorRegistry()
        ProcessCollector(registry=self._registry)
        Info("cyberos_build", "What runs here.", registry=self._registry).info({"version": VERSION})
        self._calls = Counter(
            "cyberos_calls", "Calls by method, tool and outcome.", ["method", "tool", "outcome"],
            registry=self._registry,
        )  # fmt: skip
        self._seconds = Histogram(
            "cyberos_call_seconds", "How long calls took.", ["method", "tool"],
            buckets=_SECONDS, registry=self._registry,
        )  # fmt: skip
        self._refused = Counter(
            "cyberos_refused", "Requests refused before a call, by reason.", ["reason"],
            registry=self._registry,
        )  # fmt: skip
        self.in_flight = Gauge(
            "cyberos_requests_in_flight", "Requests being answered.", registry=self._registry
        )

        self._gauges = (
            Gauge("cyberos_actions", "Requests that wait for people, and those of unknown outcome.",
                  ["state"], registry=self._registry),
            Gauge("cyberos_uncovered_seconds", "Age of the oldest audit entry not sealed here.",
                  ["by"], registry=self._registry),
            Gauge("cyberos_token_days", "Days until the next token of an agent expires.",
                  ["which"], registry=self._registry),
        )  # fmt: skip

    def called(self, method: str, tool: str, outcome: str, seconds: float) -> None:
        """One more call."""
        self._calls.labels(method, tool, outcome).inc()
        self._seconds.labels(method, tool).observe(seconds)

    def refused(self, reason: str) -> None:
        """One more request that got no further than the door."""
        self._refused.labels(reason).inc()

    async def look(self) -> None:
        """Ask for what stands in the database; while that is away, it is not told."""
        if self._standing is None:
            return
        for gauge in self._gauges:
            gauge.clear()
        if (figures := await self._standing()) is not None:
            actions, uncovered, token = self._gauges
            actions.labels("pending").set(figures.waiting)
            actions.labels("unknown").set(figures.unknown)
            uncovered.labels("checkpoint").set(figures.uncovered_seconds)
            if figures.token_days is not None:
                token.labels("first").set(figures.token_days)

    def text(self) -> bytes:
        """Everything, in the text format of Prometheus."""
        return generate_latest(self._registry)
