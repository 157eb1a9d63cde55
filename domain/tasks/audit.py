"""Audit laws of tasks: is every task as the last of its steps has left it?"""

from collections.abc import Sequence
from itertools import groupby
from typing import Any

from sqlalchemy import select

from domain.store.audit_laws import Approved, pages
from domain.store.audit_report import Report
from domain.store.tx import Tx
from domain.tasks.tables import Task, TaskStep

_OPEN = frozenset({"created", "put_off"})


async def as_its_steps_say(tx: Tx, report: Report, _approved: Approved) -> None:
    """Every task began with being created, and its state and due are those of its last step."""
    every = select(Task.id, Task.status, Task.due_at, Task.whole_day)
    async for page in pages(tx, every, Task.id):
        taken = await tx.rows(
            select(TaskStep.task_id, TaskStep.kind, TaskStep.due_at, TaskStep.whole_day)
            .where(TaskStep.task_id.in_([row.id for row in page]))
            .order_by(TaskStep.task_id, TaskStep.n)
        )
        steps = {id: list(those) for id, those in groupby(taken, lambda row: row.task_id)}
        for task in page:
            if what := _wrong(task, steps.get(task.id, ())):
                report.found(f"task {task.id}", what)


def _wrong(task: Any, steps: Sequence[Any]) -> str | None:
    if not steps or steps[0].kind != "created":
        return "no step tells that it was created"
    last = steps[-1]
    status = "open" if last.kind in _OPEN else last.kind
    if task.status != status:
        return f"is {task.status}, and its last step left it {status}"
    if (task.due_at, task.whole_day) != (last.due_at, last.whole_day):
        return "is due at another time than its last step says"
    return None
