"""Plurals: is one thing one, and are more of them many?"""

import pytest

from domain.kernel.counting import counted


@pytest.mark.parametrize(
    ("count", "said"), [(0, "0 deals"), (1, "1 deal"), (2, "2 deals"), (12_000, "12,000 deals")]
)
def test_one_is_one_and_every_other_number_is_many(count, said):
    assert counted(count, "deal") == said


def test_what_does_not_take_an_s_and_verbs_are_said_as_given():
    assert [counted(n, "entry tells", "entries tell") for n in (0, 1, 2)] == [
        "0 entries tell", "1 entry tells", "2 entries tell",
    ]  # fmt: skip
