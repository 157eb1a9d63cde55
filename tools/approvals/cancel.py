"""Take back an action before people decide."""

from pydantic import Field

from domain.approvals import queries
from domain.approvals.facts import ActorKind, Canceller
from domain.approvals.service import cancel
from domain.kernel.faults import Fault, Kind
from policies.gate.contract import Call, tool
from tools.approvals.views import ActionLine, action_view
from tools.shapes import Ask


class Cancel(Ask):
    """Which action."""

    action_id: str = Field(
        description="An action of yours that still waits.", pattern="^[0-9A-HJKMNP-TV-Z]{26}$"
    )


@tool("cyberos.approvals.cancel", title="Take back an action", answer=ActionLine)
async def TOOL(call: Call, arguments: Cancel) -> ActionLine:
    """Take back an action you proposed, before it is carried out.

    Use this when the user no longer wants it, or when it was proposed with wrong arguments.
    Actions of others cannot be taken back, nor one that was carried out already.
    Returns the action, now cancelled.
    """
    row = await queries.action(call.tx, arguments.action_id, lock=True)
    if row is None or row.requester != call.principal.reference:
        raise Fault(
            "ACTION_NOT_FOUND",
            Kind.NOT_FOUND,
            "You have no such action.",
            "list yours with approvals_list.",
        )
    caller = call.principal
    who = Canceller(
        kind=ActorKind.AGENT,
        id=caller.id,
        person=caller.person_id,
        roles_now=frozenset(),
        active_now=True,
    )
    done = await cancel(call.tx, row, who, caller.actor)
    if done.refusal is not None:
        raise done.refusal
    return (await action_view(call, row)).line
