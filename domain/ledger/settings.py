"""Settings of the ledger that a company decides."""

from typing import Final

from domain.kernel.faults import Fault, Kind
from domain.ledger import chart
from domain.store.declarations import Setting


def _is_chart(value: str) -> None:
    if value not in chart.names():
        raise Fault(
            "SETTING_INVALID",
            Kind.INVALID,
            "There is no such chart of accounts.",
            f"Use one of {', '.join(chart.names())}.",
        )


# Which circular the company keeps its books by. It changes what accounts are called, and no entry.
CHART: Final[Setting[str]] = Setting(name="ledger.chart", default="circular_99", check=_is_chart)
