"""Log what happened with a customer."""

from typing import Annotated

from pydantic import Field, StringConstraints

from domain.activities import service
from domain.activities.rules import ActivityKind
from policies.gate.contract import Call, tool
from tools.crm.shapes import ActivityName
from tools.crm.views import ACTIVITY_WORDS, ActivityView, activity_view, viewer
from tools.shapes import (
    Change,
    EventId,
    Id,
    Instant,
    Line,
    Text,
    untrusted_in,
)


class Log(Change):
    """What happened, and with whom."""

    kind: ActivityName = Field(description="What it was.")
    subject: Line = Field(description="In one line.")
    body: Text | None = Field(default=None, description="In full.")
    account_id: Id | None = Field(default=None, description="With whom.")
    contact_id: Id | None = Field(default=None, description="With which person.")
    deal_id: Id | None = Field(default=None, description="About what; one of the ids is enough.")
    occurred_at: Instant | None = Field(
        default=None, description="With zone, in the past; left out: now."
    )
    source: Annotated[str, StringConstraints(pattern=r"^[a-z][a-z0-9_.\-]{0,63}$")] = Field(
        default="agent", description="The system it comes from, like email or calendar."
    )
    source_event_id: EventId | None = Field(
        default=None, description="Its id there: the same event is logged once."
    )


class LoggedActivityView(ActivityView):
    """The activity that is there now."""

    already_logged: bool = Field(description="It was there before this call.")
    untrusted_fields: list[str] = Field(default_factory=list)

    def text(self) -> str:
        """One line."""
        said = "Was already" if self.already_logged else "Now"
        return f"{said} logged: {self.telling(but=('already_logged',))}"


@tool("cyberos.crm.log_activity", title="Log an activity", answer=LoggedActivityView)
async def TOOL(call: Call, arguments: Log) -> LoggedActivityView:
    """Log a call, e-mail, meeting or note with an account, contact or deal.

    Use this for what has happened: a plan is crm_create_task's, and nothing is sent.
    An activity never changes and is never deleted: log a correction as a note.
    With source and source_event_id a repeated report changes nothing; other content for the
    same event is EVENT_CONFLICT.
    Returns the activity.
    """
    new = service.NewActivity(
        kind=ActivityKind(arguments.kind),
        subject=arguments.subject,
        body=arguments.body or "",
        account_id=arguments.account_id,
        contact_id=arguments.contact_id,
        deal_id=arguments.deal_id,
        occurred_at=arguments.occurred_at,
        source=arguments.source,
        source_event_id=arguments.source_event_id,
    )
    logged = await service.log(call.tx, viewer(call.principal), new, logged_by=call.requested_by)
    view = activity_view(logged.activity)
    return LoggedActivityView(
        **dict(view),
        already_logged=logged.already_logged,
        untrusted_fields=untrusted_in(view, ACTIVITY_WORDS),
    )
