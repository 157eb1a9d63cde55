"""Invoices as a module: what is signed stays, and nothing is sent without people."""

from domain.accounts import queries as accounts
from domain.invoices import audit, on_won, queries, timeline
from domain.invoices.tables import Invoice, InvoiceLine, InvoiceTime
from domain.invoices.triggers import (
    ADDED,
    CHANGED,
    LOCKED,
    MOVED_TO_ITS_LINE,
    PUT_ON_ITS_LINE,
    TAKEN_OUT,
)
from domain.store.declarations import Consequence, Count, CustomerRows
from domain.store.descriptor import Grant, Module, Stored
from domain.store.engine import Role
from domain.store.guards import (
    begins_as,
    final,
    fixed,
    fixed_but,
    needs_action,
    never_deleted,
    numbered,
)

_DRAFTED = (
    *("subtotal_minor", "vat_minor", "total_minor", "vat_category", "due_at"),
    *("updated_at", "version"),
)
_SENT = (
    *("status", "terms_days", "issued_on", "fx_rate_id", "bank_account_id"),
    *("locked_at", "sent_at", "sent_by"),
)
_LINES = Grant(
    insert=True,
    update=(
        *("position", "description", "hours_hundredths", "amount_minor", "vat_rate", "vat_minor"),
    ),
    delete=True,
)
_TIME = Grant(insert=True, update=("line_id",), delete=True)

MODULE = Module(
    name="invoices",
    uses=("accounts", "billing", "company", "engagements", "payments", "vat"),
    on_won=(
        Consequence(kind=on_won.KIND, rank=40, line=30, foresee=on_won.foresee, do=on_won.draft),
    ),
    counts=(Count(("invoices", "draft_invoices"), queries.counts),),
    timeline=(timeline.INVOICES,),
    customer_rows={
        "invoice": CustomerRows(
            customer=queries.customer,
            of_customer=queries.others_of_customer,
            others=queries.others,
            names=accounts.names,
        )
    },
    billed_time=queries.billed_time,
    topics=("invoice.drafted", "invoice.updated", "invoice.sent"),
    laws=(
        audit.amounts_add_up,
        audit.entries_are_billed_once,
        audit.numbers_have_no_gap,
        audit.sent_by_people,
        audit.flat_ones_are_of_won_deals,
        audit.references_are_used,
    ),
    tables={
        Invoice: Stored(
            guards=(
                begins_as(status="draft", version=1, locked_at=None, sent_at=None, issued_on=None),
                needs_action("invoice.send", "status", version="version"),
                fixed_but(*_DRAFTED, *_SENT),
                LOCKED,
                numbered("label_no", "label_year", "label_month"),
                final("status", unless="draft"),
                never_deleted(),
            ),
            grants={
                Role.AGENT: Grant(insert=True, update=_DRAFTED),
                Role.EXECUTOR: Grant(insert=True, update=(*_DRAFTED, *_SENT)),
            },
        ),
        InvoiceLine: Stored(
            guards=(
                fixed("invoice_id", "kind", "role", "phase", "rate_minor"),
                ADDED,
                CHANGED,
                TAKEN_OUT,
            ),
            grants=dict.fromkeys((Role.AGENT, Role.EXECUTOR), _LINES),
        ),
        InvoiceTime: Stored(
            guards=(
                fixed("invoice_id", "entry_id"),
                ADDED,
                CHANGED,
                TAKEN_OUT,
                PUT_ON_ITS_LINE,
                MOVED_TO_ITS_LINE,
            ),
            grants=dict.fromkeys((Role.AGENT, Role.EXECUTOR), _TIME),
        ),
    },
)
