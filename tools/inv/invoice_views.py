"""Views of invoices: how does an agent see one, and what is put together for it?

An invoice knows neither what was received for it nor its e-invoice; other modules do.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime
from typing import Any

from pydantic import Field

from domain.einvoices import queries as einvoices
from domain.engagements import rules as engagement_rules
from domain.invoices import queries
from domain.invoices.rules import is_open, outstanding, standing
from domain.invoices.tables import Invoice, InvoiceLine
from domain.receipts import queries as receipts
from policies.gate.contract import About, Call
from tools.shapes import View, untrusted_in, untrusted_in_each

INVOICE_WORDS = ("account_name",)
LINE_WORDS = ("description", "role", "phase")
PAYMENTS_SCOPE = "inv.payment_read"


class InvoiceLineView(View):
    """A line. One of time is rate x hours; `hours` is text with two decimals."""

    line_id: str
    position: int
    kind: str
    description: str
    role: str | None = None
    phase: str | None = None
    hours: str | None = None
    rate_minor: int | None = None
    amount_minor: int
    vat_rate: str
    vat_minor: int

    leads = ("line_id", "description", "amount_minor")


class EInvoiceView(View):
    """The hóa đơn of an invoice."""

    state: str
    number: str


class PaymentView(View):
    """Money that was applied to an invoice."""

    amount_minor: int
    received_on: date


class InvoiceView(View):
    """An invoice; `status` is draft, sent, paid or void. Amounts in minor units of `currency`."""

    invoice_id: str
    number: str
    status: str
    locked: bool = False
    kind: str
    period: str
    account_id: str
    account_name: str | None = None
    engagement_id: str | None = None
    deal_id: str | None = None
    currency: str
    subtotal_minor: int
    vat_minor: int
    total_minor: int
    outstanding_minor: int
    vat_category: str | None = None
    payment_reference: str
    due_at: date | None = None
    issued_on: date | None = None
    sent_at: datetime | None = None
    einvoice: EInvoiceView | None = None
    created_at: datetime
    version: int

    leads = ("invoice_id", "number", "account_name", "status", "total_minor")

    def about(self) -> About:
        """The invoice."""
        return About("invoice", self.invoice_id)


class WholeInvoice(InvoiceView):
    """An invoice with its lines."""

    lines: list[InvoiceLineView]
    entries: int = Field(description="Time entries on its lines.")
    left_out: list[str] = Field(default_factory=list)
    payments: list[PaymentView] | None = None
    untrusted_fields: list[str] = Field(default_factory=list)


@dataclass(frozen=True, slots=True)
class Around:
    """What other modules know of invoices, by their ids: minor units received, and hóa đơn."""

    received: Mapping[str, int] = field(default_factory=dict)
    payments: Mapping[str, Sequence[PaymentView]] = field(default_factory=dict)
    einvoices: Mapping[str, EInvoiceView] = field(default_factory=dict)


async def around(call: Call, invoice_ids: Sequence[str]) -> Around:
    """Ask them, each once, whatever the number of invoices."""
    issued = await einvoices.states_of(call.tx, invoice_ids)
    payments: dict[str, list[PaymentView]] = {}
    for one in await receipts.payments_of(call.tx, invoice_ids):
        shown = PaymentView(amount_minor=one.amount_minor, received_on=one.value_date)
        payments.setdefault(one.invoice_id, []).append(shown)
    return Around(
        received=await receipts.applied(call.tx, invoice_ids) if payments else {},
        payments=payments,
        einvoices={
            id: EInvoiceView(state=state, number=number) for id, (state, number) in issued.items()
        },
    )


def invoice_view(invoice: Invoice, account_name: str, known: Around) -> dict[str, Any]:
    """The fields of an invoice's view."""
    left = outstanding(invoice.total_minor, known.received.get(invoice.id, 0))
    return {
        "invoice_id": invoice.id,
        "number": invoice.label,
        "status": standing(invoice.status, left),
        "locked": not is_open(invoice),
        "kind": invoice.kind,
        "period": invoice.period,
        "account_id": invoice.account_id,
        "account_name": account_name,
        "engagement_id": invoice.engagement_id,
        "deal_id": invoice.deal_id,
        "currency": invoice.currency,
        "subtotal_minor": invoice.subtotal_minor,
        "vat_minor": invoice.vat_minor,
        "total_minor": invoice.total_minor,
        "outstanding_minor": left,
        "vat_category": invoice.vat_category,
        "payment_reference": invoice.payment_reference,
        "due_at": invoice.due_at,
        "issued_on": invoice.issued_on,
        "sent_at": invoice.sent_at,
        "einvoice": known.einvoices.get(invoice.id),
        "created_at": invoice.created_at,
        "version": invoice.version,
    }


async def whole_view(call: Call, invoice: Invoice) -> dict[str, Any]:
    """The fields of an invoice with its lines, and payments for those who may see them."""
    known = await around(call, [invoice.id])
    lines = await queries.lines_of(call.tx, [invoice.id])
    entries, left_out = await queries.entries_of(call.tx, invoice.id)
    named = await queries.account_name(call.tx, invoice.account_id)
    fields = invoice_view(invoice, named, known)
    views = [_line_view(line) for line in lines]
    may_see = PAYMENTS_SCOPE in call.principal.scopes
    return {
        **fields,
        "lines": views,
        "entries": entries,
        "left_out": left_out,
        "payments": list(known.payments.get(invoice.id, ())) if may_see else None,
        "untrusted_fields": [
            *untrusted_in(InvoiceView(**fields), INVOICE_WORDS),
            *untrusted_in_each("lines", views, LINE_WORDS),
        ],
    }


def _line_view(line: InvoiceLine) -> InvoiceLineView:
    hours = line.hours_hundredths
    return InvoiceLineView(
        line_id=line.id,
        position=line.position,
        kind=line.kind,
        description=line.description,
        role=line.role,
        phase=line.phase,
        hours=engagement_rules.hours_text(hours) if hours is not None else None,
        rate_minor=line.rate_minor,
        amount_minor=line.amount_minor,
        vat_rate=line.vat_rate,
        vat_minor=line.vat_minor,
    )
