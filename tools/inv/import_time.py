"""Import time from another program: all of it, or nothing."""

from collections.abc import Mapping
from typing import Annotated

from pydantic import Field

from domain.engagements import rules, time_entries
from domain.engagements.time_entries import MOST_AT_ONCE, Outcome, Sums, Worked
from policies.gate.contract import About, Call, tool
from tools.inv.shapes import TimeOfOthers
from tools.shapes import Change, View


class ImportTime(Change):
    """What was worked."""

    entries: Annotated[list[TimeOfOthers], Field(min_length=1, max_length=MOST_AT_ONCE)] = Field(
        description="At most 1,000; each once."
    )


class Sum(View):
    """How many entries, and how many hours."""

    entries: int
    hours: str


class ImportedTime(View):
    """What became of the entries: new, corrected, or known already."""

    new: Sum
    corrected: Sum
    known: Sum
    engagement_ids: list[str]

    def text(self) -> str:
        """One line."""
        sums = {"new": self.new, "corrected": self.corrected, "known": self.known}
        said = [f"{one.entries} entries ({one.hours} h) {name}" for name, one in sums.items()]
        return f"{', '.join(said)}. Engagements {', '.join(self.engagement_ids)}."

    def about(self) -> About:
        """The first engagement; all of them are in the answer."""
        return About("engagement", self.engagement_ids[0])

    def proof(self) -> Mapping[str, str | int]:
        """How many of each."""
        return {
            "new": self.new.entries,
            "corrected": self.corrected.entries,
            "known": self.known.entries,
        }


@tool("cyberos.inv.import_time", title="Import time", answer=ImportedTime)
async def TOOL(call: Call, arguments: ImportTime) -> ImportedTime:
    """Log many time entries at once: all of them, or none when one is wrong.

    Use this to take over time from a file or another program; one entry is inv_log_time's. Give
    each its source_id, so that importing again adds nothing and corrects what is different and
    not billed. With dry_run it says what would happen.
    Returns how many entries and hours were new, corrected, or there already; when something is
    wrong, all problems with the place of each entry.
    """
    logged = await time_entries.log(
        call.tx,
        [
            Worked(
                engagement=one.engagement,
                member=one.member,
                worked_on=one.worked_on,
                hours_hundredths=rules.hundredths(one.hours),
                role=one.role,
                phase=one.phase,
                task=one.task,
                source_id=one.source_id,
            )
            for one in arguments.entries
        ],
        recorded_by=call.requested_by,
    )
    sums = time_entries.sums(logged)
    return ImportedTime(
        new=_shown(sums[Outcome.NEW]),
        corrected=_shown(sums[Outcome.CORRECTED]),
        known=_shown(sums[Outcome.KNOWN]),
        engagement_ids=list(dict.fromkeys(one.engagement.id for one in logged)),
    )


def _shown(sums: Sums) -> Sum:
    return Sum(entries=sums.entries, hours=rules.hours_text(sums.hours_hundredths))
