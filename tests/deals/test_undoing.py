"""Undo of a move: which step of a deal may be taken back? A pure rule over its history."""

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from domain.deals.rules import UNDO_WITHIN, check_owner, undoable
from domain.kernel.faults import Fault

NOW = datetime(2026, 11, 21, 2, 0, tzinfo=UTC)


@dataclass(frozen=True)
class Step:
    """A step as the rule sees it."""

    n: int
    undoes: int | None
    at: datetime


def history(choices: list[str]) -> tuple[list[Step], list[int]]:
    """A history made of moves and lawful undos, and the steps that still count."""
    steps, counting = [Step(1, None, NOW)], [1]
    for choice in choices:
        n = len(steps) + 1
        if choice == "move":
            steps.append(Step(n, None, NOW))
            counting.append(n)
        elif steps[-1].undoes is None and len(counting) > 1:
            steps.append(Step(n, counting.pop(), NOW))
    return steps, counting


@given(st.lists(st.sampled_from(["move", "undo"]), max_size=12))
def test_the_last_step_is_undone_to_the_one_that_counted_before_it(choices):
    steps, counting = history(choices)

    if steps[-1].undoes is not None or len(counting) < 2:
        with pytest.raises(Fault) as caught:
            undoable(steps, NOW)
        assert caught.value.code == "NO_MOVE_TO_UNDO"
    else:
        last, before = undoable(steps, NOW)
        assert (last.n, before.n) == (len(steps), counting[-2])


@pytest.mark.parametrize(("late", "refused"), [(0, False), (1, True)])
def test_a_move_stands_after_a_day_to_the_microsecond(late, refused):
    steps = [Step(1, None, NOW - timedelta(days=9)), Step(2, None, NOW)]
    now = NOW + UNDO_WITHIN + timedelta(microseconds=late)

    if not refused:
        assert undoable(steps, now) == (steps[1], steps[0])
        return
    with pytest.raises(Fault) as caught:
        undoable(steps, now)
    assert caught.value.code == "UNDO_TOO_LATE"
    assert caught.value.facts == {"moved_at": "2026-11-21T02:00:00.000000Z", "hours": 24}


def test_only_the_owner_is_the_owner():
    check_owner("a", "a")
    with pytest.raises(Fault) as caught:
        check_owner("a", "b")
    assert caught.value.code == "NOT_OWNER"
