"""Bring a deal to its next stage."""

from pydantic import Field

from domain.deals import service, unusual
from policies.gate.contract import Call, tool
from tools.crm.views import DEAL_WORDS, DealView, deal_view, viewer
from tools.shapes import (
    AmountMinor,
    Change,
    Day,
    Doubted,
    Id,
    LongLine,
    NamedReference,
    untrusted_in,
)


class MoveStage(Change, Doubted):
    """Which deal, and where to."""

    deal_id: Id = Field(description="From crm_list_deals.")
    to_stage: NamedReference = Field(description="Code, name or id of an open stage.")
    reason: LongLine | None = Field(default=None, description="Needed to skip stages.")
    expected_stage: NamedReference | None = Field(
        default=None, description="Refuse if it stands elsewhere."
    )
    expected_version: int | None = Field(default=None, ge=1, description="Refuse if changed since.")
    amount_minor: AmountMinor | None = Field(default=None, description="If not known yet.")
    expected_close_date: Day | None = Field(default=None, description="If not known yet.")
    primary_contact_id: Id | None = Field(default=None, description="If not known yet.")


class MovedDealView(DealView):
    """The deal in its new stage."""

    from_stage: str
    warnings: list[str] | None = None
    untrusted_fields: list[str] = Field(default_factory=list)

    def text(self) -> str:
        """One line."""
        return f"Moved from {self.from_stage}: {self.telling(but=('from_stage',))}"


@tool("cyberos.crm.move_stage", title="Move a deal", answer=MovedDealView)
async def TOOL(call: Call, arguments: MoveStage) -> MovedDealView:
    """Move an open deal to another open stage; its probability becomes the stage's default.

    Use this when the sale went a step on or back. Winning, losing and cancelling are
    crm_close_deal's, also when the user names the stage closed_won.
    Skipping needs a reason; a refusal lists the moves allowed and the fields a stage needs, which
    can be given here. Returns the deal.
    """
    who = viewer(call.principal)
    said = await unusual.look_at_change(
        call.tx,
        who,
        arguments.deal_id,
        amount_minor=arguments.amount_minor,
        expected_close_date=arguments.expected_close_date,
        on=call.day,
        confirmed=arguments.confirm_unusual,
    )
    moved = await service.move(
        call.tx,
        arguments.deal_id,
        viewer=who,
        to_stage=arguments.to_stage,
        reason=arguments.reason,
        expected=service.Expected(
            version=arguments.expected_version, stage=arguments.expected_stage
        ),
        moved_by=call.requested_by,
        learnt=service.Details(
            amount_minor=arguments.amount_minor,
            expected_close_date=arguments.expected_close_date,
            primary_contact_id=arguments.primary_contact_id,
        ),
    )
    shown = deal_view(moved.deal, call.principal)
    return MovedDealView(
        **shown,
        from_stage=moved.from_stage,
        warnings=said or None,
        untrusted_fields=untrusted_in(DealView(**shown), DEAL_WORDS),
    )
