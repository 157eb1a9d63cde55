"""Rules of next best actions:
when does each fire, when is it silent, and in what order do they come?
"""

from datetime import date, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from domain.insight import next_actions_rules as rules
from domain.insight.next_actions_rules import DealEvent, DealSituation, Rule, suggestions
from domain.kernel.ids import is_id
from tests.insight.samples import AT, TODAY, a_deal, days_ago


def found(situation=None, /, *, at=AT, on=TODAY, **deal):
    situation = situation or DealSituation(deal=a_deal(**deal))
    return {one.rule: one for one in suggestions(situation, at, on)}


def called(days, id="01JX"):
    return DealEvent(id, days_ago(days))


def test_a_deal_that_needs_nothing_gets_no_suggestion():
    assert found() == {}


@pytest.mark.parametrize(
    ("days", "limit"), [(6.9, None), (7, 7), (13.9, 7), (14, 14), (29.9, 14), (30, 30), (400, 30)]
)
def test_a_silent_deal_is_named_after_7_14_and_30_days_and_each_is_another_suggestion(days, limit):
    made = found(stage_entered_at=days_ago(days), created_at=days_ago(days))

    assert (Rule.STAGNATION in made) == (limit is not None)
    if limit is not None:
        at_limit = found(
            stage_entered_at=days_ago(days), created_at=days_ago(days),
            at=days_ago(days) + timedelta(days=limit),
        )  # fmt: skip
        assert made[Rule.STAGNATION].days == int(days)
        assert made[Rule.STAGNATION].id == at_limit[Rule.STAGNATION].id
        assert found(
            stage_entered_at=days_ago(days), created_at=days_ago(days),
            at=days_ago(days) + timedelta(days=limit) - timedelta(seconds=1),
        ).get(Rule.STAGNATION) != at_limit[Rule.STAGNATION]  # fmt: skip


def test_a_contact_ends_the_silence_and_a_task_alone_does_not():
    silent = a_deal(stage_entered_at=days_ago(20))

    contacted = found(DealSituation(deal=silent, contact=called(2)))
    planned = found(DealSituation(deal=silent, is_planned=True))

    assert Rule.STAGNATION not in contacted
    assert planned[Rule.STAGNATION].days == 20


@pytest.mark.parametrize(("quiet", "speaks"), [(2.9, False), (3, True), (6.9, True), (7, False)])
def test_after_a_contact_the_next_step_is_asked_for_until_silence_sets_in(quiet, speaks):
    situation = DealSituation(deal=a_deal(stage_entered_at=days_ago(30)), contact=called(quiet))

    assert (Rule.NO_NEXT_STEP in found(situation)) is speaks


def test_an_open_task_is_a_next_step():
    deal = a_deal(stage_entered_at=days_ago(30))

    planned = found(DealSituation(deal=deal, contact=called(4), is_planned=True))
    unplanned = found(DealSituation(deal=deal, contact=called(4)))

    assert Rule.NO_NEXT_STEP not in planned
    assert Rule.NO_NEXT_STEP in unplanned


def test_a_missing_primary_contact_names_the_one_the_account_has():
    deal = a_deal(primary_contact_id=None)

    known = found(DealSituation(deal=deal, account_contact_id="01JK"))[Rule.MISSING_PRIMARY_CONTACT]
    unknown = found(DealSituation(deal=deal))[Rule.MISSING_PRIMARY_CONTACT]

    assert (known.contact_id, unknown.contact_id) == ("01JK", None)
    assert "01JK" in known.evidence
    assert known.id != unknown.id, "somebody new at the account is a new reason"


