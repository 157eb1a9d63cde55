"""Activity rules: is an activity something that happened, told
by an event that can be recognised again?
"""

from datetime import UTC, datetime, timedelta, timezone

import pytest
from hypothesis import given
from hypothesis import strategies as st

from domain.activities.rules import ActivityKind, check_occurred_at, check_source_event_id
from domain.kernel.faults import Fault, Kind

NOW = datetime(2026, 4, 1, 2, 30, tzinfo=UTC)


def test_there_are_four_kinds():
    assert [kind.value for kind in ActivityKind] == ["call", "email", "meeting", "note"]


@pytest.mark.parametrize(
    "occurred_at",
    [
        NOW,
        NOW - timedelta(days=4_000),
        NOW + timedelta(minutes=5),
        datetime(2026, 4, 1, 9, 30, tzinfo=timezone(timedelta(hours=7))),
    ],
)
def test_an_activity_lies_in_the_past_give_or_take_a_clock(occurred_at):
    check_occurred_at(occurred_at, NOW)


@pytest.mark.parametrize(
    "occurred_at",
    [
        NOW + timedelta(minutes=5, microseconds=1),
        NOW + timedelta(days=1),
        NOW.replace(tzinfo=None),
        datetime(2026, 4, 1, 9, 30, tzinfo=UTC),  # 9:30 in Hanoi, sent with the wrong zone
    ],
)
def test_a_plan_is_not_an_activity(occurred_at):
    with pytest.raises(Fault) as caught:
        check_occurred_at(occurred_at, NOW)

    assert (caught.value.code, caught.value.kind) == ("OCCURRED_AT_INVALID", Kind.INVALID)


@pytest.mark.parametrize(
    "event_id", ["<CAK=x1@mail.example.vn>", "01HZK7AAAAAAAAAAAAAAAAAAAA", "x", "~" * 200]
)
def test_the_id_of_an_event_is_taken_as_it_is(event_id):
    assert check_source_event_id(event_id) == event_id


@pytest.mark.parametrize("event_id", ["", " x", "x ", "a b", "x\n", "x" * 201, "ế", "a\u200bb"])
def test_an_id_that_could_be_read_in_two_ways_is_refused(event_id):
    with pytest.raises(Fault) as caught:
        check_source_event_id(event_id)

    assert (caught.value.code, caught.value.kind) == ("SOURCE_EVENT_INVALID", Kind.INVALID)


@given(st.text(alphabet=st.characters(min_codepoint=33, max_codepoint=126), min_size=1))
def test_two_events_never_become_one(event_id):
    assert check_source_event_id(event_id[:200]) == event_id[:200]
