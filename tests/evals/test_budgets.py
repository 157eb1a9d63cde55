"""A sales agent can do its work with our tools, and what that costs grows on purpose only."""

import dataclasses

import pytest

from tests.evals import budgets
from tests.evals.agent import Refusal, Spent, playing
from tests.evals.book import written
from tests.evals.daily import TASKS
from tests.evals.reader import WAYS

BUDGETS = budgets.read()
BUDGET = Spent(calls=3, bytes_in=400, bytes_out=1_000, recoveries=1)


@pytest.mark.parametrize("way", WAYS)
@pytest.mark.parametrize("name", TASKS)
async def test_the_task_is_done_within_its_budget(world, name, way):
    task, book = TASKS[name], await written(world)

    async with playing(world, task.agent, way) as agent:
        await task.play(agent, world, book)

    assert budgets.regressions(agent.spent, BUDGETS[f"{name}.{way}"]) == []


def test_every_task_has_a_budget_and_both_languages_are_spoken():
    assert BUDGETS.keys() == {f"{name}.{way}" for name in TASKS for way in WAYS}
    assert len(TASKS) >= 40
    assert {task.language for task in TASKS.values()} == {"vi", "en"}
    assert sum(row.recoveries for row in BUDGETS.values()) >= 8


@pytest.mark.parametrize(
    ("name", "value", "told"),
    [
        ("calls", 4, "4 calls, the budget is 3"),
        ("bytes_in", 421, "bytes_in: 421, the budget is 400 and 5 percent"),
        ("bytes_out", 1_051, "bytes_out: 1051, the budget is 1000 and 5 percent"),
        ("recoveries", 0, "0 recoveries, expected 1"),
        ("recoveries", 2, "2 recoveries, expected 1"),
    ],
)
def test_more_than_the_slack_is_a_regression(name, value, told):
    assert budgets.regressions(dataclasses.replace(BUDGET, **{name: value}), BUDGET) == [told]


def test_less_or_a_little_more_is_none():
    assert budgets.regressions(Spent(2, 420, 1_050, 1), BUDGET) == []


def test_the_table_is_the_one_that_the_command_writes():
    assert budgets.TABLE.read_text("utf-8") == budgets.as_text(BUDGETS)


def test_an_agent_reads_its_next_step_in_a_hint():
    refusal = Refusal(
        "SOME_CODE", "Give lost_reason as one of price, timing. Or call crm_get_deal."
    )

    assert refusal.choice("one of ") == ["price", "timing"]
    assert refusal.word(r"call (\w+)") == "crm_get_deal"
    with pytest.raises(AssertionError):
        refusal.word(r"(nothing of the kind)")