@pytest.mark.parametrize(
    ("deal", "rule"),
    [
        ({"vn_mst": None, "vn_mst_status": None}, Rule.TAX_CODE_MISSING),
        ({"vn_mst_status": "stale"}, Rule.TAX_CODE_UNCONFIRMED),
        ({"vn_mst_status": "unverified"}, Rule.TAX_CODE_UNCONFIRMED),
        ({"vn_mst_status": None}, Rule.TAX_CODE_UNCONFIRMED),
        ({"vn_mst_status": "valid"}, None),
        ({"vn_mst": None, "account_type": "individual"}, None),
        ({"vn_mst": None, "account_type": "other"}, None),
    ],
)
def test_the_tax_code_is_asked_for_when_an_invoice_is_near_and_not_before(deal, rule):
    codes = {Rule.TAX_CODE_MISSING, Rule.TAX_CODE_UNCONFIRMED}

    near = found(probability_pct=50, **deal)
    won = found(status="won", closed_date=date(2026, 1, 1), **deal)
    far = found(probability_pct=49, **deal)

    assert codes & near.keys() == ({rule} if rule else set())
    assert codes & won.keys() == ({rule} if rule else set())
    assert codes & far.keys() == set()


@pytest.mark.parametrize(("days", "speaks"), [(-1, False), (0, False), (1, True), (3_000, True)])
def test_an_expected_close_in_the_past_is_named_from_the_day_after_on(days, speaks):
    made = found(expected_close_date=TODAY - timedelta(days=days))

    assert (Rule.EXPECTED_CLOSE_PAST in made) is speaks
    assert not speaks or made[Rule.EXPECTED_CLOSE_PAST].days == days


@pytest.mark.parametrize(
    ("deal", "speaks"),
    [
        ({"closed_date": TODAY}, True),
        ({"closed_date": TODAY - timedelta(days=90)}, True),
        ({"closed_date": TODAY - timedelta(days=91)}, False),
        ({"closed_date": TODAY + timedelta(days=1)}, False),
        ({"closed_date": TODAY, "amount_minor": 0}, False),
        ({"closed_date": TODAY, "currency": "USD"}, False),
        ({"closed_date": None}, False),
    ],
)
def test_collection_is_due_on_deals_won_lately_that_a_vietqr_can_pay(deal, speaks):
    assert (Rule.COLLECTION_DUE in found(**{"status": "won", **deal})) is speaks


def test_collection_is_not_asked_of_a_deal_that_is_open_or_lost():
    assert Rule.COLLECTION_DUE not in found(closed_date=TODAY)
    assert found(status="lost", closed_date=TODAY, probability_pct=0, vn_mst=None) == {}
    assert found(status="cancelled", closed_date=TODAY, probability_pct=0, vn_mst=None) == {}


@pytest.mark.parametrize(
    ("stage", "waited", "mail", "speaks"),
    [
        ("proposal", 3, None, True),
        ("terms", 3, None, True),
        ("proposal", 2.9, None, False),
        ("proposal", 5, 4, False),
        ("proposal", 5, 6, True),
        ("negotiation", 5, None, False),
        ("only_stage", 5, None, False),
    ],
)
def test_a_proposal_without_an_e_mail_since_its_stage_was_reached_is_not_sent(
    stage, waited, mail, speaks
):
    deal = a_deal(stage=stage, stage_entered_at=days_ago(waited))
    situation = DealSituation(deal=deal, mail=called(mail) if mail is not None else None)

    assert (Rule.PROPOSAL_NOT_SENT in found(situation)) is speaks


@pytest.mark.parametrize(
    ("deal", "stake"),
    [
        ({}, 187_500_000),
        ({"amount_minor": 0}, 0),
        ({"amount_minor": 2**53 - 1, "probability_pct": 100}, 2**53 - 1),
        ({"status": "won", "probability_pct": 100}, 750_000_000),
    ],
)
def test_at_stake_is_the_expected_worth_or_all_that_was_won(deal, stake):
    assert rules.stake(a_deal(**deal)) == stake


def test_the_most_dong_come_first_and_what_nobody_can_convert_comes_last_by_its_rule():
    def one(name, dong, **deal):
        situation = DealSituation(deal=a_deal(id=name, **deal), vnd_minor=dong)
        return suggestions(situation, AT, TODAY)

    late = {"expected_close_date": date(2026, 1, 1)}
    everything = [
        *one("unknown", None, primary_contact_id=None, **late),
        *one("small", 10, **late),
        *one("zero", 0, **late),
        *one("big", 10_000, primary_contact_id=None, **late),
    ]

    order = [(each.deal.id, each.rule) for each in rules.ranked(everything)]

    assert order == [
        ("big", Rule.EXPECTED_CLOSE_PAST),
        ("big", Rule.MISSING_PRIMARY_CONTACT),
        ("small", Rule.EXPECTED_CLOSE_PAST),
        ("zero", Rule.EXPECTED_CLOSE_PAST),
        ("unknown", Rule.EXPECTED_CLOSE_PAST),
        ("unknown", Rule.MISSING_PRIMARY_CONTACT),
    ]
    best = [each.deal.id for each in rules.best_of_each(rules.ranked(everything))]
    assert best == ["big", "small", "zero", "unknown"]


