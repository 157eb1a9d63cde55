"""Distribution of a sum: is the distribution of a sum of deals right?
Held against every outcome, counted one by one.
"""

import math
from fractions import Fraction
from itertools import product

import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from domain.insight import distribution as subject
from domain.insight.distribution import Chance, distribution, moments

LEVELS = (0.025, 0.05, 0.1, 0.2, 0.25, 0.5, 0.75, 0.9, 0.975)
SHOCKS = (0.0, 0.05, 0.3, 0.9)
NOTHING = 1e-6

amounts = st.one_of(
    st.integers(0, 50), st.integers(0, 10**13), st.sampled_from([0, 1, 10**6, 10**9, 2**49])
)
chances = st.builds(Chance, amounts, st.integers(0, 100))
a_few = st.lists(chances, min_size=1, max_size=7)
shocks = st.sampled_from(SHOCKS)


def every_outcome(deals, shock):
    """Each sum and its probability: integrated over the shock finely, outcome by outcome."""
    if shock:
        z = [step / 16 for step in range(-96, 97)]
        weights = [math.exp(-x * x / 2) for x in z]
        weights = [one / sum(weights) for one in weights]
    else:
        z, weights = [0.0], [1.0]
    won = [[probability(deal.pct, shock, x, z, weights) for deal in deals] for x in z]
    found: dict[int, float] = {}
    for outcome in product((0, 1), repeat=len(deals)):
        total = sum(deal.amount_minor for deal, came in zip(deals, outcome, strict=True) if came)
        likely = 0.0
        for weight, ps in zip(weights, won, strict=True):
            for came, p in zip(outcome, ps, strict=True):
                weight *= p if came else 1 - p
            likely += weight
        found[total] = found.get(total, 0.0) + likely
    return sorted(found.items())


def logistic(x):
    return 1 / (1 + math.exp(-x))


def probability(pct, shock, x, z, weights):
    """The probability under a shock, around log-odds found by halving so that the mean is pct."""
    if pct in (0, 100) or not shock:
        return pct / 100
    return logistic(place(pct, shock, tuple(z), tuple(weights)) + shock * x)


PLACES: dict[tuple[int, float], float] = {}


def place(pct, shock, z, weights):
    if (pct, shock) not in PLACES:
        low, high = -20.0, 20.0
        for _ in range(60):
            middle = (low + high) / 2
            mean = sum(w * logistic(middle + shock * x) for w, x in zip(weights, z, strict=True))
            low, high = (middle, high) if mean < pct / 100 else (low, middle)
        PLACES[(pct, shock)] = low
    return PLACES[(pct, shock)]


@settings(max_examples=60)
@given(a_few, shocks)
def test_of_a_few_deals_every_quantile_is_the_one_that_counting_finds(deals, shock):
    spread = distribution(deals, shock)
    outcomes = every_outcome(deals, shock)

    for level in LEVELS:
        said = spread.quantile(level)
        assert said in dict(outcomes), "only what can come in is said"
        below = sum(p for total, p in outcomes if total < said)
        up_to = sum(p for total, p in outcomes if total <= said)
        # Where the probability of a sum is the level but for rounding, either neighbour is right.
        assert below <= level + 1e-4 and up_to >= level - 1e-4


def test_of_twelve_deals_the_quantiles_are_exactly_those_of_counting():
    deals = [Chance(123_456_789 + 7_654_321 * n * n, 7 * n + 5) for n in range(12)]
    outcomes = every_outcome(deals, 0.0)

    spread = distribution(deals, 0.0)

    for level in LEVELS:
        reached, at = 0.0, 0
        for total, p in outcomes:
            reached, at = reached + p, total
            if reached >= level:
                break
        assert spread.quantile(level) == at


@settings(max_examples=40)
@given(st.lists(chances, min_size=1, max_size=60), shocks)
def test_quantiles_rise_and_stay_between_nothing_and_everything(deals, shock):
    spread = distribution(deals, shock)
    said = [spread.quantile(level) for level in LEVELS]

    assert said == sorted(said)
    assert all(type(one) is int for one in said)
    assert said[0] >= 0
    step = sum(deal.amount_minor for deal in deals) // 4_000 + 1  # a lattice is this coarse
    assert said[-1] <= sum(deal.amount_minor for deal in deals) + step


@settings(max_examples=40)
@given(st.lists(chances, min_size=1, max_size=40), shocks, st.randoms())
def test_the_order_of_deals_says_nothing(deals, shock, random):
    shuffled = list(deals)
    random.shuffle(shuffled)

    before, after = distribution(deals, shock), distribution(shuffled, shock)

    assert [before.quantile(x) for x in LEVELS] == [after.quantile(x) for x in LEVELS]


