"""Metrics: what does a monitoring system see?
Counts by tool and outcome; nobody's name and no tenant.

Labels hold names of our own alone: tools of the policy table, methods we answer, codes of faults.
"""

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

from server.version import VERSION

# A second series for each counter, which says when it began. The library types all but this one.
disable_created_metrics()  # type: ignore[no-untyped-call]

CONTENT_TYPE = "text/plain; version=0.0.4; charset=utf-8"
_SECONDS = (0.002, 0.005, 0.01, 0.02, 0.05, 0.1, 0.2, 0.5, 1, 2, 5, 10, 30)


class Metrics:
    """The figures of one process."""

    def __init__(self) -> None:
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

    def called(self, method: str, tool: str, outcome: str, seconds: float) -> None:
        """One more call."""
        self._calls.labels(method, tool, outcome).inc()
        self._seconds.labels(method, tool).observe(seconds)

    def refused(self, reason: str) -> None:
        """One more request that got no further than the door."""
        self._refused.labels(reason).inc()

    def text(self) -> bytes:
        """Everything, in the text format of Prometheus."""
        return generate_latest(self._registry)
