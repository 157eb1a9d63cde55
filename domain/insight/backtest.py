"""Backtest: would the forecast have held? A past whose outcome is known, period by period.

Each period is forecast with nothing but the periods before it, as it would have been.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date, timedelta

from domain.insight import forecast_rules as rules
from domain.insight.distribution import Chance, distribution, moments
from domain.insight.forecast_rules import LEVELS, Accuracy, ScoredForecast, Shock

_BEGIN, _LENGTH = date(2020, 1, 1), timedelta(days=30)  # periods have to have some dates


@dataclass(frozen=True, slots=True)
class Period:
    """What was open when a period began, and what came in; amounts in minor units."""

    deals: tuple[Chance, ...]
    actual_minor: int


@dataclass(frozen=True, slots=True)
class Backtest:
    """How the forecasts did, beside those of deals that know of no common shock."""

    forecast: Accuracy
    independent: Accuracy
    first_shock: Shock
    last_shock: Shock
    scored: tuple[ScoredForecast, ...]


def backtest(periods: Iterable[Period]) -> Backtest:
    """Forecast and score every period. There has to be one."""
    past: list[ScoredForecast] = []
    alone: list[ScoredForecast] = []
    shocks: list[Shock] = []
    for number, period in enumerate(periods):
        shock = rules.estimate_shock(past)
        shocks.append(shock)
        past.append(_score(number, period, shock.size))
        alone.append(_score(number, period, 0.0))
    return Backtest(rules.accuracy(past), rules.accuracy(alone), shocks[0], shocks[-1], tuple(past))


def _score(number: int, period: Period, shock: float) -> ScoredForecast:
    spread, moment = distribution(period.deals, shock), moments(period.deals)
    begin = _BEGIN + number * _LENGTH
    return ScoredForecast(
        begin,
        begin + _LENGTH,
        moment.expected,
        moment.common,
        moment.own,
        tuple(spread.quantile(level / 1_000) for level in LEVELS),
        period.actual_minor,
    )
