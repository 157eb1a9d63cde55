"""Changes of drafts: words and order of lines, an entry left out, and when it is due.

Hours and rates are nobody's to change here: they are those of the time entries.
"""

from dataclasses import dataclass
from datetime import date

from domain.engagements import billing_queries, time_entries
from domain.invoices import composing, queries, service
from domain.invoices.composing import Content, Edits
from domain.invoices.labels import days_of
from domain.invoices.rules import TIME, check_due, check_open
from domain.invoices.tables import Invoice
from domain.kernel.faults import Fault, Kind
from domain.store import outbox
from domain.store.edits import check_version
from domain.store.tx import Tx
from domain.store.visibility import SYSTEM, Viewer


@dataclass(frozen=True, slots=True, kw_only=True)
class LineChange:
    """What is different of a line: its words, its place from 1, and entries that go from it."""

    line_id: str
    description: str | None = None
    position: int | None = None
    leave_out: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class DraftChanges:
    """What is different of a draft; None and nothing leave alone. Entries that were left out may
    come back.
    """

    lines: tuple[LineChange, ...] = ()
    bring_back: tuple[str, ...] = ()
    due_at: date | None = None
    clear_due_at: bool = False


@dataclass(frozen=True, slots=True)
class UpdatedDraft:
    """The draft as it is now, and whether it was otherwise before."""

    invoice: Invoice
    changed: bool


async def update(
    tx: Tx,
    viewer: Viewer,
    reference: str,
    changes: DraftChanges,
    *,
    on: date,
    expected_version: int | None = None,
) -> UpdatedDraft:
    """Change a draft (id or label), all that is asked or nothing, and tax it as on a day.

    Raises NOT_FOUND, INVOICE_LOCKED, VERSION_CONFLICT, NOTHING_GIVEN, CLEAR_CONFLICT,
    DUE_DATE_INVALID, LINE_UNKNOWN and ENTRY_UNKNOWN.
    """
    await time_entries.hold(tx)
    invoice = await service.load(tx, viewer, reference, lock=True)
    check_open(invoice)
    check_version(expected_version, invoice.version, "invoice", "{get_invoice}")
    _check_given(changes)
    if changes.due_at is not None:
        check_due(changes.due_at, on)
    content = await composing.content_of(tx, invoice)
    edits = _edits_of(content, changes)
    due_at = None if changes.clear_due_at else changes.due_at or invoice.due_at
    is_due_otherwise = due_at != invoice.due_at
    invoice.due_at = due_at

    changed = await _recomposed(tx, invoice, content, edits, on)
    if is_due_otherwise and not changed:
        invoice.version += 1
        invoice.updated_at = tx.at
        await tx.flush()
    if changed or is_due_otherwise:
        outbox.emit(tx, "invoice.updated", invoice_id=invoice.id, version=invoice.version)
    return UpdatedDraft(invoice, changed or is_due_otherwise)


async def _recomposed(tx: Tx, invoice: Invoice, content: Content, edits: Edits, on: date) -> bool:
    """Write the edits down. Only entries that stand on it or were left out of it count here: what
    came since is taken in when the draft is asked for again.
    """
    terms = await service.terms_of(tx, invoice, on)
    if invoice.kind != TIME:
        return await composing.priced_again(tx, invoice, terms, content, edits)
    assert invoice.engagement_id is not None
    first, last = days_of(invoice.period)
    known = {one.entry_id for one in content.time}
    with tx.looking_as(SYSTEM):
        entries = await billing_queries.worked(
            tx, invoice.engagement_id, first, last, but=queries.billed_elsewhere(invoice.id)
        )
    mine = [entry for entry in entries if entry.id in known]
    return await composing.composed_of_time(tx, invoice, terms, mine, content, edits)


def _edits_of(content: Content, changes: DraftChanges) -> Edits:
    """What is asked for, of lines and entries that are there. Raises LINE_ and ENTRY_UNKNOWN."""
    lines = {line.id for line in content.lines}
    on_line = {one.entry_id: one.line_id for one in content.time}
    for change in changes.lines:
        if change.line_id not in lines:
            raise _unknown("LINE_UNKNOWN", "line", change.line_id)
        for entry_id in change.leave_out:
            if on_line.get(entry_id) != change.line_id:
                raise _unknown("ENTRY_UNKNOWN", "entry on this line", entry_id)
    for entry_id in changes.bring_back:
        if on_line.get(entry_id, "") is not None:
            raise _unknown("ENTRY_UNKNOWN", "entry left out of this draft", entry_id)
    return Edits(
        descriptions={
            one.line_id: one.description for one in changes.lines if one.description is not None
        },
        places={one.line_id: one.position for one in changes.lines if one.position is not None},
        leave_out=frozenset(id for one in changes.lines for id in one.leave_out),
        bring_back=frozenset(changes.bring_back),
    )


def _check_given(changes: DraftChanges) -> None:
    if changes.due_at is not None and changes.clear_due_at:
        raise Fault(
            "CLEAR_CONFLICT",
            Kind.INVALID,
            "The same call gives and clears due_at.",
            "Give the new day, or list the field in clear; not both.",
            {"fields": ["due_at"]},
        )
    said = (
        any(one.description or one.position or one.leave_out for one in changes.lines),
        bool(changes.bring_back),
        changes.due_at is not None,
        changes.clear_due_at,
    )
    if not any(said):
        raise Fault(
            "NOTHING_GIVEN",
            Kind.INVALID,
            "The call names nothing to change.",
            "Give a line with its new words or place, an entry to leave out, or due_at.",
        )


def _unknown(code: str, what: str, id: str) -> Fault:
    return Fault(
        code,
        Kind.NOT_FOUND,
        f"The draft has no such {what}.",
        "Read its lines with {get_invoice} and its entries with {time_entries}.",
        {"id": id},
    )
