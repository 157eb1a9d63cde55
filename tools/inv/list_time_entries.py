"""List time entries: who worked when, and is it billed?"""

from pydantic import Field

from domain.engagements import overview
from policies.gate.contract import Call, tool
from tools.crm.views import lines
from tools.inv.work_views import ENTRY_WORDS, TimeEntryView, entry_view
from tools.shapes import (
    Day,
    Id,
    Paged,
    PlaceDay,
    Reference,
    ShortLine,
    View,
    cursor_to,
    position_of,
    untrusted_in_each,
)


class ListTimeEntries(Paged):
    """Which time."""

    engagement: Reference | None = Field(default=None, description="Id or code.")
    member: ShortLine | None = Field(default=None, description="Only theirs.")
    from_day: Day | None = Field(default=None, description="From this day on.")
    to_day: Day | None = Field(default=None, description="Up to this day.")


class TimeEntries(View):
    """A page of time entries, by day."""

    entries: list[TimeEntryView]
    next_cursor: str | None = None
    truncated: bool = False
    untrusted_fields: list[str] = Field(default_factory=list)

    def text(self) -> str:
        """A line for each."""
        return lines(self.entries, "There is no such time.", self.truncated, self.next_cursor)


@tool("cyberos.inv.list_time_entries", title="List time entries", answer=TimeEntries)
async def TOOL(call: Call, arguments: ListTimeEntries) -> TimeEntries:
    """List logged time by day, with the rate it was worked at and whether an invoice has it.

    Use this to check what an invoice will hold, or to get the entry_id that inv_log_time corrects.
    Returns a page of entries, by day.
    """
    question = {
        "engagement": arguments.engagement,
        "member": arguments.member,
        "from_day": arguments.from_day.isoformat() if arguments.from_day else None,
        "to_day": arguments.to_day.isoformat() if arguments.to_day else None,
    }
    page, more = await overview.time(
        call.tx,
        engagement=arguments.engagement,
        member=arguments.member,
        first_day=arguments.from_day,
        last_day=arguments.to_day,
        after=position_of("time_entries", question, arguments.cursor, tuple[PlaceDay, Id]),
        limit=arguments.limit,
    )
    entries = [
        TimeEntryView(**entry_view(one.entry, one.code, billed=one.is_billed)) for one in page
    ]
    last = page[-1].entry if page else None
    place = [last.worked_on.isoformat(), last.id] if last and more else None
    return TimeEntries(
        entries=entries,
        next_cursor=cursor_to("time_entries", question, place) if place else None,
        truncated=more,
        untrusted_fields=untrusted_in_each("entries", entries, ENTRY_WORDS),
    )
