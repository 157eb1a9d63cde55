"""Charts of accounts: which number and which name does a role have for this company on a day?

The charts are dated data (data/accounts.toml) with their source. Their codes are provisional until
an accountant has confirmed them, and whoever shows one says so.
"""

import tomllib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from functools import lru_cache
from importlib.resources import files
from typing import Any

from domain.ledger.roles import Role


@dataclass(frozen=True, slots=True)
class Account:
    """What a role is in a chart."""

    role: Role
    code: str
    name_vi: str
    name_en: str


@dataclass(frozen=True, slots=True)
class Chart:
    """One chart from a day on: an account for each role."""

    name: str
    since: date
    source: str
    provisional: bool
    accounts: Mapping[Role, Account]


def chart_on(name: str, day: date) -> Chart:
    """The chart of this name as it stood on a day; before its first day, as it began.

    Raises KeyError for a name that no chart has: settings take no other (settings.py).
    """
    dated = [chart for chart in _charts() if chart.name == name]
    if not dated:
        raise KeyError(name)
    return next((chart for chart in reversed(dated) if chart.since <= day), dated[0])


def names() -> tuple[str, ...]:
    """The names of the charts there are."""
    return tuple(dict.fromkeys(chart.name for chart in _charts()))


@lru_cache(maxsize=1)
def _charts() -> Sequence[Chart]:
    """Every chart, of each name the oldest first."""
    text = files("domain.ledger").joinpath("data", "accounts.toml").read_text("utf-8")
    content = tomllib.loads(text)
    charts = (_chart(one, content["names"]) for one in content["chart"])
    return sorted(charts, key=lambda chart: (chart.name, chart.since))


def _chart(row: Mapping[str, Any], called: Mapping[str, Mapping[str, str]]) -> Chart:
    accounts = {
        role: Account(role, row["codes"][role], called[role]["vi"], called[role]["en"])
        for role in Role
    }
    return Chart(row["name"], row["since"], row["source"], row["provisional"], accounts)
