"""Tasks as a module: what was promised is written once, and each step it took stays told."""

from domain.store.declarations import Count
from domain.store.descriptor import Grant, Module, Stored
from domain.store.engine import Role
from domain.store.guards import append_only, begins_as, final, fixed_but, never_deleted, numbered
from domain.tasks import audit, queries, timeline
from domain.tasks.tables import Task, TaskStep

_SETTLED = ("due_at", "whole_day", "status", "version")

MODULE = Module(
    name="tasks",
    uses=("accounts", "deals", "identity"),
    tables={
        Task: Stored(
            guards=(
                begins_as(status="open", version=1),
                fixed_but(*_SETTLED),
                final("status", unless="open"),
                never_deleted(),
            ),
            grants={Role.AGENT: Grant(insert=True, update=_SETTLED)},
        ),
        TaskStep: Stored(
            guards=(append_only(), numbered("n", "task_id")),
            grants={Role.AGENT: Grant(insert=True)},
        ),
    },
    topics=("task.created", "task.settled"),
    counts=(Count(("open_tasks",), queries.counts),),
    timeline=(timeline.TASKS,),
    laws=(audit.as_its_steps_say,),
)
