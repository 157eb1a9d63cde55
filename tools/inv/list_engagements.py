"""List engagements: what are we working on, for whom, and what is not billed yet?"""

from pydantic import Field

from domain.engagements import overview, rules
from policies.gate.contract import Call, tool
from tools.crm.views import lines
from tools.inv.shapes import EngagementStatus
from tools.inv.work_views import ListedEngagement, billing_summary, engagement_view
from tools.shapes import Id, Paged, View, cursor_to, position_of, untrusted_in_each

WORDS = ("account_name", "evidence")


class ListEngagements(Paged):
    """Which engagements."""

    account_id: Id | None = Field(default=None, description="Only those of this account.")
    status: EngagementStatus | None = Field(default=None, description="Only those that are so.")


class Engagements(View):
    """A page of engagements, oldest first."""

    engagements: list[ListedEngagement]
    next_cursor: str | None = None
    truncated: bool = False
    untrusted_fields: list[str] = Field(default_factory=list)

    def text(self) -> str:
        """A line for each."""
        return lines(
            self.engagements, "There are no such engagements.", self.truncated, self.next_cursor
        )


@tool("cyberos.inv.list_engagements", title="List engagements", answer=Engagements)
async def TOOL(call: Call, arguments: ListEngagements) -> Engagements:
    """List engagements with rates, VAT category, how the account is billed, and unbilled hours.

    Use this to get the code that inv_log_time and invoices take, or to see what is ready to be
    billed. Without vat_category or billing an invoice is drafted but not sent.
    Returns a page of engagements, oldest first.
    """
    question = {"account_id": arguments.account_id, "status": arguments.status}
    after = position_of("engagements", question, arguments.cursor)
    page, more = await overview.listed(
        call.tx,
        account_id=arguments.account_id,
        status=arguments.status,
        after=str(after[0]) if after else None,
        limit=arguments.limit,
    )
    engagements = [
        ListedEngagement(
            **engagement_view(one.engagement, one.rates, one.account_name),
            billing=billing_summary(one.billing),
            unbilled_hours=rules.hours_text(one.unbilled_hundredths),
        )
        for one in page
    ]
    return Engagements(
        engagements=engagements,
        next_cursor=cursor_to("engagements", question, [page[-1].engagement.id]) if more else None,
        truncated=more,
        untrusted_fields=untrusted_in_each("engagements", engagements, WORDS),
    )
