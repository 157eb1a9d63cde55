"""Say what became of a task."""

from pydantic import Field

from domain.tasks import service
from domain.tasks.rules import Outcome, due_of
from policies.gate.contract import Call, tool
from tools.crm.shapes import DueText, TaskOutcomeName
from tools.crm.task_views import TASK_WORDS, TaskView, task_view
from tools.crm.views import viewer
from tools.shapes import Edit, Id, LongLine, untrusted_in


class CompleteTask(Edit):
    """Which task, and what became of it."""

    task_id: Id = Field(description="From crm_list_tasks.")
    outcome: TaskOutcomeName = Field(description="What became of it.")
    until: DueText | None = Field(
        default=None, description="With put_off: the new day, or time where the company works."
    )
    note: LongLine | None = Field(default=None, description="Why, in the user's words.")


class CompletedTaskView(TaskView):
    """The task as it is now."""

    changed: bool
    untrusted_fields: list[str] = Field(default_factory=list)

    def text(self) -> str:
        """One line."""
        said = "Now" if self.changed else "Was so already"
        return f"{said}: {self.telling(but=('changed',))}"


@tool("cyberos.crm.complete_task", title="Complete a task", answer=CompletedTaskView)
async def TOOL(call: Call, arguments: CompleteTask) -> CompletedTaskView:
    """Say that a task is done or dropped, or put it off until another time.

    Use this when the user says what became of a task. A call or meeting that was the task is
    logged by crm_log_activity besides: a task alone is no contact.
    What is done or dropped stays so; saying it again changes nothing. Returns the task.
    """
    until = arguments.until
    written = await service.complete(
        call.tx,
        viewer(call.principal),
        arguments.task_id,
        Outcome(arguments.outcome),
        until=due_of(until, call.principal.zone) if until is not None else None,
        note=arguments.note,
        expected_version=arguments.expected_version,
        by=call.requested_by,
    )
    view = task_view(written.task, call.principal.zone, call.at)
    return CompletedTaskView(
        **dict(view),
        changed=written.is_changed,
        untrusted_fields=untrusted_in(view, TASK_WORDS),
    )
