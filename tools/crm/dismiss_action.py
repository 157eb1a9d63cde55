"""Keep a proposal away."""

from datetime import datetime
from typing import Annotated

from pydantic import Field

from domain.insight import next_actions
from policies.gate.contract import About, Call, tool
from tools.crm.views import viewer
from tools.shapes import Change, Id, Local, LongLine


class Dismiss(Change):
    """Which proposal, why, and for how long."""

    proposal_id: Id = Field(description="From crm_next_best_action.")
    reason: LongLine = Field(description="Why it is not wanted, in the user's words.")
    days: Annotated[int, Field(ge=1, le=180)] = Field(
        default=30, description="For how long it stays away."
    )


class Dismissed(Local):
    """The proposal that stays away."""

    id: str
    rule: str
    deal_id: str
    until: datetime

    def text(self) -> str:
        """One line."""
        return f"Dismissed until {self.local(self.until)}: {self.telling(but=('until',))}"

    def about(self) -> About:
        """The proposal."""
        return About("proposal", self.id)


@tool("cyberos.crm.dismiss_action", title="Dismiss a proposal", answer=Dismissed)
async def TOOL(call: Call, arguments: Dismiss) -> Dismissed:
    """Keep a proposal of crm_next_best_action away, for everybody who sees its deal.

    Use this when the user says that a proposal is not wanted, and why. It comes back when the time
    is over or its reason changes. Returns until when it stays away.
    """
    row = await next_actions.dismiss(
        call.tx,
        viewer(call.principal),
        arguments.proposal_id,
        on=call.day,
        reason=arguments.reason,
        days=arguments.days,
        by=call.principal.reference,
    )
    shown = Dismissed(id=row.proposal_id, rule=row.rule, deal_id=row.deal_id, until=row.until)
    return shown.seen_in(call.principal.zone)
