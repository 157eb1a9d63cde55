"""Open a deal with an account."""

from typing import Annotated

from pydantic import Field

from domain.deals import service, unusual
from domain.deals.rules import Visibility
from policies.gate.contract import Call, tool
from tools.crm.shapes import VisibilityName
from tools.crm.views import DEAL_WORDS, DealView, deal_view, viewer
from tools.shapes import (
    AmountMinor,
    Change,
    Currency,
    Day,
    Doubted,
    Id,
    Line,
    NamedReference,
    PersonReference,
    Reference,
    untrusted_in,
)


class CreateDeal(Change, Doubted):
    """The new deal."""

    account_id: Id = Field(description="From crm_search_accounts.")
    name: Line = Field(description="What is to be sold.")
    amount_minor: AmountMinor = Field(
        default=0, description="Whole dong, or cents; 0: not known yet."
    )
    currency: Currency | None = Field(default=None, description="ISO code; the company's own.")
    pipeline_id: NamedReference | None = Field(
        default=None, description="Id, code or name; the first one."
    )
    stage_id: NamedReference | None = Field(
        default=None, description="Id, code or name; the first open one."
    )
    probability_pct: Annotated[int, Field(ge=0, le=100)] | None = Field(
        default=None, description="Overrides the stage's until the next move."
    )
    expected_close_date: Day | None = Field(default=None, description="When it should be won.")
    primary_contact_id: Id | None = Field(default=None, description="A contact of the account.")
    owner: PersonReference | None = Field(
        default=None, description="E-mail or id; else the person you act for."
    )
    visibility: VisibilityName = Field(
        default="workspace", description="private: owner and shared_with only."
    )
    shared_with: Annotated[list[PersonReference], Field(max_length=20)] | None = Field(
        default=None, description="E-mails or ids."
    )
    workspace: Reference | None = Field(default=None, description="Id or code; your first one.")


class CreatedDealView(DealView):
    """The deal that is there now."""

    warnings: list[str] | None = None
    untrusted_fields: list[str] = Field(default_factory=list)

    def text(self) -> str:
        """One line, and one for each warning."""
        return "\n".join([super().text(), *(self.warnings or ())])


@tool("cyberos.crm.create_deal", title="Create a deal", answer=CreatedDealView)
async def TOOL(call: Call, arguments: CreateDeal) -> CreatedDealView:
    """Open a sales opportunity with an account.

    Use this when an account may buy something; a conversation alone is crm_log_activity.
    Stages are moved with crm_move_stage and ended with crm_close_deal. Returns the deal.
    """
    new = service.NewDeal(
        account_id=arguments.account_id,
        name=arguments.name,
        amount_minor=arguments.amount_minor,
        currency=arguments.currency,
        workspace=arguments.workspace,
        pipeline=arguments.pipeline_id,
        stage=arguments.stage_id,
        probability_pct=arguments.probability_pct,
        expected_close_date=arguments.expected_close_date,
        primary_contact_id=arguments.primary_contact_id,
        owner=arguments.owner,
        visibility=Visibility(arguments.visibility),
        shared_with=tuple(arguments.shared_with or ()),
    )
    who = viewer(call.principal)
    said = await unusual.look_at_new(
        call.tx,
        who,
        account_id=arguments.account_id,
        amount_minor=arguments.amount_minor,
        currency=arguments.currency,
        expected_close_date=arguments.expected_close_date,
        on=call.day,
        confirmed=arguments.confirm_unusual,
    )
    card = await service.create(call.tx, who, new, created_by=call.requested_by)
    view = DealView(**deal_view(card, call.principal))
    return CreatedDealView(
        **deal_view(card, call.principal),
        warnings=said or None,
        untrusted_fields=untrusted_in(view, DEAL_WORDS),
    )
