"""Deal search: which deal is meant by its name, account, amount or dates?"""

from pydantic import Field

from domain.deals import searching, service
from policies.gate.contract import Call, tool
from tools.crm.shapes import StatusName
from tools.crm.views import DEAL_WORDS, DealView, deal_columns, lines, viewer
from tools.shapes import (
    AmountMinor,
    Currency,
    Day,
    Id,
    NamedReference,
    Paged,
    PersonReference,
    QueryLine,
    View,
    cursor_to,
    position_of,
)

# What it takes to recognise a deal, and to go on with it.
_SHOWN = (
    "id", "account_id", "account_name", "name", "amount_minor", "currency", "pipeline", "stage",
    "probability_pct", "expected_close_date", "status", "closed_date", "owner", "version",
)  # fmt: skip


class SearchDeals(Paged):
    """Which deals are sought; what is given must all fit."""

    query: QueryLine | None = Field(
        default=None, description="Words of the deal's or account's name."
    )
    account_id: Id | None = Field(default=None, description="With this account.")
    min_amount_minor: AmountMinor | None = Field(default=None, description="At least so much.")
    max_amount_minor: AmountMinor | None = Field(default=None, description="At most so much.")
    currency: Currency | None = Field(default=None, description="For amounts: the company's own.")
    closes_from: Day | None = Field(default=None, description="Expected close, first day.")
    closes_until: Day | None = Field(default=None, description="Expected close, last day.")
    pipeline_id: NamedReference | None = Field(default=None, description="Id, code or name.")
    stage_id: NamedReference | None = Field(default=None, description="Id, code or name.")
    owner: PersonReference | None = Field(default=None, description="E-mail, id or name.")
    status: StatusName | None = Field(default=None, description="Left out: all.")


class SoughtDeal(DealView):
    """A deal that was found."""


class FoundDeals(View):
    """A page of deals, newest first."""

    deals: list[SoughtDeal]
    next_cursor: str | None = None
    truncated: bool = False
    advice: str | None = None
    untrusted_fields: list[str] = Field(default_factory=list)

    def text(self) -> str:
        """A line for each."""
        found = lines(self.deals, "No deal fits.", self.truncated, self.next_cursor)
        return f"{found}\n{self.advice}" if self.advice else found


@tool("cyberos.crm.search_deals", title="Search deals", answer=FoundDeals)
async def TOOL(call: Call, arguments: SearchDeals) -> FoundDeals:
    """Find deals by words of their or their account's name, amount, close date, stage or owner.

    Use this to get a deal id from what somebody says; a whole pipeline is crm_pipeline_board.
    Returns a page, newest first, without deals hidden from you.
    """
    question = arguments.model_dump(exclude={"limit", "cursor"}, mode="json")
    before = position_of("deals", question, arguments.cursor)
    found = await searching.find(
        call.tx,
        viewer(call.principal),
        service.Sought(
            account_id=arguments.account_id,
            pipeline=arguments.pipeline_id,
            stage=arguments.stage_id,
            status=arguments.status,
            owner=arguments.owner,
            currency=arguments.currency,
            amount_from=arguments.min_amount_minor,
            amount_to=arguments.max_amount_minor,
            closes_from=arguments.closes_from,
            closes_to=arguments.closes_until,
        ),
        words=arguments.query,
        columns=deal_columns(_SHOWN, call.principal),
        before=str(before[0]) if before else None,
        limit=arguments.limit,
    )
    deals = [SoughtDeal(**dict(zip(_SHOWN, row, strict=True))) for row in found.deals]
    there = {name for one in deals for name in DEAL_WORDS if getattr(one, name) is not None}
    return FoundDeals(
        deals=deals,
        next_cursor=cursor_to("deals", question, [found.next]) if found.next else None,
        truncated=found.next is not None,
        advice=None if deals or found.next else "Try fewer words, or leave a limit out.",
        untrusted_fields=[f"/deals/*/{name}" for name in DEAL_WORDS if name in there],
    )
