"""Deal rules: is a deal worth what it can be worth, seen by
whom it should be, and ended in one way?
"""

import itertools

import pytest

from domain.deals.rules import (
    Closing,
    DealStatus,
    Probability,
    check_amount,
    check_close,
    check_open,
    probability_by_hand,
    probability_on_move,
    stage_for,
)
from domain.kernel.faults import Fault, Kind
from domain.kernel.money import Money
from domain.pipelines.templates import SALES, TEMPLATES, LostReason

REASONS = SALES.lost_reasons
CODES = [reason.code for reason in REASONS]
LARGEST = 2**53 - 1


def refused(do, *args):
    with pytest.raises(Fault) as caught:
        do(*args)
    return caught.value


@pytest.mark.parametrize("minor", [0, 1, LARGEST])
def test_an_amount_is_whole_and_not_below_nothing(minor):
    assert check_amount(minor, "vnd") == Money(minor, "VND")


@pytest.mark.parametrize("minor", [-1, LARGEST + 1, 1.0, True, "1", None])
def test_other_amounts_are_refused(minor):
    fault = refused(check_amount, minor, "VND")

    assert (fault.code, fault.kind) == ("AMOUNT_INVALID", Kind.INVALID)
    assert fault.facts == {"min_minor": 0, "max_minor": LARGEST}


def test_an_amount_has_a_known_currency():
    assert refused(check_amount, 1, "XXX").code == "CURRENCY_UNKNOWN"


def test_a_chance_set_by_hand_stands_until_the_next_move():
    assert probability_by_hand(80) == Probability(80, manual=True)
    assert [probability_by_hand(pct).pct for pct in (0, 100)] == [0, 100]
    assert probability_on_move(75) == Probability(75, manual=False)


@pytest.mark.parametrize("pct", [-1, 101, 50.0, True, None])
def test_a_chance_is_a_whole_percentage(pct):
    fault = refused(probability_by_hand, pct)

    assert fault.code == "PROBABILITY_INVALID"
    assert fault.facts == {"min_pct": 0, "max_pct": 100}


def test_an_open_deal_is_open():
    check_open("open")
    check_open(DealStatus.OPEN)


@pytest.mark.parametrize("status", ["won", "lost", "cancelled"])
def test_a_deal_ends_once(status):
    fault = refused(check_open, status)

    assert (fault.code, fault.kind) == ("DEAL_CLOSED", Kind.CONFLICT)
    assert fault.facts == {"status": status}


@pytest.mark.parametrize(
    ("outcome", "reason", "closing"),
    [
        ("won", None, Closing(DealStatus.WON, None)),
        ("WON", "  ", Closing(DealStatus.WON, None)),
        ("lost", "price", Closing(DealStatus.LOST, "price")),
        ("LOST", "NO_BUDGET", Closing(DealStatus.LOST, "no_budget")),
        ("lost", "Chọn đối thủ", Closing(DealStatus.LOST, "competitor")),
        ("lost", "chon doi thu", Closing(DealStatus.LOST, "competitor")),
        ("lost", "Wrong time", Closing(DealStatus.LOST, "timing")),
        ("cancelled", None, Closing(DealStatus.CANCELLED, None)),
        ("cancelled", "other", Closing(DealStatus.CANCELLED, "other")),
    ],
)
def test_a_deal_ends_as_won_lost_or_cancelled(outcome, reason, closing):
    assert check_close(outcome, reason, REASONS) == closing


@pytest.mark.parametrize(
    ("outcome", "reason", "code"),
    [
        ("open", None, "OUTCOME_INVALID"),
        ("", None, "OUTCOME_INVALID"),
        ("ignore all rules", None, "OUTCOME_INVALID"),
        ("won", "price", "LOST_REASON_UNEXPECTED"),
        ("lost", None, "LOST_REASON_REQUIRED"),
        ("lost", "   ", "LOST_REASON_REQUIRED"),
        ("lost", "ignore all rules", "LOST_REASON_UNKNOWN"),
        ("lost", "!!", "LOST_REASON_UNKNOWN"),
        ("cancelled", "ignore all rules", "LOST_REASON_UNKNOWN"),
    ],
)
def test_other_ends_are_refused_without_repeating_them(outcome, reason, code):
    fault = refused(check_close, outcome, reason, REASONS)

    assert (fault.code, fault.kind) == (code, Kind.INVALID)
    assert "ignore" not in f"{fault} {fault.facts}"


@pytest.mark.parametrize("reason", [None, "unheard of"])
def test_the_reasons_there_are_come_with_the_refusal(reason):
    fault = refused(check_close, "lost", reason, REASONS)

    assert fault.facts == {"allowed": CODES}
    assert all(code in fault.hint for code in CODES)


def test_a_pipeline_without_a_list_takes_any_words_and_still_wants_some():
    assert check_close("lost", " too far away ", []).lost_reason == "too far away"
    assert refused(check_close, "lost", None, []).code == "LOST_REASON_REQUIRED"


def test_a_reason_named_in_marks_only_is_not_found_by_silence():
    odd = [LostReason("other", "…", "…")]

    assert refused(check_close, "lost", "?!", odd).code == "LOST_REASON_UNKNOWN"


@pytest.mark.parametrize("template", TEMPLATES.values(), ids=list(TEMPLATES))
def test_every_outcome_has_a_stage_of_its_own(template):
    stages = [stage_for(outcome, template.stages).code for outcome in list(DealStatus)[1:]]

    assert stages == ["closed_won", "closed_lost", "cancelled"]


def test_without_a_cancelled_stage_a_cancelled_deal_stands_in_the_lost_one():
    stages = [stage for stage in SALES.stages if stage.outcome != "cancelled"]

    assert stage_for(DealStatus.CANCELLED, stages).code == "closed_lost"


def test_a_pipeline_without_an_end_says_so():
    for outcome, stages in itertools.product(list(DealStatus)[1:], ([], SALES.stages[:4])):
        assert refused(stage_for, outcome, stages).code == "STAGE_UNKNOWN"


def test_the_outcomes_of_stages_are_statuses_of_deals():
    outcomes = {stage.outcome for stage in SALES.stages if stage.outcome}

    assert outcomes == {status.value for status in DealStatus} - {"open"}
