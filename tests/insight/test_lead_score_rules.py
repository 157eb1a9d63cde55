"""Scores: reasons that add up, nothing from nothing, and no signal found where there is none."""

from dataclasses import replace
from datetime import date, timedelta
from random import Random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from domain.insight import lead_score_rules as rules
from domain.insight.lead_score_rules import Band, Feature, History, OpenDealFacts, Past, score

TODAY = date(2026, 11, 21)


def present(**more):
    fields = {
        "account_id": "A", "industry": "Logistics", "on": TODAY,
        "created_on": TODAY - timedelta(days=60), "contact_on": TODAY,
        "usd_minor": 1_000, "usual_usd_minor": None,
    }  # fmt: skip
    return OpenDealFacts(**{**fields, **more})


def past(*records):
    """A past of (account, industry, won, lost) with amounts of 10 dollars."""
    made = Past()
    for account, industry, won, lost in records:
        for status in ["won"] * won + ["lost"] * lost:
            made.add(status, account, industry, 1_000)
    return made


def points(made):
    return {reason.feature: reason.points for reason in made.reasons}


ORDINARY = past(("B", "Retail", 20, 20))

RECORDS = st.tuples(
    st.sampled_from("ABC"), st.sampled_from(["Logistics", "LOGISTICS", "Bán lẻ", "", None]),
    st.integers(0, 40), st.integers(0, 40),
)  # fmt: skip
PASTS = st.lists(RECORDS, max_size=6).map(lambda records: past(*records))
DATES = st.dates(date(1990, 1, 1), date(2100, 1, 1))
PRESENTS = st.builds(
    OpenDealFacts, account_id=st.sampled_from("ABZ"),
    industry=st.sampled_from(["Logistics", "bán lẻ", "", None]),
    on=st.just(TODAY), created_on=DATES, contact_on=st.none() | DATES,
    usd_minor=st.none() | st.integers(0, 2**60), usual_usd_minor=st.none() | st.integers(0, 2**60),
)  # fmt: skip


@given(PRESENTS, PASTS)
def test_base_and_signed_points_add_up_to_the_score_and_nothing_is_hidden(deal, before):
    made = score(deal, before)

    assert 0 <= made.score <= 100
    assert made.base + sum(reason.points for reason in made.reasons) == made.score
    assert made.band is rules.band_of(made.score)
    assert score(deal, before) == made
    clipped = [reason for reason in made.reasons if reason.feature is Feature.BOUNDS]
    assert not clipped or made.score in (0, 100)


def test_what_is_cut_off_at_a_hundred_is_a_reason_of_its_own():
    before = past(("A", "Logistics", 200, 0), ("B", "Retail", 0, 200))
    made = score(present(usual_usd_minor=1_000), before)

    assert made.score == 100
    assert points(made) == {
        Feature.RECENCY: 12, Feature.SIZE: 8, Feature.VERTICAL: 15, Feature.WIN_RATE: 19,
        Feature.BOUNDS: -4,
    }  # fmt: skip


@pytest.mark.parametrize(
    ("before", "history"),
    [
        (past(), History.TOO_FEW),
        (past(("A", "Logistics", 1, 0)), History.TOO_FEW),
        (past(("A", "Logistics", 10, 9)), History.TOO_FEW),
        (past(("A", "Logistics", 10, 10)), History.ENOUGH),
        (past(("A", "Logistics", 50, 0)), History.ALL_WON),
        (past(("A", "Logistics", 0, 50)), History.ALL_LOST),
    ],
)
def test_a_past_that_cannot_tell_gives_no_points_and_says_so(before, history):
    made = score(present(), before)

    assert made.history is history
    if history is not History.ENOUGH:
        assert points(made)[Feature.VERTICAL] == points(made)[Feature.WIN_RATE] == 0


@given(PRESENTS)
def test_without_any_past_no_deal_is_hot(deal):
    bare = replace(deal, usual_usd_minor=rules.usual_amount(past()))

    assert score(bare, past()).band is not Band.HOT


@pytest.mark.parametrize(
    ("days", "given_"),
    [
        (0, 12),
        (3, 12),
        (4, 8),
        (7, 8),
        (8, 0),
        (14, 0),
        (15, -8),
        (30, -8),
        (31, -15),
        (9_999, -15),
    ],
)
def test_the_longer_nobody_was_in_touch_the_fewer_points(days, given_):
    made = score(present(contact_on=TODAY - timedelta(days=days)), ORDINARY)

    assert points(made)[Feature.RECENCY] == given_