@settings(max_examples=40)
@given(a_few, shocks, st.integers(2, 1_000))
def test_in_a_smaller_unit_the_forecast_is_the_same(deals, shock, factor):
    larger = [Chance(deal.amount_minor * factor, deal.pct) for deal in deals]

    before, after = distribution(deals, shock), distribution(larger, shock)

    assert [before.quantile(x) * factor for x in LEVELS] == [after.quantile(x) for x in LEVELS]


@settings(max_examples=40)
@given(a_few, st.integers(0, 6), st.integers(1, 100))
def test_a_likelier_deal_never_lowers_a_quantile(deals, which, more):
    which %= len(deals)
    better = list(deals)
    better[which] = Chance(deals[which].amount_minor, min(100, deals[which].pct + more))

    before, after = distribution(deals, 0.0), distribution(better, 0.0)

    assert all(after.quantile(x) >= before.quantile(x) for x in LEVELS)


@settings(max_examples=30)
@given(st.lists(chances, min_size=2, max_size=30))
def test_a_shock_widens_and_does_not_move_the_mean(deals):
    assume(any(deal.amount_minor and 0 < deal.pct < 100 for deal in deals))
    calm, rough = (mean_and_variance(distribution(deals, shock)) for shock in (0.0, 0.6))
    size = sum(deal.amount_minor for deal in deals) + 1
    exact = Fraction(sum(deal.amount_minor * deal.pct for deal in deals), 100)

    assert abs(calm[0] - exact) <= size / 4_000
    assert abs(rough[0] - exact) <= size / 4_000
    assert rough[1] >= calm[1] - (size / 1_000) ** 2


def mean_and_variance(spread):
    mass = [spread.cumulative[0], *(spread.cumulative[1:] - spread.cumulative[:-1])]
    pairs = [(int(amount), p) for amount, p in zip(spread.amounts, mass, strict=True)]
    mean = sum(amount * p for amount, p in pairs)
    return mean, sum((amount - mean) ** 2 * p for amount, p in pairs)


def a_pipeline(count, kind="mixed"):
    """Deals as a company has them: many small ones, a few that matter, or one that rules."""
    pcts = (10, 25, 40, 50, 75, 90)
    if kind == "price list":
        prices = (120_000_000, 250_000_000, 480_000_000, 990_000_000)
        return [Chance(prices[n * 7 % 4], pcts[n * 5 % 6]) for n in range(count)]
    deals = [
        Chance(int(5e7 * math.exp(2.5 * math.sin(n * n))), pcts[n * 5 % 6]) for n in range(count)
    ]
    if kind == "whale":
        deals[0] = Chance(sum(deal.amount_minor for deal in deals), 30)
    return deals


def filled(cells, p, weights, size, bulk):
    """Every frequency, out of a lattice that is filled deal by deal."""
    return subject._cell_by_cell(cells.tolist(), p, size, 4)


def finer(deals, shock, monkeypatch):
    """The same without bulk, on a lattice 16 times as fine, and with thrice as many shocks.

    The lattice is filled, whatever frequencies are heard.
    """
    monkeypatch.setattr(subject, "_one_by_one", filled)
    monkeypatch.setattr(subject, "_CELLS", 65_534)
    monkeypatch.setattr(subject, "_EXACTLY", 100_000)
    monkeypatch.setattr(subject, "_SPACING", 0.55)
    monkeypatch.setattr(subject, "_FARTHEST", 6)
    spread = distribution(deals, shock)
    monkeypatch.undo()
    return spread


@pytest.mark.parametrize("shock", [0.05, 0.3])
@pytest.mark.parametrize("kind", ["mixed", "price list", "whale"])
@pytest.mark.parametrize("count", [13, 60, 200, 700])
def test_the_error_is_below_a_two_hundredth_of_a_standard_deviation(
    monkeypatch, count, kind, shock
):
    deals = a_pipeline(count, kind)
    fine = finer(deals, shock, monkeypatch)
    deviation = math.sqrt(mean_and_variance(fine)[1])

    quick = distribution(deals, shock)

    errors = [abs(quick.quantile(x) - fine.quantile(x)) / deviation for x in LEVELS]
    assert max(errors) < 0.005


a_whale = st.lists(st.builds(Chance, st.integers(10**9, 10**12), st.integers(1, 99)), max_size=2)
alike = st.tuples(st.integers(1, 10**9), st.integers(1, 10**6), st.integers(0, 99))


@settings(max_examples=60)
@given(alike, st.integers(13, 120), a_whale, st.sampled_from((*SHOCKS, 1.5)))
def test_a_few_frequencies_say_the_same_as_the_whole_lattice(shape, count, whales, shock):
    least, apart, likely = shape
    deals = [Chance(least + apart * (n * n % 97), 1 + (likely + 7 * n) % 99) for n in range(count)]

    quick = distribution([*deals, *whales], shock)
    with pytest.MonkeyPatch.context() as patched:
        patched.setattr(subject, "_one_by_one", filled)
        whole = distribution([*deals, *whales], shock)

    assert abs(quick.cumulative - whole.cumulative).max() < 1e-9
    assert list(quick.amounts) == list(whole.amounts)


