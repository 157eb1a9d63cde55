"""Pipeline templates: are the four pipelines we offer complete, and is the sales one the
specification's?
"""

import dataclasses
import itertools

import pytest

from domain.pipelines.rules import check_pipeline
from domain.pipelines.templates import SALES, TEMPLATES, StageCategory, default_transitions

EVERY = pytest.mark.parametrize("template", TEMPLATES.values(), ids=list(TEMPLATES))


def test_there_are_four_shapes():
    assert list(TEMPLATES) == ["sales", "partner", "inbound", "outbound"]


def test_sales_has_the_seven_stages_of_the_specification():
    stages = [
        (stage.code, stage.name_vi, stage.name_en, stage.probability_pct, stage.category)
        for stage in SALES.stages
    ]

    assert stages == [
        ("qualifying", "Đánh giá", "Qualifying", 10, "open"),
        ("discovery", "Khám phá", "Discovery", 25, "open"),
        ("proposal", "Đề xuất", "Proposal", 50, "open"),
        ("negotiation", "Đàm phán", "Negotiation", 75, "open"),
        ("closed_won", "Thắng", "Closed Won", 100, "won"),
        ("closed_lost", "Thua", "Closed Lost", 0, "lost"),
        ("cancelled", "Huỷ", "Cancelled", 0, "lost"),
    ]
    assert [stage.position for stage in SALES.stages] == [1, 2, 3, 4, 5, 6, 7]


@EVERY
def test_a_template_passes_the_check_for_custom_pipelines(template):
    check_pipeline(template.stages, default_transitions(template.stages))


@EVERY
def test_chances_grow_on_the_way(template):
    chances = [stage.probability_pct for stage in template.stages if stage.outcome is None]

    assert chances == sorted(set(chances))


@EVERY
def test_a_stage_asks_for_at_least_what_the_ones_before_it_asked(template):
    opened = [stage for stage in template.stages if stage.category == StageCategory.OPEN]

    asked = [set(stage.required_fields) for stage in opened]

    assert all(before <= after for before, after in itertools.pairwise(asked))


@EVERY
def test_every_way_to_lose_has_two_names_and_there_is_always_another(template):
    codes = [reason.code for reason in template.lost_reasons]

    assert len(set(codes)) == len(codes)
    assert codes[-1] == "other"
    assert all(all(dataclasses.astuple(reason)) for reason in template.lost_reasons)


def test_the_default_moves_are_next_back_and_with_a_reason_further():
    moves = {
        (move.from_code, move.to_code): move.needs_reason
        for move in default_transitions(SALES.stages[::-1])
    }

    assert moves == {
        ("qualifying", "discovery"): False,
        ("qualifying", "proposal"): True,
        ("qualifying", "negotiation"): True,
        ("discovery", "qualifying"): False,
        ("discovery", "proposal"): False,
        ("discovery", "negotiation"): True,
        ("proposal", "qualifying"): False,
        ("proposal", "discovery"): False,
        ("proposal", "negotiation"): False,
        ("negotiation", "qualifying"): False,
        ("negotiation", "discovery"): False,
        ("negotiation", "proposal"): False,
    }