@pytest.mark.parametrize(("age", "given_"), [(0, 0), (6, 0), (7, -10), (400, -10)])
def test_a_new_deal_is_not_blamed_for_having_had_no_contact(age, given_):
    deal = present(contact_on=None, created_on=TODAY - timedelta(days=age))

    assert points(score(deal, ORDINARY))[Feature.RECENCY] == given_


@pytest.mark.parametrize(
    ("amount", "usual", "given_"),
    [
        (1_000, None, 0), (None, 1_000, 0), (0, 1_000, 0), (1_000, 1_000, 8), (3_000, 1_000, 8),
        (3_001, 1_000, 0), (334, 1_000, 8), (333, 1_000, 0), (10_000, 1_000, 0),
        (10_001, 1_000, -8), (2**60, 1_000, -8),
    ],
)  # fmt: skip
def test_an_amount_like_those_won_speaks_for_a_deal_and_a_huge_one_against(amount, usual, given_):
    deal = present(usd_minor=amount, usual_usd_minor=usual)

    assert points(score(deal, ORDINARY))[Feature.SIZE] == given_


def test_the_usual_amount_is_a_median_that_one_huge_deal_does_not_move():
    before = past(("A", None, 4, 4))
    assert rules.usual_amount(before) is None

    before.add("won", "A", None, 2**60)

    assert rules.usual_amount(before) == 1_000


def test_an_industry_that_is_won_more_often_gains_and_one_that_is_won_less_loses():
    before = past(("B", "Logistics", 30, 10), ("C", "Bán lẻ", 10, 30), ("D", "Y tế", 2, 2))

    def vertical(industry):
        made = score(present(account_id="Z", industry=industry), before)
        return next(one for one in made.reasons if one.feature is Feature.VERTICAL)

    assert vertical("LOGISTICS").points == 8 and vertical("logistics")[3:] == (30, 40)
    assert vertical("ban le").points == -8
    assert vertical("Y tế").points == 0, "four deals say nothing"
    assert vertical("Khác").points == vertical(None).points == 0


def test_one_lucky_deal_of_an_account_moves_its_score_little():
    lucky = past(("A", "Logistics", 1, 0), ("B", "Logistics", 50, 50))
    proven = past(("A", "Logistics", 20, 0), ("B", "Logistics", 50, 50))

    assert points(score(present(), lucky))[Feature.WIN_RATE] == 2
    assert points(score(present(), proven))[Feature.WIN_RATE] > 10


# --- the negative control: a scorer that finds signal in noise is broken ---


def auc(pairs):
    """How often a winner has the higher score, a tie counting half: 0.5 is a coin."""
    winners = [one for one, won in pairs if won]
    losers = [one for one, won in pairs if not won]
    ahead = sum(
        (winner > loser) + 0.5 * (winner == loser) for winner in winners for loser in losers
    )
    return ahead / (len(winners) * len(losers))


def walk_forward(seed, chance_of):
    """1,600 deals in time: each is scored with what had ended before it, the first 400 warm up."""
    chance, before, pairs = Random(seed), Past(), []
    for n in range(1_600):
        account = f"account {chance.randrange(85)}"
        industry = f"industry {int(account[8:]) % 9}"
        quiet = chance.choice([0, 2, 5, 10, 20, 45])
        amount = int(chance.lognormvariate(10, 1))
        deal = present(
            account_id=account, industry=industry, contact_on=TODAY - timedelta(days=quiet),
            usd_minor=amount, usual_usd_minor=rules.usual_amount(before),
        )  # fmt: skip
        made = score(deal, before).score
        won = chance.random() < chance_of(account, industry, quiet)
        if n >= 400:
            pairs.append((made, won))
        before.add("won" if won else "lost", account, industry, amount)
    return pairs


@pytest.mark.parametrize("seed", [1, 2, 3])
def test_on_deals_without_signal_a_score_does_not_tell_winners_from_losers(seed):
    """63 percent are won whatever they look like; 0.05 is three standard errors of 1,200."""
    assert abs(auc(walk_forward(seed, lambda *_: 0.63)) - 0.5) < 0.05


@pytest.mark.parametrize("seed", [1, 2, 3])
@pytest.mark.parametrize(
    "chance_of",
    [
        lambda _account, industry, _quiet: 0.85 if int(industry[9:]) < 4 else 0.35,
        lambda account, _industry, _quiet: 0.85 if int(account[8:]) % 2 else 0.35,
        lambda _account, _industry, quiet: 0.85 if quiet < 8 else 0.35,
    ],
    ids=["in the industry", "in the account", "in the contacts"],
)
def test_on_deals_with_signal_it_does(seed, chance_of):
    """Well beyond the band of noise, though the other features say nothing and are counted."""
    assert auc(walk_forward(seed, chance_of)) > 0.57
