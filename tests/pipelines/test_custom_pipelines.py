"""Custom pipelines: is a pipeline that could not work refused before a deal stands in it?"""

import dataclasses
import itertools

import pytest
from hypothesis import given
from hypothesis import strategies as st

from domain.kernel.faults import Fault
from domain.pipelines.rules import DEAL_FACTS, check_pipeline
from domain.pipelines.templates import (
    SALES,
    StageCategory,
    StageTemplate,
    Transition,
    default_transitions,
)

STAGES = SALES.stages
MOVES = default_transitions(STAGES)
QUALIFYING, DISCOVERY, PROPOSAL, NEGOTIATION, WON, LOST, CANCELLED = STAGES


def problems(stages, transitions=MOVES):
    with pytest.raises(Fault) as caught:
        check_pipeline(stages, transitions)
    assert caught.value.code == "PIPELINE_INVALID"
    return caught.value.facts["problems"]


def bent(stage, **changes):
    """The sales stages with one of them changed."""
    changed = dataclasses.replace(stage, **changes)
    return [changed if each is stage else each for each in STAGES]


@pytest.mark.parametrize(
    ("stage", "changes", "problem"),
    [
        (WON, {"code": "Won!"}, "stage number 5 needs a code"),
        (WON, {"code": ""}, "stage number 5 needs a code"),
        (WON, {"name_vi": " "}, "stage closed_won needs a Vietnamese and an English name"),
        (WON, {"name_en": "x" * 61}, "stage closed_won needs a Vietnamese and an English name"),
        (DISCOVERY, {"probability_pct": 101}, "stage discovery needs a probability"),
        (DISCOVERY, {"probability_pct": -1}, "stage discovery needs a probability"),
        (WON, {"probability_pct": 99}, "stage closed_won is won: its probability is 100"),
        (LOST, {"probability_pct": 1}, "stage closed_lost is lost: its probability is 0"),
        (WON, {"outcome": "lost"}, "stage closed_won is won: its outcome is won"),
        (DISCOVERY, {"outcome": "won"}, "stage discovery is open: its outcome is None"),
        (DISCOVERY, {"required_fields": ("salary",)}, "stage discovery may require only"),
        (WON, {"required_fields": ("owner_id",)}, "stage closed_won ends a deal"),
        (WON, {"code": "cancelled"}, "two stages have the same code"),
        (WON, {"position": 1}, "two stages have the same position"),
        (CANCELLED, {"outcome": "lost"}, "more than one stage has the outcome lost"),
    ],
)
def test_a_wrong_stage_is_named(stage, changes, problem):
    found = problems(bent(stage, **changes))

    assert any(sentence.startswith(problem) for sentence in found), found


@pytest.mark.parametrize(
    ("without", "problem"),
    [
        (WON, "no stage has the outcome won"),
        (LOST, "no stage has the outcome lost"),
    ],
)
def test_a_pipeline_needs_both_ends(without, problem):
    assert problems([stage for stage in STAGES if stage is not without]) == [problem]


def test_a_pipeline_without_a_cancelled_stage_is_fine():
    check_pipeline([stage for stage in STAGES if stage is not CANCELLED], MOVES)


def test_a_pipeline_of_ends_only_is_refused():
    assert problems([WON, LOST], []) == ["no stage is open"]
    assert "no stage is open" in problems([], [])


def test_a_pipeline_has_a_largest_size():
    many = [
        StageTemplate(f"s{n}", "Bước", "Step", 50, StageCategory.OPEN, None, n + 100)
        for n in range(29)
    ]

    check_pipeline([*many[1:], WON, LOST], default_transitions(many[1:]))
    found = problems([*many, WON, LOST], default_transitions(many))

    assert found == ["a pipeline has at most 30 stages"]


def test_names_and_requirements_may_go_to_their_limits():
    check_pipeline(bent(DISCOVERY, name_vi="x" * 60, name_en="x"), MOVES)
    check_pipeline(bent(DISCOVERY, required_fields=DEAL_FACTS), MOVES)
    check_pipeline(
        bent(DISCOVERY, code="a" * 32), default_transitions(bent(DISCOVERY, code="a" * 32))
    )


@pytest.mark.parametrize(
    ("move", "problem"),
    [
        (Transition("discovery", "nowhere"), "names a stage that does not exist"),
        (Transition("negotiation", "closed_won"), "touches an end"),
        (Transition("closed_lost", "discovery"), "touches an end"),
        (Transition("discovery", "discovery"), "leads from a stage to itself"),
    ],
)
def test_a_wrong_transition_is_named(move, problem):
    found = problems(STAGES, [*MOVES, move])

    assert len(found) == 1
    assert found[0].startswith(f"transition number {len(MOVES) + 1} {problem}")


def test_a_transition_stands_once():
    again = dataclasses.replace(MOVES[0], needs_reason=True)

    assert problems(STAGES, [*MOVES, again]) == [
        "two transitions join the same stages in the same direction"
    ]


def test_a_stage_nobody_can_reach_is_named():
    forward = [Transition("qualifying", "discovery"), Transition("negotiation", "proposal")]

    assert problems(STAGES, forward) == [
        "stage proposal cannot be reached from qualifying",
        "stage negotiation cannot be reached from qualifying",
    ]


def test_all_problems_come_at_once():
    found = problems(bent(WON, probability_pct=5, name_vi=""), [Transition("a", "b")])

    assert len(found) == 3


@given(st.permutations([stage.code for stage in STAGES[:4]]), st.sets(st.integers(0, 2)))
def test_a_chain_is_accepted_exactly_while_every_link_holds(order, broken):
    stages = [
        dataclasses.replace(stage, position=order.index(stage.code)) for stage in STAGES[:4]
    ] + [WON, LOST]
    links = [
        Transition(start, end)
        for place, (start, end) in enumerate(itertools.pairwise(order))
        if place not in broken
    ]

    if broken:
        assert len(problems(stages, links)) == 3 - min(broken)
    else:
        check_pipeline(stages, links)
