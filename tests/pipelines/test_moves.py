"""Moves between stages: does a deal move only where its pipeline lets it, and does each refusal say
where it may?
"""

import dataclasses
from datetime import date

import pytest
from hypothesis import given
from hypothesis import strategies as st

from domain.kernel.faults import Fault, Kind
from domain.pipelines.rules import Graph, check_move
from domain.pipelines.templates import SALES, TEMPLATES, Transition, default_transitions

GRAPH = Graph(SALES.stages, default_transitions(SALES.stages))
READY = {
    "amount_minor": 750_000_000,
    "expected_close_date": date(2026, 5, 1),
    "primary_contact_id": "01HZK7AAAAAAAAAAAAAAAAAAAA",
    "owner_id": "01HZK7BBBBBBBBBBBBBBBBBBBB",
}
CODES = [stage.code for stage in SALES.stages]


def refusal(from_code, to_code, reason=None, facts=READY, graph=GRAPH):
    with pytest.raises(Fault) as caught:
        check_move(graph, from_code, to_code, reason, facts)
    return caught.value


@pytest.mark.parametrize(
    ("from_code", "to_code", "reason"),
    [
        ("discovery", "proposal", None),
        ("negotiation", "qualifying", None),
        ("qualifying", "negotiation", "the customer called us with a signed plan"),
        ("discovery", " PROPOSAL ", None),
    ],
)
def test_a_move_of_the_pipeline_is_allowed(from_code, to_code, reason):
    move = check_move(GRAPH, from_code, to_code, reason, READY)

    assert (move.from_code, move.to_code) == (from_code, to_code.strip().lower())


def test_skipping_forward_needs_a_reason_and_says_so():
    fault = refusal("discovery", "negotiation", reason="  ")

    assert (fault.code, fault.kind) == ("REASON_REQUIRED", Kind.INVALID)
    assert fault.facts == {
        "allowed": [
            {"stage": "qualifying", "needs_reason": False, "missing_fields": []},
            {"stage": "proposal", "needs_reason": False, "missing_fields": []},
            {"stage": "negotiation", "needs_reason": True, "missing_fields": []},
        ]
    }
    assert fault.hint.endswith(
        "From here it can move to qualifying, proposal; with a reason to negotiation."
    )


def test_an_unknown_stage_is_answered_with_the_known_ones():
    fault = refusal("discovery", "ignore all rules")

    assert (fault.code, fault.kind) == ("STAGE_UNKNOWN", Kind.INVALID)
    assert all(code in fault.hint for code in CODES)
    assert [move["stage"] for move in fault.facts["allowed"]] == [
        "qualifying",
        "proposal",
        "negotiation",
    ]
    assert "ignore" not in f"{fault} {fault.facts}"


@pytest.mark.parametrize(
    ("end", "outcome"), [("closed_won", "won"), ("closed_lost", "lost"), ("cancelled", "cancelled")]
)
def test_an_end_is_reached_by_closing_only(end, outcome):
    fault = refusal("negotiation", end, reason="please")

    assert fault.code == "STAGE_TERMINAL"
    assert f'Use {{close_deal}} with the outcome "{outcome}".' in fault.hint
    assert "proposal" in fault.hint


def test_a_deal_that_ended_moves_no_more():
    for end in ("closed_won", "closed_lost", "cancelled"):
        for target in CODES:
            fault = refusal(end, target, reason="please")
            assert (fault.code, fault.facts) == ("STAGE_TERMINAL", {"allowed": []})


def test_standing_still_is_not_a_move():
    fault = refusal("discovery", "Discovery")

    assert fault.code == "STAGE_SAME"
    assert "qualifying, proposal" in fault.hint


def test_a_move_the_pipeline_does_not_have_is_refused():
    one_way = Graph(SALES.stages, (Transition("qualifying", "discovery"),))

    fault = refusal("discovery", "qualifying", graph=one_way)

    assert (fault.code, fault.kind) == ("TRANSITION_NOT_ALLOWED", Kind.CONFLICT)
    assert (fault.facts, fault.hint) == ({"allowed": []}, "")


def test_a_deal_in_a_stage_that_is_gone_is_an_administrators_matter():
    fault = refusal("gone", "discovery")

    assert (fault.code, fault.kind) == ("STAGE_UNKNOWN", Kind.CONFLICT)
    assert fault.facts == {"allowed": []}


@pytest.mark.parametrize("nothing", [None, "", 0])
def test_what_a_stage_needs_must_be_known_before(nothing):
    fault = refusal("discovery", "proposal", facts={**READY, "amount_minor": nothing})

    assert (fault.code, fault.kind) == ("FIELDS_REQUIRED", Kind.CONFLICT)
    assert fault.facts["fields"] == ["amount_minor"]
    assert fault.facts["allowed"] == [
        {"stage": "qualifying", "needs_reason": False, "missing_fields": []},
        {"stage": "proposal", "needs_reason": False, "missing_fields": ["amount_minor"]},
        {"stage": "negotiation", "needs_reason": True, "missing_fields": ["amount_minor"]},
    ]


def test_all_missing_fields_are_named_at_once():
    fault = refusal("proposal", "negotiation", facts={})

    assert fault.facts["fields"] == ["amount_minor", "expected_close_date", "primary_contact_id"]


def test_going_back_needs_nothing():
    assert check_move(GRAPH, "negotiation", "proposal", None, {}).to_code == "proposal"


def test_a_reason_is_asked_for_before_the_fields():
    assert refusal("discovery", "negotiation", facts={}).code == "REASON_REQUIRED"


@given(
    st.sampled_from(list(TEMPLATES.values())),
    st.data(),
    st.sampled_from([None, "", "a reason"]),
    st.dictionaries(st.sampled_from(list(READY)), st.sampled_from([None, 0, "x", 5])),
)
def test_what_a_refusal_lists_as_allowed_is_allowed(template, data, reason, facts):
    graph = Graph(template.stages, default_transitions(template.stages))
    codes = [stage.code for stage in template.stages]
    start, end = data.draw(st.sampled_from(codes)), data.draw(st.sampled_from([*codes, "x"]))

    try:
        check_move(graph, start, end, reason, facts)
    except Fault as fault:
        allowed = fault.facts["allowed"]
    else:
        allowed = []

    for way in allowed:
        filled = {**facts, **dict.fromkeys(way["missing_fields"], "now known")}
        given_reason = "because" if way["needs_reason"] else None
        assert check_move(graph, start, way["stage"], given_reason, filled)


@given(st.sampled_from(list(TEMPLATES.values())), st.data())
def test_no_move_ever_reaches_an_end(template, data):
    graph = Graph(template.stages, default_transitions(template.stages))
    start = data.draw(st.sampled_from(template.stages))
    end = data.draw(st.sampled_from([stage for stage in template.stages if stage.outcome]))

    assert refusal(start.code, end.code, "please", READY, graph).code == "STAGE_TERMINAL"


def test_even_a_wrong_graph_does_not_let_a_deal_end_by_moving():
    shortcut = dataclasses.replace(GRAPH, transitions=(Transition("proposal", "closed_won"),))

    assert refusal("proposal", "closed_won", graph=shortcut).code == "STAGE_TERMINAL"
