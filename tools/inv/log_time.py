"""Log time that somebody worked, or correct what is not billed yet."""

from pydantic import Field

from domain.engagements import rules, time_entries
from domain.engagements.time_entries import Worked
from policies.gate.contract import Call, tool
from tools.inv.shapes import RoleName
from tools.inv.work_views import ENTRY_WORDS, TimeEntryView, entry_view
from tools.shapes import Change, Day, Id, Line, Reference, ShortLine, untrusted_in


class LogTime(Change):
    """Who worked when, for what, and how long."""

    engagement: Reference = Field(description="Id or code, from inv_list_engagements.")
    member: ShortLine = Field(description="Who worked: any code of the company's own.")
    worked_on: Day = Field(description="Such as 2026-04-30.")
    hours: ShortLine = Field(description='With two decimals, such as "7.50".')
    role: RoleName = Field(description="A role of the engagement's rate card.")
    phase: RoleName | None = Field(default=None, description="If the rate depends on it.")
    task: Line | None = Field(default=None, description="What was done.")
    source_id: ShortLine | None = Field(
        default=None, description="Its name in another program: logged once, corrected afterwards."
    )
    entry_id: Id | None = Field(default=None, description="An entry that this corrects.")


class LoggedTime(TimeEntryView):
    """The entry as it is now, and what became of the call: new, corrected or known."""

    outcome: str
    untrusted_fields: list[str] = Field(default_factory=list)

    def text(self) -> str:
        """One line for what became of it, one for the entry."""
        said = {
            "new": "Logged.",
            "corrected": "Corrected.",
            "known": "It was there already; nothing changed.",
        }
        return self.telling(said[self.outcome])


@tool("cyberos.inv.log_time", title="Log time", answer=LoggedTime)
async def TOOL(call: Call, arguments: LogTime) -> LoggedTime:
    """Log hours that somebody worked for an engagement, at the rate its card has for the role.

    Use this for one entry; inv_import_time takes many at once. The same source_id with the same
    content is the same entry; with other hours it corrects the entry, as entry_id does, while
    that is not billed. A corrected entry says what this call says.
    A member works at most 24 hours a day over all engagements.
    Returns the entry with its rate, and what became of it.
    """
    (logged,) = await time_entries.log(
        call.tx,
        [
            Worked(
                engagement=arguments.engagement,
                member=arguments.member,
                worked_on=arguments.worked_on,
                hours_hundredths=rules.hundredths(arguments.hours),
                role=arguments.role,
                phase=arguments.phase,
                task=arguments.task,
                source_id=arguments.source_id,
                entry_id=arguments.entry_id,
            )
        ],
        recorded_by=call.requested_by,
    )
    fields = entry_view(logged.entry, logged.engagement.code)
    return LoggedTime(
        **fields,
        outcome=logged.outcome.value,
        untrusted_fields=untrusted_in(TimeEntryView(**fields), ENTRY_WORDS),
    )
