"""The numbers of the company, from the rows behind them, and no number where there are none."""

from datetime import date, timedelta
from decimal import Decimal
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from domain.fx.snapshot import Snapshot
from domain.insight import kpi_rules as rules
from domain.insight.kpi_rules import Name, Status
from tests.insight.samples import AT, TODAY, a_deal

HANOI = ZoneInfo("Asia/Ho_Chi_Minh")
RATES = Snapshot({"USD": Decimal(25_000), "EUR": Decimal("28750.5")})


def ended(status="won", *, days=10, **more):
    closed = AT.astimezone(HANOI).date()
    return a_deal(
        status=status, closed_date=closed, created_at=AT - timedelta(days=days), **more
    )  # fmt: skip


def value(*deals, rates=RATES, currency="VND"):
    return rules.pipeline_value(Name.PIPELINE_VALUE, deals, rates, currency)


def test_pipeline_value_is_amount_times_probability_in_one_currency():
    dong = a_deal(amount_minor=750_000_000, probability_pct=50)
    dollars = a_deal(amount_minor=10_000_00, currency="USD", probability_pct=10, pipeline="partner")

    in_dong, in_dollars = value(dong, dollars), value(dong, dollars, currency="USD")

    assert in_dong.value == str(375_000_000 + 1_000 * 25_000)
    assert in_dong.by_pipeline == {"sales": "375000000", "partner": "25000000"}
    assert in_dollars.value == str(15_000_00 + 1_000_00)


def test_what_has_no_rate_is_left_out_and_named():
    made = value(a_deal(), a_deal(id="X", currency="XXX"), a_deal(id="K", currency="KWD"))

    assert made.value == "187500000" and made.rows == (a_deal().id,)
    assert (made.counted, made.of, made.unrated) == (1, 3, ("KWD", "XXX"))
    assert made.missing == ("KWD", "XXX")


def test_without_open_deals_or_rates_there_is_no_value():
    assert (value().status, value().value) == (Status.NO_DATA, None)
    only_foreign = value(a_deal(currency="USD"), rates=Snapshot({}))
    assert (only_foreign.status, only_foreign.value) == (Status.NO_DATA, None)


def test_huge_amounts_are_summed_exactly():
    huge = [a_deal(amount_minor=2**53 - 1, probability_pct=99) for _ in range(1_000)]

    assert value(*huge).value == str(round(Decimal(2**53 - 1) * 990))


@pytest.mark.parametrize(
    ("won", "lost", "rate"),
    [(0, 0, None), (1, 0, "100.0"), (0, 1, "0.0"), (2, 1, "66.7"), (1, 2, "33.3"), (1, 15, "6.2")],
)
def test_win_rate_is_won_of_won_and_lost(won, lost, rate):
    deals = [ended("won")] * won + [ended("lost")] * lost

    made = rules.win_rate(deals)

    assert made.value == rate and (made.counted, made.of) == (won, won + lost)
    assert made.status is (Status.NO_DATA if rate is None else Status.MEASURED)
    assert made.by_pipeline == ({} if rate is None else {"sales": rate})


@pytest.mark.parametrize(
    ("days", "median"),
    [([], None), ([5], "5"), ([1, 2], "1.5"), ([1, 2, 90], "2"), ([0, 0], "0"), ([3, 5], "4")],
)
def test_the_deal_cycle_is_a_median_of_days(days, median):
    assert rules.deal_cycle([ended(days=one) for one in days], HANOI).value == median


def test_a_deal_that_was_typed_in_after_its_end_has_no_cycle():
    made = rules.deal_cycle([ended(days=4), ended(days=-1)], HANOI)

    assert (made.value, made.counted, made.of) == ("4", 1, 2)


def test_days_are_those_of_the_company_and_not_of_greenwich():
    """Created at 23:30 in Hanoi, which is still the same day there, and closed the day after."""
    deal = a_deal(
        status="won", closed_date=TODAY, created_at=AT.replace(day=20, hour=16, minute=30)
    )

    assert rules.deal_cycle([deal], HANOI).value == "1"


def test_precision_is_counted_on_deals_that_were_hot_and_has_the_usual_rate_beside_it():
    deals = [ended(status, id=str(n)) for n, status in enumerate(["won", "won", "lost", "lost"])]

    made = rules.lead_scoring_precision(deals, {"0": True, "2": True, "3": False})

    assert (made.value, made.rows, made.beside) == ("50.0", ("0", "2"), "33.3")
    nothing_hot = rules.lead_scoring_precision(deals, {"0": False})
    assert (nothing_hot.value, nothing_hot.status) == (None, Status.NO_DATA)


DEALS = st.lists(
    st.builds(
        ended, st.sampled_from(["won", "lost"]), days=st.integers(-50, 4_000),
        currency=st.sampled_from(["VND", "USD", "XXX"]), amount_minor=st.integers(0, 2**53 - 1),
        probability_pct=st.integers(0, 100), pipeline=st.sampled_from(["sales", "one_stage"]),
        expected_close_date=st.none() | st.just(date(1999, 1, 1)),
    ),
    max_size=12,
)  # fmt: skip


@given(DEALS)
def test_a_number_is_there_exactly_when_there_are_rows_and_is_always_a_plain_decimal(deals):
    made = [
        value(*deals),
        rules.win_rate(deals),
        rules.deal_cycle(deals, HANOI),
        rules.lead_scoring_precision(deals, {deal.id: True for deal in deals}),
    ]

    for one in made:
        assert (one.value is None) == (one.rows == ()) == (one.status is not Status.MEASURED)
        assert one.value is None or Decimal(one.value) >= 0
        assert set(one.rows) <= {deal.id for deal in deals}
        assert one.counted <= one.of
