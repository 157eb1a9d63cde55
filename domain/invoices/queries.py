"""Queries of invoices: which are asked for, what stands on them, and which time do they bill?

Whoever asks says who looks: the invoice of a deal that is hidden from the viewer is in no list, no
count and no answer about a single one (Invoice.belongs_to).
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, NamedTuple

from sqlalchemy import ColumnElement, Select, case, func, literal, select, union_all

from domain.accounts import queries as accounts
from domain.invoices.labels import Label, read_label
from domain.invoices.rules import DRAFT
from domain.invoices.tables import Invoice, InvoiceLine, InvoiceTime
from domain.store.references import referred
from domain.store.tx import Tx
from domain.store.visibility import SYSTEM, Viewer


@dataclass(frozen=True, slots=True, kw_only=True)
class Filter:
    """Which invoices are asked for; None means all. `since` is the first instant of drafting."""

    account_id: str | None = None
    engagement_id: str | None = None
    status: str | None = None
    since: datetime | None = None


class Told(NamedTuple):
    """One step of an invoice for a timeline: 0 that it was drafted, 1 that it was sent."""

    id: str
    step: int
    at: datetime
    by: str | None
    deal_id: str | None
    label: Label


# --- single invoices ---


async def by_reference(
    tx: Tx, viewer: Viewer, reference: str, *, lock: bool = False
) -> Invoice | None:
    """The invoice with this id or label, if it exists for the viewer; `lock` holds it."""
    asked = select(Invoice).where(_is(reference))
    if lock:
        # What was read before the lock was had may be old.
        asked = asked.with_for_update().execution_options(populate_existing=True)
    with tx.looking_as(viewer):
        return await tx.first(asked)


async def draft_of(tx: Tx, engagement_id: str, period: str) -> Invoice | None:
    """The draft of an engagement and a month, held to the end; whoever may see it."""
    asked = select(Invoice).where(
        Invoice.engagement_id == engagement_id, Invoice.period == period, Invoice.status == DRAFT
    )
    with tx.looking_as(SYSTEM):
        return await tx.first(asked.with_for_update().execution_options(populate_existing=True))


async def by_payment_reference(tx: Tx, references: Iterable[str]) -> Mapping[str, Invoice]:
    """The invoices that are paid under these references, whoever may see them."""
    asked = select(Invoice).where(Invoice.payment_reference.in_(list(references)))
    with tx.looking_as(SYSTEM):
        return {invoice.payment_reference: invoice for invoice in await tx.all(asked)}


async def by_ids(tx: Tx, invoice_ids: Iterable[str]) -> Mapping[str, Invoice]:
    """These invoices by their ids, whoever may see them."""
    asked = select(Invoice).where(Invoice.id.in_(list(invoice_ids)))
    with tx.looking_as(SYSTEM):
        return {invoice.id: invoice for invoice in await tx.all(asked)}


async def lines_of(tx: Tx, invoice_ids: Iterable[str]) -> Sequence[InvoiceLine]:
    """The lines of these invoices, each in its order."""
    with tx.looking_as(SYSTEM):
        return await tx.all(
            select(InvoiceLine)
            .where(InvoiceLine.invoice_id.in_(list(invoice_ids)))
            .order_by(InvoiceLine.invoice_id, InvoiceLine.position, InvoiceLine.id)
        )


async def time_of(tx: Tx, invoice_id: str) -> Sequence[InvoiceTime]:
    """The time entries of an invoice, those that were left out too."""
    with tx.looking_as(SYSTEM):
        return await tx.all(
            select(InvoiceTime)
            .where(InvoiceTime.invoice_id == invoice_id)
            .order_by(InvoiceTime.entry_id)
        )


async def entries_of(tx: Tx, invoice_id: str) -> tuple[int, list[str]]:
    """How many time entries an invoice bills, and the ids of those that were left out of it."""
    known = await time_of(tx, invoice_id)
    left_out = [one.entry_id for one in known if one.line_id is None]
    return len(known) - len(left_out), left_out


def billed_time() -> "Select[str]":
    """The ids of time entries that stand on a line, to be part of a query."""
    return billed_elsewhere(None)


def billed_elsewhere(invoice_id: str | None) -> "Select[str]":
    """The ids of time entries that stand on a line of another invoice, to be part of a query."""
    billed = select(InvoiceTime.entry_id).where(InvoiceTime.line_id.is_not(None))
    return billed if invoice_id is None else billed.where(InvoiceTime.invoice_id != invoice_id)


# --- lists ---


_ACCOUNT = referred("account", "name", by=Invoice.account_id)


async def listed(
    tx: Tx, viewer: Viewer, wanted: Filter, *, before: str | None, limit: int
) -> Sequence[tuple[Invoice, str]]:
    """Invoices with the names of their accounts, newest first, from behind the id `before`."""
    asked: list[ColumnElement[bool]] = []
    if wanted.account_id is not None:
        asked.append(Invoice.account_id == wanted.account_id)
    if wanted.engagement_id is not None:
        asked.append(Invoice.engagement_id == wanted.engagement_id)
    if wanted.status is not None:
        asked.append(Invoice.status == wanted.status)
    if wanted.since is not None:
        asked.append(Invoice.created_at >= wanted.since)
    if before is not None:
        asked.append(Invoice.id < before)
    statement: Select[Any, *tuple[Any, ...]] = (
        select(Invoice, _ACCOUNT.columns.name)
        .join(_ACCOUNT.table, _ACCOUNT.condition)
        .where(*asked)
        .order_by(Invoice.id.desc())
        .limit(limit)
    )
    with tx.looking_as(viewer):
        return [(row[0], row[1]) for row in await tx.rows(statement)]


async def account_name(tx: Tx, account_id: str) -> str:
    """What the customer is called."""
    account = await accounts.get(tx, account_id)
    assert account is not None, "an invoice refers to an account"
    return account.name


async def told(
    tx: Tx,
    viewer: Viewer,
    *,
    account_id: str | None,
    deal_id: str | None,
    before: tuple[datetime, str, int] | None,
    limit: int,
) -> Sequence[Told]:
    """Drafting and sending of invoices, latest first, from behind (at, id, step)."""
    whose: list[ColumnElement[bool]] = []
    if account_id is not None:
        whose.append(Invoice.account_id == account_id)
    if deal_id is not None:
        whose.append(Invoice.deal_id == deal_id)
    label = (Invoice.label_year, Invoice.label_month, Invoice.label_no)
    drafted = select(
        Invoice.id, literal(0).label("step"), Invoice.created_at.label("at"),
        Invoice.created_by.label("by"), Invoice.deal_id, *label,
    ).where(*whose)  # fmt: skip
    sent = select(
        Invoice.id, literal(1).label("step"), Invoice.sent_at.label("at"),
        func.coalesce(Invoice.sent_by, Invoice.created_by).label("by"), Invoice.deal_id, *label,
    ).where(Invoice.sent_at.is_not(None), *whose)  # fmt: skip
    both = union_all(drafted, sent).subquery()
    steps: Select[Any, *tuple[Any, ...]] = select(both)
    if before is not None:
        at, id, step = before
        steps = steps.where(
            (both.c.at < at)
            | ((both.c.at == at) & ((both.c.id < id) | ((both.c.id == id) & (both.c.step < step))))
        )
    latest = (both.c.at.desc(), both.c.id.desc(), both.c.step.desc())
    with tx.looking_as(viewer):
        rows = await tx.rows(steps.order_by(*latest).limit(limit))
    return [
        Told(
            row.id, row.step, row.at, row.by, row.deal_id,
            Label(row.label_year, row.label_month, row.label_no),
        )
        for row in rows
    ]  # fmt: skip


# --- together ---


async def counts(tx: Tx, account_id: str, viewer: Viewer) -> Mapping[str, int]:
    """How many invoices an account has, and how many of them are drafts."""
    drafts = func.count(case((Invoice.status == DRAFT, 1)))
    asked = select(func.count().label("invoices"), drafts.label("drafts")).select_from(Invoice)
    with tx.looking_as(viewer):
        (row,) = await tx.rows(asked.where(Invoice.account_id == account_id))
    return {"invoices": row.invoices, "draft_invoices": row.drafts}


def customer(invoice_id: str) -> "Select[str]":
    """The id of the account that has this invoice."""
    return select(Invoice.account_id).where(Invoice.id == invoice_id)


def others_of_customer(invoice_id: str) -> "Select[str, int]":
    """Ids and versions of the other invoices of an invoice's customer, whoever may see them.

    Only for judging what is asked for together: what is hidden counts too.
    """
    of_invoice = customer(invoice_id).scalar_subquery()
    return select(Invoice.id, Invoice.version).where(
        Invoice.account_id.in_(accounts.of_same_customer(of_invoice)), Invoice.id != invoice_id
    )


def others(invoice_id: str) -> "Select[str, int, str]":
    """Ids, versions and customers of all other invoices, for the same; whoever may see them."""
    customer = Invoice.account_id.label("customer_id")
    return select(Invoice.id, Invoice.version, customer).where(Invoice.id != invoice_id)


def _is(reference: str) -> ColumnElement[bool]:
    label = read_label(reference)
    if label is None:
        return Invoice.id == reference
    named: ColumnElement[bool] = (
        (Invoice.label_year == label.year)
        & (Invoice.label_month == label.month)
        & (Invoice.label_no == label.no)
    )
    return named
