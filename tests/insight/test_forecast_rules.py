"""Forecast rules: are bands nested, periods disjoint, scores
right, and is the shock learnt from errors?
"""

import random
from datetime import date, timedelta
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from domain.insight import forecast_rules as rules
from domain.insight.backtest import backtest
from domain.insight.distribution import Chance, distribution
from domain.insight.forecast_rules import BANDS, LEVELS, ScoredForecast, Totals
from fixtures.forecasts.history import history

BEGIN = date(2024, 1, 1)
DEALS = st.lists(
    st.builds(Chance, st.integers(0, 10**12), st.integers(0, 99)), min_size=1, max_size=30
)


def scored(n=0, *, error=0, common=1_000, own=100, days=30, spread=0):
    begin = BEGIN + timedelta(days=30 * n)
    quantiles = tuple(10_000 + (level - 500) * spread // 100 for level in LEVELS)
    return ScoredForecast(
        begin, begin + timedelta(days=days), 10_000, common, own, quantiles, 10_000 + error
    )


@given(DEALS, st.sampled_from([0.05, 0.3, 1.0]))
def test_bands_are_nested_around_one_median_and_commits_fall_with_certainty(deals, shock):
    spread = distribution(deals, shock)
    total = Totals("VND", len(deals), 0, tuple(spread.quantile(x / 1_000) for x in LEVELS), 0, 1)

    (low50, high50), (low80, high80), (low95, high95) = (total.band(pct) for pct in BANDS)
    assert low95 <= low80 <= low50 <= total.median_minor <= high50 <= high80 <= high95
    assert total.at_least(95) <= total.at_least(80) <= total.median_minor


def test_each_band_leaves_the_same_on_both_sides():
    assert all(high - low == 10 * pct and low + high == 1_000 for pct, (low, high) in BANDS.items())


def test_forecasts_that_speak_of_the_same_days_count_once():
    daily = [
        ScoredForecast(
            BEGIN + timedelta(days=n), BEGIN + timedelta(days=n + 30), 1, 1, 1, (1,) * 9, 1
        )
        for n in range(91)
    ]

    chosen = rules.periods(reversed(daily))

    assert [one.as_of for one in chosen] == [BEGIN + timedelta(days=30 * n) for n in range(4)]


@pytest.mark.parametrize("size", [100, 400, 900])
def test_the_shock_is_learnt_from_past_errors(size):
    chance = random.Random(5)
    past = [
        scored(n, error=round(chance.gauss(0, 1) * size + chance.gauss(0, 100))) for n in range(400)
    ]

    found = rules.estimate_shock(past)

    assert not found.is_default and found.periods == 400
    assert abs(found.permille - size) <= size * 0.15


def test_a_steady_bias_widens_the_bands_instead_of_hiding():
    found = rules.estimate_shock([scored(n, error=500) for n in range(25)])

    assert found.permille == pytest.approx(490, abs=10)


def test_below_twenty_periods_the_shock_is_assumed_and_says_so():
    found = rules.estimate_shock([scored(n, error=5_000) for n in range(19)])

    assert found.is_default and found.periods == 19
    assert found.permille == rules.DEFAULT_SHOCK


def test_the_shock_is_learnt_from_periods_of_similar_length_alone():
    past = [scored(n, days=days) for n, days in enumerate([1, 44, 45, 90, 180, 181, 366])]

    assert [(one.until - one.as_of).days for one in rules.similar(past, 90)] == [45, 90, 180]
    assert len(rules.similar([scored(days=0), scored(days=2)], 0)) == 2
    assert len(rules.similar([scored(days=3)], 0)) == 0


def test_every_length_that_can_be_asked_for_is_judged_with_its_like_and_with_no_other():
    edges = [edge for pair in rules.LENGTHS for edge in pair]
    latest_month_end = rules.LONGEST_DAYS + 30

    assert edges == sorted(edges) and edges[0] == 1 and edges[-1] >= latest_month_end
    assert all(one[1] + 1 == after[0] for one, after in pairwise(rules.LENGTHS))
    past = [scored(n, days=days) for n, days in enumerate([0, 10, 11, 45, 46, 397])]
    found = {(one.from_days, one.to_days): one.periods for one in rules.by_length(past)}
    assert found == {(1, 10): 2, (11, 21): 1, (22, 45): 1, (46, 135): 1, (136, 397): 1}


def test_of_one_range_the_length_around_it_is_told_even_without_a_period():
    (found,) = rules.by_length([scored(n, days=30) for n in range(19)], 31)
    (none,) = rules.by_length([], 90)

    assert (found.from_days, found.to_days, found.periods) == (16, 62, 19)
    assert found.told is None and found.accuracy is not None
    assert (none.from_days, none.to_days, none.periods, none.told) == (45, 180, 0, None)


def test_errors_without_any_shock_leave_the_least_there_is():
    found = rules.estimate_shock([scored(n, error=0) for n in range(30)])

    assert found.permille == rules.LEAST_SHOCK


def test_pinball_loss_is_that_of_the_formula():
    quantiles = (10, 20, 30, 40, 50, 60, 70, 80, 90)
    lost = sum(
        max(level * (55 - q), (level - 1_000) * (55 - q))
        for level, q in zip(LEVELS, quantiles, strict=True)
    )

    assert rules.pinball(quantiles, 55) == round(lost / 9_000)
    assert rules.pinball((55,) * 9, 55) == 0


def test_coverage_counts_the_edges_of_a_band_as_inside():
    past = [scored(0, error=250, spread=100), scored(1, error=251, spread=100)]

    found = rules.accuracy(past)

    assert [(one.band_pct, one.inside) for one in found.coverage] == [(50, 1), (80, 2), (95, 2)]
    assert found.periods == 2 and not found.is_enough


def test_on_a_history_with_truth_the_bands_hold_and_independent_ones_do_not():
    found = backtest(history(120, seed=7))
    covered = {one.band_pct: one.pct for one in found.forecast.coverage}
    plain = {one.band_pct: one.pct for one in found.independent.coverage}

    assert 90 <= covered[95] <= 99 and 40 <= covered[50] <= 60
    assert plain[95] < 90, "the history has a common shock, or this test could not fail"
    assert found.forecast.pinball_minor < found.independent.pinball_minor
    assert found.forecast.pinball_minor < found.forecast.plain_pinball_minor
    assert found.first_shock.is_default and not found.last_shock.is_default


def test_a_history_is_the_same_for_the_same_seed():
    assert history(5, 1) == history(5, 1) != history(5, 2)
