"""List of deals: which deals are there?"""

from typing import Annotated, Literal

from pydantic import Field

from domain.deals import service
from policies.gate.contract import Call, tool
from tools.crm.shapes import StatusName
from tools.crm.views import DEAL_WORDS, DealView, deal_columns, lines, viewer
from tools.shapes import (
    MOST_FIELDS,
    Id,
    NamedReference,
    Paged,
    PersonReference,
    View,
    cursor_to,
    position_of,
)

DealField = Literal[
    "account_id", "account_name", "name", "amount_minor", "currency", "amount_minor_vnd",
    "pipeline", "stage", "stage_name", "probability_pct", "expected_close_date", "status",
    "closed_date", "lost_reason", "visibility", "owner", "created_at", "version",
]  # fmt: skip


# What a page holds unless told otherwise: ids and repetitions cost an agent's attention.
REVIEW: tuple[DealField, ...] = (
    "account_id", "account_name", "name", "amount_minor", "currency", "amount_minor_vnd",
    "pipeline", "stage", "probability_pct", "expected_close_date", "status", "closed_date",
    "lost_reason", "owner", "version",
)  # fmt: skip


class ListDeals(Paged):
    """Which deals, and what of them."""

    account_id: Id | None = Field(default=None, description="With this account.")
    pipeline_id: NamedReference | None = Field(default=None, description="Id, code or name.")
    stage_id: NamedReference | None = Field(default=None, description="Id, code or name.")
    status: StatusName | None = Field(default=None, description="Left out: all.")
    owner: PersonReference | None = Field(default=None, description="E-mail, id or name.")
    fields: Annotated[list[DealField], Field(max_length=MOST_FIELDS)] | None = Field(
        default=None, description="Only these, beside id."
    )


class Deals(View):
    """A page of deals, newest first."""

    deals: list[DealView]
    next_cursor: str | None = None
    truncated: bool = False
    untrusted_fields: list[str] = Field(default_factory=list)

    def text(self) -> str:
        """A line for each."""
        return lines(self.deals, "No deal fits.", self.truncated, self.next_cursor)


@tool("cyberos.crm.list_deals", title="List deals", answer=Deals)
async def TOOL(call: Call, arguments: ListDeals) -> Deals:
    """List deals, newest first, by account, pipeline, stage, status or owner.

    Use this to review deals; name `fields` to keep long pages short. One deal in full comes from
    crm_get_deal, one that somebody names from crm_search_deals.
    Returns a page of deals without those hidden from you.
    """
    question = arguments.model_dump(
        include={"account_id", "pipeline_id", "stage_id", "status", "owner"}
    )
    chosen = {"id", *(arguments.fields or REVIEW)}
    # In one order whatever the caller's: the statement for a page is prepared once for each choice.
    fields = tuple(name for name in DealView.model_fields if name in chosen)
    before = position_of("deals", question, arguments.cursor)
    found, more = await service.find(
        call.tx,
        viewer(call.principal),
        service.Sought(
            account_id=arguments.account_id,
            pipeline=arguments.pipeline_id,
            stage=arguments.stage_id,
            status=arguments.status,
            owner=arguments.owner,
        ),
        columns=deal_columns(fields, call.principal),
        before=str(before[0]) if before else None,
        limit=arguments.limit,
    )
    # One validation of the whole page: that of each deal by itself took most of the call.
    page = {
        "deals": [dict(zip(fields, deal, strict=True)) for deal in found],
        "next_cursor": cursor_to("deals", question, [found[-1].id]) if more else None,
        "truncated": more,
        "untrusted_fields": [f"/deals/*/{name}" for name in DEAL_WORDS if name in fields],
    }
    return Deals.model_validate(page)
