"""Forecast rules: what is a forecast, how good was it, how large is the shock all deals share?

Pure: deals and past errors in, whole minor units out. Levels are in thousandths, so 25 is the
amount that is not exceeded in 2.5 % of all futures.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from math import log
from typing import Protocol, TypeVar

from domain.kernel.rounding import divide

LEVELS = (25, 50, 100, 200, 250, 500, 750, 900, 975)
# Nested around one median: each band is the part between two of the levels.
BANDS: Mapping[int, tuple[int, int]] = {50: (250, 750), 80: (100, 900), 95: (25, 975)}
# What comes in at least, with this certainty.
COMMITS: Mapping[int, int] = {80: 200, 95: 50}

USUAL_DAYS = 90
LONGEST_DAYS = 366
TOP = 5
FEW_DEALS = 5  # below, a band is a list of outcomes rather than a range
OLD_RATE_DAYS = 30  # an older rate is named
MOST_A_DAY = 20  # so many forecasts of a person are kept of one day, whatever they ask
NEEDED_PERIODS = 20  # below, errors are told by chance and not by the forecast
# How many days ahead forecasts look that are judged together: about a week, a fortnight, a month, a
# quarter and longer. The last holds a month that begins a year from now.
LENGTHS = ((1, 10), (11, 21), (22, 45), (46, 135), (136, LONGEST_DAYS + 31))
# An open deal is never certain, whatever somebody wrote.
MOST_CERTAIN_PCT = 99

# The standard deviation of the common shock, in log-odds and thousandths, until a viewer's own
# past errors tell it. 0.3 was chosen before looking at 20 weekly forecasts over the 8,800 deals of
# a public CRM data set, and made a 95 % band cover 95 % where independent deals covered 55 %
# (2017 data, measured 2026-11). One data set: it is a beginning, and every forecast says so.
DEFAULT_SHOCK = 300
# What an estimate may be: no 20 periods show that there is no shock at all.
LEAST_SHOCK, LARGEST_SHOCK, SHOCK_STEP = 50, 1_500, 10


@dataclass(frozen=True, slots=True)
class Totals:
    """A forecast in one currency: deals, expected sum, and a quantile for each of LEVELS.

    `most_minor` comes in if every deal does that may; `nothing_pct` is the chance of none, in
    whole per cent from 1 to 99.
    """

    currency: str
    deals: int
    expected_minor: int
    quantiles: tuple[int, ...]
    most_minor: int
    nothing_pct: int

    def at(self, level: int) -> int:
        """The quantile at a level in thousandths."""
        return self.quantiles[LEVELS.index(level)]

    @property
    def median_minor(self) -> int:
        """As likely to be exceeded as not."""
        return self.at(500)

    def band(self, pct: int) -> tuple[int, int]:
        """Low and high of the band that holds the outcome with this per cent."""
        low, high = BANDS[pct]
        return self.at(low), self.at(high)

    def at_least(self, pct: int) -> int:
        """What is reached or exceeded with at least this per cent of certainty."""
        return self.at(COMMITS[pct])


class Dated(Protocol):
    """Something said on a day about the time until another."""

    @property
    def as_of(self) -> date: ...
    @property
    def until(self) -> date: ...


@dataclass(frozen=True, slots=True)
class ScoredForecast:
    """A forecast whose time has passed, with what came in; amounts in minor units."""

    as_of: date
    until: date
    expected_minor: int
    common_minor: int
    own_minor: int
    quantiles: tuple[int, ...]
    actual_minor: int

    @property
    def days(self) -> int:
        """How far it looked ahead; at least a day."""
        return max((self.until - self.as_of).days, 1)

    @property
    def error_minor(self) -> int:
        """How much more came in than expected."""
        return self.actual_minor - self.expected_minor


@dataclass(frozen=True, slots=True)
class Shock:
    """The common shock in thousandths of log-odds, and how many periods it was learnt from."""

    permille: int
    periods: int = 0

    @property
    def is_default(self) -> bool:
        """Whether it was assumed and not learnt."""
        return self.periods < NEEDED_PERIODS

    @property
    def size(self) -> float:
        """As the distribution takes it."""
        return self.permille / 1_000


@dataclass(frozen=True, slots=True)
class Coverage:
    """How often the outcome lay in a band."""

    band_pct: int
    inside: int
    periods: int

    @property
    def pct(self) -> int:
        """In whole per cent."""
        return divide(100 * self.inside, self.periods)


@dataclass(frozen=True, slots=True)
class Accuracy:
    """How good forecasts were over some periods.

    Pinball loss is the mean over the levels, in minor units: the lower the better. `plain` is that
    of the weighted pipeline, one number without a band.
    """

    periods: int
    coverage: tuple[Coverage, ...]
    pinball_minor: int
    plain_pinball_minor: int
    expected_minor: int
    actual_minor: int

    @property
    def is_enough(self) -> bool:
        """Whether it says something about the forecast rather than about chance."""
        return self.periods >= NEEDED_PERIODS


@dataclass(frozen=True, slots=True)
class Length:
    """How good forecasts were that looked between so many days ahead; None without a period."""

    from_days: int
    to_days: int
    accuracy: Accuracy | None

    @property
    def periods(self) -> int:
        """Of how many periods the outcome is known."""
        return self.accuracy.periods if self.accuracy else 0

    @property
    def told(self) -> Accuracy | None:
        """The accuracy, if it says something about the forecast rather than about chance."""
        return self.accuracy if self.accuracy and self.accuracy.is_enough else None


Said = TypeVar("Said", bound=Dated)


def periods(forecasts: Iterable[Said]) -> list[Said]:
    """As many of the forecasts as can be without two that speak of the same days.

    What overlaps errs together, so a forecast asked for every day is not 90 pieces of evidence.
    Of two with the same end the earlier one counts.
    """
    chosen: list[Said] = []
    for one in sorted(forecasts, key=lambda one: (one.until, one.as_of)):
        if not chosen or one.as_of >= chosen[-1].until:
            chosen.append(one)
    return chosen


def similar(past: Iterable[ScoredForecast], days: int) -> list[ScoredForecast]:
    """The forecasts that looked about as far ahead: at most twice as many days, at least half.

    What days do together in a week says little about a year.
    """
    return _between(past, *_around(days))


def by_length(past: Iterable[ScoredForecast], days: int | None = None) -> tuple[Length, ...]:
    """How good forecasts were, length by length, over periods that do not overlap.

    Of `days` given, the one length around them; else each of LENGTHS that has a period. A week is
    easier to foresee than a quarter, and many short ones would hide a few long ones.
    """
    every = list(past)
    asked = LENGTHS if days is None else (_around(days),)
    chosen = [(pair, periods(_between(every, *pair))) for pair in asked]
    return tuple(
        Length(*pair, accuracy(found) if found else None)
        for pair, found in chosen
        if found or days is not None
    )


def estimate_shock(past: Sequence[ScoredForecast]) -> Shock:
    """The size under which the past errors are most probable; the default below 20 periods.

    Each error is taken as normal with variance own^2 + (shock * common)^2. A steady bias counts as
    shock too, so that it widens the bands instead of hiding.
    """
    told = [one for one in past if one.common_minor > 0]
    if len(told) < NEEDED_PERIODS:
        return Shock(DEFAULT_SHOCK, len(told))
    sizes = range(LEAST_SHOCK, LARGEST_SHOCK + 1, SHOCK_STEP)
    return Shock(min(sizes, key=lambda size: _surprise(told, size)), len(told))


def accuracy(past: Sequence[ScoredForecast]) -> Accuracy:
    """Coverage and pinball loss over periods, of which there is at least one."""
    assert past, "no period, no accuracy"
    return Accuracy(
        periods=len(past),
        coverage=tuple(_coverage(past, pct) for pct in BANDS),
        pinball_minor=_mean(pinball(one.quantiles, one.actual_minor) for one in past),
        plain_pinball_minor=_mean(
            pinball((one.expected_minor,) * len(LEVELS), one.actual_minor) for one in past
        ),
        expected_minor=sum(one.expected_minor for one in past),
        actual_minor=sum(one.actual_minor for one in past),
    )


def pinball(quantiles: Sequence[int], actual_minor: int) -> int:
    """The mean over the levels of what each quantile missed by, weighed by its level."""
    lost = 0
    for level, quantile in zip(LEVELS, quantiles, strict=True):
        missed = actual_minor - quantile
        lost += level * missed if missed >= 0 else (level - 1_000) * missed
    return divide(lost, 1_000 * len(LEVELS))


def certainty(probability_pct: int) -> int:
    """The probability a forecast works with: nothing that is open is certain."""
    return min(probability_pct, MOST_CERTAIN_PCT)


def _around(days: int) -> tuple[int, int]:
    """From half as many days to twice as many."""
    asked = max(days, 1)
    return -(-asked // 2), 2 * asked


def _between(past: Iterable[ScoredForecast], least: int, most: int) -> list[ScoredForecast]:
    return [one for one in past if least <= one.days <= most]


def _coverage(past: Sequence[ScoredForecast], pct: int) -> Coverage:
    low, high = (LEVELS.index(level) for level in BANDS[pct])
    inside = sum(one.quantiles[low] <= one.actual_minor <= one.quantiles[high] for one in past)
    return Coverage(pct, inside, len(past))


def _surprise(past: Sequence[ScoredForecast], permille: int) -> float:
    """Minus the log-likelihood of the errors, but for a constant."""
    lost = 0.0
    for one in past:
        variance = one.own_minor**2 + (one.common_minor * permille / 1_000) ** 2
        lost += log(variance) + one.error_minor**2 / variance
    return lost


def _mean(values: Iterable[int]) -> int:
    every = list(values)
    return divide(sum(every), len(every))
