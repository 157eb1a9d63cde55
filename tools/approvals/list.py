"""Approval requests: which of my actions wait for people?"""

from typing import Literal

from pydantic import Field

from domain.approvals import queries
from policies.gate.contract import Call, tool
from tools.approvals.views import ActionLine, action_views
from tools.crm.views import lines
from tools.shapes import Ask, View


class ListActions(Ask):
    """Which actions to show."""

    state: Literal["open", "all"] = Field(
        default="open", description="open: still undecided or under way; all: settled ones too."
    )
    limit: int = Field(default=20, ge=1, le=100, description="How many on a page.")
    cursor: str | None = Field(
        default=None,
        pattern="^[0-9A-HJKMNP-TV-Z]{26}$",
        description="next_cursor of the answer before.",
    )


class ActionList(View):
    """A page of your actions, newest first; the damaged ones only by their ids."""

    items: list[ActionLine]
    damaged: list[str] = Field(default_factory=list)
    next_cursor: str | None = None
    truncated: bool = False

    def text(self) -> str:
        """Each with who signs and what is next."""
        said = lines(self.items, "", self.truncated, self.next_cursor)
        damaged = [
            f"{id} damaged: tell the user; an administrator has to look" for id in self.damaged
        ]
        told = [one for one in (said, *damaged) if one]
        return "\n".join(told) or "No actions of yours wait for people."


@tool("cyberos.approvals.list", title="List my actions", answer=ActionList)
async def TOOL(call: Call, arguments: ListActions) -> ActionList:
    """List the actions you proposed that people decide about, newest first.

    Use this to find an action_id again, or before proposing something that may wait already.
    Returns state, slots and summary of each; details of one come from approvals_get.
    """
    page = await queries.actions(
        call.tx,
        requester=call.principal.reference,
        states=queries.LIVE if arguments.state == "open" else None,
        before=arguments.cursor,
        limit=arguments.limit,
    )
    views, damaged = await action_views(call, page.rows)
    return ActionList(
        items=[view.line for view in views],
        damaged=[*page.damaged, *damaged],
        next_cursor=page.next,
        truncated=page.next is not None,
    )
