"""List invoices: which are there, of whom, and how far did they get?"""

from datetime import datetime, time

from pydantic import Field

from domain.invoices import service
from domain.invoices.queries import Filter
from policies.gate.contract import Call, tool
from tools.crm.views import lines, viewer
from tools.inv.invoice_views import INVOICE_WORDS, InvoiceView, around, invoice_view
from tools.inv.shapes import InvoiceStatus
from tools.shapes import (
    Day,
    Id,
    Paged,
    Reference,
    View,
    cursor_to,
    position_of,
    untrusted_in_each,
)


class ListInvoices(Paged):
    """Which invoices."""

    account_id: Id | None = Field(default=None, description="Only those of this account.")
    engagement_id: Reference | None = Field(default=None, description="Id or code.")
    status: InvoiceStatus | None = Field(
        default=None, description="draft, sent (paid ones too) or void."
    )
    since: Day | None = Field(default=None, description="Drafted on this day or later.")


class Invoices(View):
    """A page of invoices, newest first; lines come from inv_get_invoice."""

    invoices: list[InvoiceView]
    next_cursor: str | None = None
    truncated: bool = False
    untrusted_fields: list[str] = Field(default_factory=list)

    def text(self) -> str:
        """A line for each."""
        return lines(self.invoices, "There is no such invoice.", self.truncated, self.next_cursor)


@tool("cyberos.inv.list_invoices", title="List invoices", answer=Invoices)
async def TOOL(call: Call, arguments: ListInvoices) -> Invoices:
    """List invoices, newest first, by account, engagement, status or day of drafting.

    Use this to get an invoice id or number, or to see what is still a draft or not paid.
    Returns a page of invoices without their lines. Those of hidden deals are not there.
    """
    question = {
        "account_id": arguments.account_id,
        "engagement_id": arguments.engagement_id,
        "status": arguments.status,
        "since": arguments.since.isoformat() if arguments.since else None,
    }
    since = arguments.since
    before = position_of("invoices", question, arguments.cursor)
    page, more = await service.listed(
        call.tx,
        viewer(call.principal),
        Filter(
            account_id=arguments.account_id,
            status=arguments.status,
            since=datetime.combine(since, time(), call.principal.zone) if since else None,
        ),
        engagement=arguments.engagement_id,
        before=str(before[0]) if before else None,
        limit=arguments.limit,
    )
    known = await around(call, [invoice.id for invoice, _ in page])
    invoices = [InvoiceView(**invoice_view(invoice, named, known)) for invoice, named in page]
    return Invoices(
        invoices=invoices,
        next_cursor=cursor_to("invoices", question, [page[-1][0].id]) if more else None,
        truncated=more,
        untrusted_fields=untrusted_in_each("invoices", invoices, INVOICE_WORDS),
    )
