"""`make evals`: play every task on an embedded database and show what it cost.

With --write the table of budgets becomes what was measured.
"""

import asyncio
import sys
import tempfile
from itertools import product
from pathlib import Path

from tests.evals import budgets
from tests.evals.agent import Spent, playing
from tests.evals.book import written
from tests.evals.daily import TASKS
from tests.evals.reader import WAYS
from tests.world import migrated, opened


async def measured() -> dict[str, Spent]:
    """What every task costs in each way of being shown answers, each in a company of its own."""
    spent = {}
    with tempfile.TemporaryDirectory() as directory:
        url = await migrated("sqlite", Path(directory))
        for name, way in product(TASKS, WAYS):
            task = TASKS[name]
            async with opened(url) as world:
                book = await written(world)
                async with playing(world, task.agent, way) as agent:
                    await task.play(agent, world, book)
                    spent[f"{name}.{way}"] = agent.spent
    return spent


def main() -> int:
    """Measure, show, and compare or write."""
    known = budgets.read() if budgets.TABLE.exists() else {}
    spent = asyncio.run(measured())
    regressed = False
    for name, row in spent.items():
        cells = "  ".join(f"{key}={value}" for key, value in row.as_dict().items())
        problems = budgets.regressions(row, known[name]) if name in known else ["no budget yet"]
        regressed |= bool(problems)
        language = TASKS[name.partition(".")[0]].language
        sys.stdout.write(f"{language}  {name:<52} {cells}  {'; '.join(problems)}\n")
    if "--write" in sys.argv:
        budgets.TABLE.write_text(budgets.as_text(spent), encoding="utf-8")
        return 0
    return int(regressed)


if __name__ == "__main__":
    sys.exit(main())