@settings(max_examples=20)
@given(st.lists(chances, min_size=13, max_size=15), a_whale, st.sampled_from(SHOCKS))
def test_a_lattice_says_what_counting_every_outcome_says(deals, whales, shock):
    deals = [*deals, *whales][-15:]
    with pytest.MonkeyPatch.context() as patched:
        patched.setattr(subject, "_OUTCOMES", 15)
        counted = distribution(deals, shock)
    deviation = math.sqrt(mean_and_variance(counted)[1])

    spread = distribution(deals, shock)

    # On a step of the staircase the level next to it is as right: within a thousandth of one.
    for level in LEVELS:
        low, high = counted.quantile(level - 1e-3), counted.quantile(level + 1e-3)
        assert low - 0.005 * deviation - 1 <= spread.quantile(level)
        assert spread.quantile(level) <= high + 0.005 * deviation + 1


def test_of_many_deals_few_frequencies_are_worked_out(monkeypatch):
    worked_out = []
    by_frequency = subject._by_frequency

    def counting(cells, p, places, size):
        worked_out.append(len(places) / size)
        return by_frequency(cells, p, places, size)

    monkeypatch.setattr(subject, "_by_frequency", counting)
    distribution([Chance(10**9 + n * n * 10**5, 50) for n in range(200)], 0.3)

    assert worked_out and worked_out[0] < 0.1


def test_of_very_many_deals_that_are_all_small_the_normal_law_is_what_is_left():
    deals = [Chance(10**6, 50)] * 9_999 + [Chance(10**6 + 1, 50)]

    spread = distribution(deals, 0.0)

    deviation = 10**6 * math.sqrt(10_000 / 4)
    for level, away in ((0.025, -1.95996), (0.5, 0.0), (0.975, 1.95996)):
        expected = 5_000 * 10**6 + away * deviation
        assert abs(spread.quantile(level) - expected) < 0.005 * deviation


def test_the_measure_of_error_sees_a_lattice_that_is_too_coarse(monkeypatch):
    deals = a_pipeline(60)
    fine = finer(deals, 0.3, monkeypatch)
    deviation = math.sqrt(mean_and_variance(fine)[1])
    monkeypatch.setattr(subject, "_CELLS", 62)

    coarse = distribution(deals, 0.3)

    assert max(abs(coarse.quantile(x) - fine.quantile(x)) for x in LEVELS) > 0.005 * deviation


def test_independent_deals_are_far_too_sure_of_themselves():
    deals = a_pipeline(700)
    calm, rough = distribution(deals, 0.0), distribution(deals, 0.3)

    def width(spread):
        return spread.quantile(0.975) - spread.quantile(0.025)

    assert width(rough) > 1.8 * width(calm)


def test_a_whale_leaves_a_gap_and_nothing_in_it_is_said():
    small = a_pipeline(150)
    whale = Chance(50 * sum(deal.amount_minor for deal in small), 30)

    spread = distribution([*small, whale], 0.3)

    assert spread.quantile(0.5) < whale.amount_minor / 10
    assert spread.quantile(0.9) > whale.amount_minor
    assert spread.at_most(whale.amount_minor // 2) == pytest.approx(0.7, abs=1e-3)


@pytest.mark.parametrize(
    ("deals", "said"),
    [
        ([], [0] * 9),
        ([Chance(0, 50)], [0] * 9),
        ([Chance(5, 0)], [0] * 9),
        ([Chance(5, 100), Chance(7, 100)], [12] * 9),
        ([Chance(10**9, 30)], [0, 0, 0, 0, 0, 0, 10**9, 10**9, 10**9]),
        ([Chance(10**9, 50)], [0, 0, 0, 0, 0, 0, 10**9, 10**9, 10**9]),
        ([Chance(2**53 - 1, 97)], [0, *[2**53 - 1] * 8]),
    ],
)
def test_one_deal_or_none_brings_what_it_brings_and_nothing_between(deals, said):
    for shock in SHOCKS:
        assert [distribution(deals, shock).quantile(x) for x in LEVELS] == said


def test_a_sum_is_at_most_itself_and_more_than_less():
    spread = distribution([Chance(10, 40), Chance(25, 80)], 0.0)

    assert [spread.at_most(x) for x in (-1, 0, 9, 10, 24, 25, 34, 35)] == pytest.approx(
        [0, 0.12, 0.12, 0.2, 0.2, 0.68, 0.68, 1]
    )


def test_moments_are_those_of_the_formulas():
    found = moments([Chance(1_000, 50), Chance(3_000, 20)])

    assert (found.expected, found.common) == (1_100, 730)
    assert found.own == round(math.sqrt(1_000**2 * 0.25 + 3_000**2 * 0.16))
