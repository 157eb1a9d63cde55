"""Tasks: what is to be done, by whom and until when?"""

from pydantic import Field

from domain.identity import queries as identity
from domain.kernel.clock import from_stamp, stamp
from domain.tasks import service
from domain.tasks.queries import Filter
from domain.tasks.rules import end_of
from policies.gate.contract import Call, tool
from tools.crm.shapes import TaskStatusName
from tools.crm.task_views import TASK_WORDS, TaskView, task_view
from tools.crm.views import lines, viewer
from tools.shapes import (
    Day,
    Id,
    Paged,
    PersonReference,
    PlaceInstant,
    View,
    cursor_to,
    position_of,
    untrusted_in_each,
)

ME = "me"  # the person the agent acts for, where an owner is asked for
_POSITION = tuple[PlaceInstant, Id]


class ListTasks(Paged):
    """Whose tasks, about what, and due until when."""

    owner: PersonReference | None = Field(
        default=None, description="me, or e-mail, id or name; left out: of all."
    )
    account_id: Id | None = Field(default=None, description="About this account and its deals.")
    deal_id: Id | None = Field(default=None, description="About this deal.")
    overdue: bool = Field(default=False, description="Only open ones whose time is over.")
    until: Day | None = Field(default=None, description="Due on this day or before.")
    status: TaskStatusName | None = Field(default=None, description="Left out: open.")


class Tasks(View):
    """A page of tasks, due first."""

    tasks: list[TaskView]
    next_cursor: str | None = None
    truncated: bool = False
    untrusted_fields: list[str] = Field(default_factory=list)

    def text(self) -> str:
        """A line for each."""
        return lines(self.tasks, "No task fits.", self.truncated, self.next_cursor)


@tool("cyberos.crm.list_tasks", title="List tasks", answer=Tasks)
async def TOOL(call: Call, arguments: ListTasks) -> Tasks:
    """List what is to be done, due first: of a person, of an account or deal, overdue, until a day.

    Use this for what was promised, what is due today, or to get a task id for crm_complete_task.
    Returns a page of tasks; a time is that of the company. Tasks about deals hidden from you are
    not there.
    """
    zone, who = call.principal.zone, viewer(call.principal)
    question = arguments.model_dump(exclude={"limit", "cursor"}, mode="json")
    place = position_of("tasks", question, arguments.cursor, _POSITION)
    limits = [call.at] if arguments.overdue else []
    if arguments.until is not None:
        limits.append(end_of(arguments.until, zone))
    owner_id = None
    if arguments.owner is not None:
        is_me = arguments.owner.casefold() == ME
        owner_id = (
            who.person_id if is_me else (await identity.find_person(call.tx, arguments.owner)).id
        )
    found, more = await service.find(
        call.tx,
        who,
        Filter(
            status="open" if arguments.overdue else arguments.status or "open",
            owner_id=owner_id,
            account_id=arguments.account_id,
            deal_id=arguments.deal_id,
            due_by=min(limits) if limits else None,
        ),
        after=(from_stamp(str(place[0])), str(place[1])) if place is not None else None,
        limit=arguments.limit,
    )
    tasks = [task_view(card, zone, call.at) for card in found]
    last = [stamp(found[-1].due_at), found[-1].id] if more else []
    return Tasks(
        tasks=tasks,
        next_cursor=cursor_to("tasks", question, last) if more else None,
        truncated=more,
        untrusted_fields=untrusted_in_each("tasks", tasks, TASK_WORDS),
    )
