"""Invoice: what stands on it, how far did it get, and what is still to be paid?"""

from pydantic import Field

from domain.invoices import service
from policies.gate.contract import Call, tool
from tools.crm.views import viewer
from tools.inv.invoice_views import WholeInvoice, whole_view
from tools.shapes import Ask, Reference


class GetInvoice(Ask):
    """Which invoice."""

    invoice_id: Reference = Field(description="Id or number, such as INV-2026-04-001.")


@tool("cyberos.inv.get_invoice", title="Show an invoice", answer=WholeInvoice)
async def TOOL(call: Call, arguments: GetInvoice) -> WholeInvoice:
    """Show one invoice with its lines, its hóa đơn, what is outstanding, and its payments.

    Use this to check a draft line by line, or to see whether an invoice was sent or paid. Lists
    come from inv_list_invoices.
    Returns the invoice; payments are there only for those who may see them.
    """
    invoice = await service.load(call.tx, viewer(call.principal), arguments.invoice_id)
    return WholeInvoice(**await whole_view(call, invoice))
