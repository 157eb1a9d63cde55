"""Approval request: what became of an action that waits for people?"""

from pydantic import Field

from domain.approvals import queries
from domain.kernel.faults import Fault, Kind
from policies.gate.contract import Call, tool
from tools.approvals.views import ActionDetail, action_view
from tools.shapes import Ask

LONGEST_WAIT_SECONDS = 25


class GetAction(Ask):
    """Which action, and how long to wait for news."""

    action_id: str = Field(
        description="From a pending_approval answer.", pattern="^[0-9A-HJKMNP-TV-Z]{26}$"
    )
    wait_seconds: int = Field(
        default=0,
        ge=0,
        le=LONGEST_WAIT_SECONDS,
        description="Wait up to this long for people to decide before answering.",
    )


def _poll_seconds(answer: ActionDetail, arguments: GetAction) -> float:
    return 0 if answer.settled else arguments.wait_seconds


@tool("cyberos.approvals.get", title="Follow an action", answer=ActionDetail, poll=_poll_seconds)
async def TOOL(call: Call, arguments: GetAction) -> ActionDetail:
    """Show one of your actions that people decide about: state, signatures, result.

    Use this after a call answered pending_approval; wait_seconds saves asking in a loop.
    Only people can approve, in a terminal or inbox of their own; no tool does.
    Returns the state, which slots are filled, the result once it was carried out, and the next
    step.
    """
    row = await queries.action(call.tx, arguments.action_id)
    if row is None or row.requester != call.principal.reference:
        raise Fault(
            "ACTION_NOT_FOUND",
            Kind.NOT_FOUND,
            "You have no such action.",
            "list yours with approvals_list.",
        )
    return await action_view(call, row)
