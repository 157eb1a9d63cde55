"""Write down what somebody is to do."""

from pydantic import Field

from domain.insight import next_actions
from domain.store.visibility import Viewer
from domain.tasks import queries, service
from domain.tasks.rules import due_of
from policies.gate.contract import Call, tool
from tools.crm.shapes import DueText
from tools.crm.task_views import TASK_WORDS, TaskView, task_view
from tools.crm.views import viewer
from tools.shapes import Change, Id, Line, PersonReference, untrusted_in


class CreateTask(Change):
    """What is to be done, by whom and when, and what it is about."""

    title: Line = Field(description="What is to be done.")
    due: DueText = Field(description="2026-12-03, or 2026-12-03T15:00 where the company works.")
    owner: PersonReference | None = Field(
        default=None, description="E-mail, id or name; left out: whom you act for."
    )
    account_id: Id | None = Field(default=None, description="About this account.")
    contact_id: Id | None = Field(default=None, description="With this person.")
    deal_id: Id | None = Field(default=None, description="About this deal; as private as it.")
    proposal_id: Id | None = Field(
        default=None, description="The proposal of crm_next_best_action it follows."
    )


class CreatedTaskView(TaskView):
    """The task that is there now."""

    already_there: bool
    untrusted_fields: list[str] = Field(default_factory=list)

    def text(self) -> str:
        """One line."""
        said = "Was there already" if self.already_there else "Created"
        return f"{said}: {self.telling(but=('already_there',))}"


@tool("cyberos.crm.create_task", title="Create a task", answer=CreatedTaskView)
async def TOOL(call: Call, arguments: CreateTask) -> CreatedTaskView:
    """Write down what somebody is to do until when, about an account, contact, deal or nothing.

    Use this for what was promised or planned; what has happened is logged by crm_log_activity.
    A task is no contact: a deal that stands still goes on standing still. One open task follows
    a proposal. Returns the task; crm_list_tasks shows what is due.
    """
    who, follows = viewer(call.principal), arguments.proposal_id
    deal_id = arguments.deal_id if follows is None else await _followed(call, who, arguments)
    written = await service.create(
        call.tx,
        who,
        service.NewTask(
            title=arguments.title,
            due=due_of(arguments.due, call.principal.zone),
            owner=arguments.owner,
            account_id=arguments.account_id,
            contact_id=arguments.contact_id,
            deal_id=deal_id,
            source=queries.BY_HAND if follows is None else queries.NEXT_ACTION,
            source_event_id=follows,
        ),
        created_by=call.requested_by,
    )
    view = task_view(written.task, call.principal.zone, call.at)
    return CreatedTaskView(
        **dict(view),
        already_there=not written.is_changed,
        untrusted_fields=untrusted_in(view, TASK_WORDS),
    )


async def _followed(call: Call, who: Viewer, arguments: CreateTask) -> str | None:
    """The deal of a proposal that stands now, or of the open task that follows it already.

    Raises NOT_FOUND.
    """
    assert arguments.proposal_id is not None
    there = await queries.open_for(call.tx, who, queries.NEXT_ACTION, arguments.proposal_id)
    if there is not None:
        return arguments.deal_id or there.deal_id
    found = await next_actions.standing(
        call.tx, who, arguments.proposal_id, on=call.day, deal_id=arguments.deal_id
    )
    return found.deal.id