def test_a_persons_tax_number_cannot_be_tried_out_from_an_id():
    one, other = (
        found(probability_pct=50, vn_mst=f"00109901{n}345", vn_mst_status="unverified")
        for n in (1, 2)
    )

    assert one[Rule.TAX_CODE_UNCONFIRMED].id == other[Rule.TAX_CODE_UNCONFIRMED].id


DAYS = st.integers(-400, 4_000)
DEALS = st.builds(
    a_deal,
    amount_minor=st.integers(0, 2**53 - 1),
    currency=st.sampled_from(["VND", "USD", "XXX"]),
    probability_pct=st.integers(0, 100),
    status=st.sampled_from(["open", "won", "lost", "cancelled"]),
    stage=st.sampled_from(["proposal", "terms", "only_stage"]),
    stage_entered_at=DAYS.map(days_ago),
    created_at=DAYS.map(days_ago),
    expected_close_date=st.none() | st.dates(),
    closed_date=st.none() | st.dates(),
    primary_contact_id=st.none() | st.just("01JC"),
    vn_mst=st.none() | st.just("0316794479"),
    vn_mst_status=st.sampled_from([None, "valid", "stale"]),
)
EVENTS = st.none() | DAYS.map(called)
SITUATIONS = st.builds(
    DealSituation, deal=DEALS, contact=EVENTS, mail=EVENTS, is_planned=st.booleans(),
    account_contact_id=st.none() | st.just("01JK"),
    vnd_minor=st.none() | st.integers(0, 2**60),
)  # fmt: skip


@given(SITUATIONS)
def test_whatever_stands_in_a_deal_its_suggestions_are_the_same_twice_and_whole(situation):
    once, again = suggestions(situation, AT, TODAY), suggestions(situation, AT, TODAY)

    assert once == again
    assert len({one.id for one in once}) == len(once) == len({one.rule for one in once})
    for one in once:
        assert is_id(one.id)
        assert one.days >= 0 and one.stake_minor >= 0
        assert one.evidence[0] == situation.deal.id
        assert one.expires_at == AT + rules.LIVES
    if situation.deal.status in {"lost", "cancelled"}:
        assert once == []


@given(SITUATIONS, st.integers(0, 60))
def test_a_suggestion_keeps_its_id_while_only_time_goes_by_within_its_tier(situation, hours):
    now = {one.rule: one.id for one in suggestions(situation, AT, TODAY)}
    then, day = AT + timedelta(hours=hours), TODAY + timedelta(hours // 24)
    later = {one.rule: one.id for one in suggestions(situation, then, day)}

    for rule in (now.keys() & later.keys()) - {Rule.STAGNATION}:
        assert now[rule] == later[rule]


@given(st.lists(SITUATIONS, max_size=8), st.randoms())
def test_the_ranking_does_not_depend_on_the_order_of_the_question(situations, chance):
    everything = [one for each in situations for one in suggestions(each, AT, TODAY)]
    distinct = list({(one.deal.id, one.rule, one.vnd_minor): one for one in everything}.values())
    shuffled = list(distinct)
    chance.shuffle(shuffled)

    def key(one):
        return one.vnd_minor, one.rule, one.deal.id

    assert list(map(key, rules.ranked(distinct))) == list(map(key, rules.ranked(shuffled)))


def test_collection_is_not_asked_for_twice():
    won = a_deal(status="won", closed_date=TODAY)

    assert Rule.COLLECTION_DUE in found(DealSituation(deal=won))
    assert Rule.COLLECTION_DUE not in found(DealSituation(deal=won, asked_to_pay=True))
