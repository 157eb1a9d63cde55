"""Draft the invoice of an engagement for a month: once, however often it is asked for."""

from pydantic import Field

from domain.invoices import drafting, service
from policies.gate.contract import Call, tool
from tools.crm.views import viewer
from tools.inv.invoice_views import WholeInvoice, whole_view
from tools.inv.shapes import Period
from tools.shapes import Change, Reference

_SEND = "inv_send_invoice"
_MISSING = {
    "lines": "every entry is left out",
    "vat_category": "people have not chosen the VAT category; it is drafted at the standard rate",
    "billing_profile": "nobody said how the account is billed",
    "seller_profile": "the company has recorded no seller profile",
}


class DraftInvoice(Change):
    """Whose work, and which month."""

    engagement_id: Reference = Field(description="Id or code, from inv_list_engagements.")
    period: Period = Field(description="A month, such as 2026-04.")


class DraftedInvoice(WholeInvoice):
    """The one draft of the engagement for the month, and what it still needs."""

    is_new: bool
    changed: bool
    needs: list[str]
    next: str

    def text(self) -> str:
        """What became of the call, the draft, and what it needs."""
        said = (
            "Drafted." if self.is_new else "Brought up to date." if self.changed else "As it was."
        )
        needs = [f"needs {one}: {_MISSING[one]}" for one in self.needs]
        then = [*needs, f"Next: {self.next}."]
        return self.telling(said, but=("is_new", "needs", "next"), then=then)


@tool("cyberos.inv.draft_invoice", title="Draft an invoice", answer=DraftedInvoice)
async def TOOL(call: Call, arguments: DraftInvoice) -> DraftedInvoice:
    """Draft the invoice of an engagement for a month out of its time that is not billed yet.

    Use this when the user wants to bill a month, or after time was logged for it: asked again it
    is the same draft, brought up to date, and what waits for people about it goes stale. Paused
    and closed work is billed too. Words, order and entries are inv_update_draft's; hours and rates
    are those of the time entries.
    Returns the draft with its lines; `needs` is what is missing before inv_send_invoice can be
    asked for. What nobody logged is NOTHING_TO_BILL.
    """
    drafted = await drafting.draft(
        call.tx,
        viewer(call.principal),
        arguments.engagement_id,
        arguments.period,
        on=call.day,
        by=call.requested_by,
    )
    fields = await whole_view(call, drafted.invoice)
    lines = len(fields["lines"])
    return DraftedInvoice(
        **fields,
        is_new=drafted.is_new,
        changed=drafted.changed,
        needs=await service.needs_of(call.tx, drafted.invoice, lines=lines, on=call.day),
        next=_SEND,
    )
