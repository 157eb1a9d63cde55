"""Take the last move of a deal back."""

from pydantic import Field

from domain.deals import service, undoing
from policies.gate.contract import Call, tool
from tools.crm.views import DEAL_WORDS, DealView, deal_view, viewer
from tools.shapes import Edit, Id, LongLine, NamedReference, untrusted_in


class UndoMove(Edit):
    """Which deal."""

    deal_id: Id = Field(description="From crm_list_deals.")
    reason: LongLine | None = Field(default=None, description="Why the move was wrong.")
    expected_stage: NamedReference | None = Field(
        default=None, description="Refuse if the deal stands elsewhere now."
    )


class UndoneMoveView(DealView):
    """The deal where it stood before."""

    from_stage: str
    untrusted_fields: list[str] = Field(default_factory=list)

    def text(self) -> str:
        """One line."""
        return f"Taken back from {self.from_stage}: {self.telling(but=('from_stage',))}"


@tool("cyberos.crm.undo_move", title="Undo a move", answer=UndoneMoveView)
async def TOOL(call: Call, arguments: UndoMove) -> UndoneMoveView:
    """Take the last stage move of an open deal back, within 24 hours.

    Use this when a deal was moved by mistake; a sale that really went back is crm_move_stage's.
    Stage, probability and time in the stage become what they were; amount, date and contact
    given with the move stay. Both moves stay in crm_timeline. An undo cannot be undone, and a
    deal whose close waits for people is not touched.
    Returns the deal with its new version.
    """
    undone = await undoing.undo(
        call.tx,
        arguments.deal_id,
        viewer=viewer(call.principal),
        reason=arguments.reason,
        expected=service.Expected(
            version=arguments.expected_version, stage=arguments.expected_stage
        ),
        undone_by=call.requested_by,
    )
    view = DealView(**deal_view(undone.deal, call.principal))
    return UndoneMoveView(
        **deal_view(undone.deal, call.principal),
        from_stage=undone.from_stage,
        untrusted_fields=untrusted_in(view, DEAL_WORDS),
    )
