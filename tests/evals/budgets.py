"""Budgets of tasks: what may each task cost?
The committed table, and when a run is a regression.
"""

import tomllib
from collections.abc import Mapping
from pathlib import Path

from tests.evals.agent import Spent

TABLE = Path(__file__).with_name("budgets.toml")
# A few words more in an answer are no regression; a field more in every row of a list is one.
SLACK_PERCENT = 5
HEADING = """\
# What each task may cost: calls, and bytes of arguments and of answers as they are shown to the
# model: their text alone, their structure alone, or both, as different clients do.
# Calls and recoveries hold exactly, bytes within {slack} percent. `make evals` compares,
# `make evals ARGS=--write` writes it anew: do that on purpose, and say why in the commit.
"""


def read() -> dict[str, Spent]:
    """The budget of every task."""
    table = tomllib.loads(TABLE.read_text("utf-8"))
    return {
        f"{name}.{way}": Spent(**row) for name, ways in table.items() for way, row in ways.items()
    }


def as_text(spent: Mapping[str, Spent]) -> str:
    """The table as it is committed."""
    lines = [HEADING.format(slack=SLACK_PERCENT)]
    for name, row in sorted(spent.items()):
        cells = ", ".join(f"{key} = {value}" for key, value in row.as_dict().items())
        lines.append(f"{name} = {{ {cells} }}\n")
    return "\n".join([lines[0], "".join(lines[1:])])


def regressions(spent: Spent, budget: Spent) -> list[str]:
    """In what a run cost more than its budget, or needed other help."""
    found = []
    if spent.calls > budget.calls:
        found.append(f"{spent.calls} calls, the budget is {budget.calls}")
    for name in ("bytes_in", "bytes_out"):
        there, most = getattr(spent, name), getattr(budget, name)
        if there * 100 > most * (100 + SLACK_PERCENT):
            found.append(f"{name}: {there}, the budget is {most} and {SLACK_PERCENT} percent")
    if spent.recoveries != budget.recoveries:
        found.append(f"{spent.recoveries} recoveries, expected {budget.recoveries}")
    return found
