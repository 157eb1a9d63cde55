"""Token buckets: do buckets fill and empty as they should, without growing for ever?"""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from server.http.limits import Buckets, InFlightLimit, Remembered, neighbourhood

TENTHS = st.integers(0, 50).map(lambda number: number / 10)


class Hand:
    """A clock that is moved."""

    def __init__(self) -> None:
        self.at = 1_000.0

    def __call__(self) -> float:
        return self.at


@given(
    steps=st.lists(TENTHS, max_size=60),
    per_second=TENTHS.filter(bool),
    at_once=st.integers(1, 20),
)
def test_no_more_passes_than_was_there_and_has_come_since(steps, per_second, at_once):
    hand = Hand()
    buckets, passed = Buckets(per_second, at_once, now=hand), 0
    for step in steps:
        hand.at += step
        if buckets.wait("a") == 0:
            buckets.take("a")
            passed += 1

    assert passed <= at_once + (hand.at - 1_000) * per_second + 1e-6


@given(per_second=TENTHS.filter(bool), at_once=st.integers(1, 20))
def test_who_waits_as_long_as_told_gets_in_and_others_never_had_to(per_second, at_once):
    hand = Hand()
    buckets = Buckets(per_second, at_once, now=hand)
    for _ in range(at_once):
        assert buckets.wait("a") == 0
        buckets.take("a")
    wait = buckets.wait("a")

    assert 0 < wait <= 1 / per_second + 1e-9
    assert buckets.wait("b") == 0
    hand.at += wait + 1e-9
    assert buckets.wait("a") == pytest.approx(0, abs=1e-6)


def test_only_so_many_are_remembered_and_the_busy_ones_longest():
    hand = Hand()
    buckets, seen = Buckets(0.001, 1, most=3, now=hand), Remembered(3)
    for key in ("a", "b", "c", "a", "d"):
        buckets.take(key)
        seen.add(key)

    assert [buckets.wait(key) > 0 for key in "abcd"] == [True, False, True, True]
    assert [key in seen for key in "abcd"] == [True, False, True, True]


@pytest.mark.parametrize(
    ("one", "other", "same"),
    [
        ("203.0.113.1", "203.0.113.2", False),
        ("203.0.113.1", "::ffff:203.0.113.1", True),
        ("2001:db8:1:2::1", "2001:db8:1:2:ffff::9", True),
        ("2001:db8:1:2::1", "2001:db8:1:3::1", False),
        ("fe80::1%eth0", "fe80::1%eth1", True),
        ("", "unix", True),
    ],
)
def test_who_counts_as_one_origin(one, other, same):
    assert (neighbourhood(one) == neighbourhood(other)) is same


def test_nothing_is_kept_of_who_has_nothing_in_flight():
    counted = InFlightLimit(1)
    counted.begin("a")
    full = counted.is_full("a"), counted.is_full("b")
    counted.end("a")

    assert full == (True, False)
    assert not counted.is_full("a") and counted.begun == {}
