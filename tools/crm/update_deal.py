"""Correct what is known about an open deal."""

from typing import Annotated, Literal

from pydantic import Field

from domain.deals import service, unusual, updating
from policies.gate.contract import Call, tool
from tools.crm.views import DEAL_WORDS, DealView, deal_view, viewer
from tools.shapes import (
    AmountMinor,
    Currency,
    Day,
    Doubted,
    Edit,
    Id,
    Line,
    PersonReference,
    changed_text,
    untrusted_in,
)

Clearable = Literal["expected_close_date", "primary_contact_id", "probability_pct"]


class UpdateDeal(Edit, Doubted):
    """Which deal, and what is different."""

    deal_id: Id = Field(description="From crm_list_deals.")
    name: Line | None = Field(default=None, description="What is to be sold.")
    amount_minor: AmountMinor | None = Field(default=None, description="Whole dong, or cents.")
    currency: Currency | None = Field(default=None, description="Only with amount_minor.")
    probability_pct: Annotated[int, Field(ge=0, le=100)] | None = Field(
        default=None, description="Overrides the stage's until the next move."
    )
    expected_close_date: Day | None = Field(default=None, description="When it should be won.")
    primary_contact_id: Id | None = Field(default=None, description="A contact of the account.")
    owner: PersonReference | None = Field(
        default=None, description="Only its owner gives a deal away."
    )
    clear: Annotated[list[Clearable], Field(max_length=3)] = Field(
        default_factory=list,
        description="Fields to make empty.",
    )


class UpdatedDealView(DealView):
    """The deal as it is now."""

    changed: list[str]
    warnings: list[str] | None = None
    untrusted_fields: list[str] = Field(default_factory=list)

    def text(self) -> str:
        """One line for what changed, one for the deal."""
        return self.telling(changed_text(self.changed), but=("changed",))


@tool("cyberos.crm.update_deal", title="Update a deal", answer=UpdatedDealView)
async def TOOL(call: Call, arguments: UpdateDeal) -> UpdatedDealView:
    """Change fields of an open deal; what is left out stays as it is.

    Use this when name, amount, probability, expected close, contact or owner is wrong or new.
    The stage is crm_move_stage's, the end crm_close_deal's. To make a field empty name it in
    `clear`. A close that waits for people goes stale with any change: propose it again.
    Returns the deal, and in `changed` the fields that were something else.
    """
    who = viewer(call.principal)
    said = await unusual.look_at_change(
        call.tx,
        who,
        arguments.deal_id,
        amount_minor=arguments.amount_minor,
        currency=arguments.currency,
        expected_close_date=arguments.expected_close_date,
        on=call.day,
        confirmed=arguments.confirm_unusual,
    )
    updated = await updating.update(
        call.tx,
        arguments.deal_id,
        updating.DealChanges(
            name=arguments.name,
            amount_minor=arguments.amount_minor,
            currency=arguments.currency,
            probability_pct=arguments.probability_pct,
            expected_close_date=arguments.expected_close_date,
            primary_contact_id=arguments.primary_contact_id,
            owner=arguments.owner,
        ),
        viewer=who,
        clear=tuple(arguments.clear),
        expected=service.Expected(version=arguments.expected_version),
    )
    view = DealView(**deal_view(updated.deal, call.principal))
    return UpdatedDealView(
        **deal_view(updated.deal, call.principal),
        changed=list(updated.changed),
        warnings=said or None,
        untrusted_fields=untrusted_in(view, DEAL_WORDS),
    )
