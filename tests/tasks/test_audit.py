"""The verifier holds every task against its steps, and finds what somebody wrote by hand."""

import pytest
from sqlalchemy import delete, update

from domain.store.audit_report import Report
from domain.store.visibility import SYSTEM
from domain.tasks import audit
from domain.tasks.tables import Task, TaskStep
from tests.tools.talk import talking

UNTRUE = {
    "its state": (
        update(Task).values(status="done"),
        "is done, and its last step left it open",
    ),
    "its due": (
        update(Task).values(whole_day=False),
        "is due at another time than its last step says",
    ),
    "the step that ended it": (
        update(TaskStep).where(TaskStep.n == 2).values(kind="done"),
        "is open, and its last step left it done",
    ),
    "its beginning": (
        delete(TaskStep).where(TaskStep.n == 1),
        "no step tells that it was created",
    ),
}


async def _a_task_put_off(world) -> str:
    async with talking(world) as talk:
        made = await talk.ok("crm_create_task", title="Gọi", due="2026-12-03")
        until = {"outcome": "put_off", "until": "2026-12-04"}
        await talk.ok("crm_complete_task", task_id=made["id"], **until)
    return str(made["id"])


async def _findings(world):
    report = Report(world.ours.id)
    async with world.looking() as tx:
        await audit.as_its_steps_say(tx, report, None)
    return [(one.place, one.what) for one in report.findings]


@pytest.mark.parametrize("what", UNTRUE)
async def test_a_task_that_is_not_as_its_steps_left_it_is_found(world, what):
    statement, said = UNTRUE[what]
    id = await _a_task_put_off(world)
    before = await _findings(world)

    async with (
        world.without_triggers("task"),
        world.without_triggers("task_step"),
        world.owning(viewer=SYSTEM) as tx,
    ):
        await tx.change(statement)

    assert before == []
    assert await _findings(world) == [(f"task {id}", said)]
