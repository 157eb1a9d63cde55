"""Composition: the lines of a draft are made of the time behind it, and its sums of its lines.

Whatever is asked of a draft, its content is worked out again as a whole and then only what is
different is written: so it cannot drift from the hours, and nothing is written when nothing is new.
"""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from typing import Any

from sqlalchemy import delete

from domain.invoices import queries
from domain.invoices.rules import (
    TIME,
    LineKey,
    TimeLine,
    Worked,
    described,
    in_new_order,
    time_lines,
)
from domain.invoices.tables import Invoice, InvoiceLine, InvoiceTime
from domain.kernel.ids import new_id
from domain.kernel.money import Money
from domain.kernel.rounding import Rounding
from domain.store.tx import Tx
from domain.store.visibility import SYSTEM
from domain.vat.rates import VatCategory, rate_on
from domain.vat.totals import VatTotals, vat_of


@dataclass(frozen=True, slots=True)
class Terms:
    """What an invoice is made by: the name of the work, its VAT category, and the tax point.

    Without a category the standard rate is taken until somebody chooses one.
    """

    title: str
    vat_category: str | None
    on: date

    @property
    def vat_rate(self) -> str:
        """The rate as a hóa đơn calls it. Raises VAT_RATE_UNKNOWN for a day before any law."""
        return rate_on(VatCategory(self.vat_category or VatCategory.STANDARD), self.on).code


@dataclass(frozen=True, slots=True)
class Edits:
    """What people changed: words of lines, places of lines, and entries in or out."""

    descriptions: Mapping[str, str] = field(default_factory=dict)
    places: Mapping[str, int] = field(default_factory=dict)
    leave_out: Collection[str] = ()
    bring_back: Collection[str] = ()


_NO_EDITS = Edits()


@dataclass(frozen=True, slots=True)
class Content:
    """The lines of an invoice in their order, and its time entries, those left out too."""

    lines: Sequence[InvoiceLine] = ()
    time: Sequence[InvoiceTime] = ()


async def content_of(tx: Tx, invoice: Invoice) -> Content:
    """What stands on an invoice now."""
    return Content(await queries.lines_of(tx, [invoice.id]), await queries.time_of(tx, invoice.id))


async def composed_of_time(
    tx: Tx,
    invoice: Invoice,
    terms: Terms,
    entries: Sequence[Worked],
    content: Content,
    edits: Edits = _NO_EDITS,
) -> bool:
    """Make a draft say what these entries say, but for those left out; whether it said otherwise.

    `entries` is all that may stand on it, `content` what stands there. The invoice is new, or held
    and open.
    """
    is_new = invoice.version is None
    held, there = content.time, content.lines
    out = {one.entry_id for one in held if one.line_id is None}
    out = (out | set(edits.leave_out)) - set(edits.bring_back)
    wanted = time_lines((one for one in entries if one.id not in out), _rounding(invoice))

    lines, changed = _matched(invoice, there, wanted, terms, edits)
    changed |= _summed(invoice, lines, terms)
    if is_new:
        tx.add(invoice)
        await tx.flush()
    for line in lines:
        tx.add(line)  # of one that is there already nothing is added
    await tx.flush()
    by_entry = {
        entry_id: line.id
        for line, time in zip(_of_time(lines, wanted), wanted, strict=True)
        for entry_id in time.entry_ids
    }
    changed |= await _bound(tx, invoice, held, by_entry, {one.id for one in entries})
    changed |= await _without(tx, [line for line in there if line not in lines])
    await _counted(tx, invoice, changed=changed and not is_new)
    return changed


async def priced_again(
    tx: Tx, invoice: Invoice, terms: Terms, content: Content, edits: Edits = _NO_EDITS
) -> bool:
    """Leave the lines of a draft as they are but for edits, and tax them as on a day."""
    lines = list(content.lines)
    changed = _worded(lines, edits)
    changed |= _placed(lines, edits)
    changed |= _summed(invoice, lines, terms)
    await _counted(tx, invoice, changed=changed)
    return changed


async def flat(tx: Tx, invoice: Invoice, terms: Terms, amount_minor: int) -> None:
    """Fill a new draft with one line of a fixed amount before tax."""
    line = InvoiceLine(
        id=new_id(),
        invoice_id=invoice.id,
        position=1,
        kind="flat",
        description=described(terms.title, invoice.period),
        amount_minor=amount_minor,
    )
    _summed(invoice, [line], terms)
    tx.add(invoice)
    await tx.flush()
    tx.add(line)
    await tx.flush()


def _matched(
    invoice: Invoice,
    there: Sequence[InvoiceLine],
    wanted: Sequence[TimeLine],
    terms: Terms,
    edits: Edits,
) -> tuple[list[InvoiceLine], bool]:
    """The lines in their order: those that are still wanted, then new ones; and what differs."""
    known = {_key(line): line for line in there}
    lines = [line for line in there if _key(line) in {one.key for one in wanted}]
    changed = len(lines) < len(there)
    for one in wanted:
        line = known.get(one.key)
        if line is None:
            line = InvoiceLine(
                id=new_id(),
                invoice_id=invoice.id,
                kind=TIME,
                description=described(terms.title, invoice.period, one.key),
                role=one.key.role,
                phase=one.key.phase,
                rate_minor=one.key.rate_minor,
            )
            lines.append(line)
        changed |= _put(line, hours_hundredths=one.hours_hundredths, amount_minor=one.amount_minor)
    changed |= _worded(lines, edits)
    changed |= _placed(lines, edits)
    return lines, changed


def _worded(lines: Sequence[InvoiceLine], edits: Edits) -> bool:
    changed = False
    for line in lines:
        if line.id in edits.descriptions:
            changed |= _put(line, description=edits.descriptions[line.id])
    return changed


def _placed(lines: list[InvoiceLine], edits: Edits) -> bool:
    """Number the lines from 1, in their order or in a new one."""
    here = {line.id: line for line in lines}
    places = {id: place for id, place in edits.places.items() if id in here}
    order = in_new_order(list(here), places)
    lines[:] = [here[id] for id in order]
    moved = [_put(line, position=place) for place, line in enumerate(lines, 1)]
    return any(moved)


def _summed(invoice: Invoice, lines: Sequence[InvoiceLine], terms: Terms) -> bool:
    """Tax the lines and put the sums into the header."""
    rate = terms.vat_rate if lines else ""
    vat: VatTotals = vat_of([(line.amount_minor, rate) for line in lines], invoice.currency)
    changed = [
        _put(line, vat_rate=rate, vat_minor=tax)
        for line, tax in zip(lines, vat.line_taxes, strict=True)
    ]
    header = _put(
        invoice,
        vat_category=terms.vat_category,
        subtotal_minor=sum(line.amount_minor for line in lines),
        vat_minor=vat.tax_minor,
        total_minor=Money(vat.total_minor, invoice.currency).json_minor,
    )
    return header or any(changed)


async def _bound(
    tx: Tx,
    invoice: Invoice,
    held: Sequence[InvoiceTime],
    by_entry: Mapping[str, str],
    there: Collection[str],
) -> bool:
    """Bind the entries to their lines; one that is no longer of this invoice is let go."""
    changed = False
    known = {one.entry_id for one in held}
    gone = known - set(there)
    for one in held:
        if one.entry_id not in gone:
            changed |= _put(one, line_id=by_entry.get(one.entry_id))
    new = [entry_id for entry_id in by_entry if entry_id not in known]
    for entry_id in new:
        tx.add(InvoiceTime(invoice_id=invoice.id, entry_id=entry_id, line_id=by_entry[entry_id]))
    await tx.flush()
    if gone:
        with tx.looking_as(SYSTEM):
            of_it = InvoiceTime.invoice_id == invoice.id
            await tx.change(delete(InvoiceTime).where(of_it, InvoiceTime.entry_id.in_(gone)))
    return changed or bool(new) or bool(gone)


async def _without(tx: Tx, lines: Sequence[InvoiceLine]) -> bool:
    """Take away lines on which nothing stands any more."""
    if lines:
        with tx.looking_as(SYSTEM):
            ids = [line.id for line in lines]
            await tx.change(delete(InvoiceLine).where(InvoiceLine.id.in_(ids)))
    return bool(lines)


async def _counted(tx: Tx, invoice: Invoice, *, changed: bool) -> None:
    if changed:
        invoice.version += 1
        invoice.updated_at = tx.at
    await tx.flush()


def _of_time(lines: Sequence[InvoiceLine], wanted: Sequence[TimeLine]) -> list[InvoiceLine]:
    by_key = {_key(line): line for line in lines}
    return [by_key[one.key] for one in wanted]


def _key(line: InvoiceLine) -> LineKey:
    assert line.role is not None and line.rate_minor is not None, "a line of time"
    return LineKey(line.role, line.phase, line.rate_minor)


def _rounding(invoice: Invoice) -> Rounding:
    return Rounding(invoice.rounding)


def _put(row: Any, **values: Any) -> bool:
    """Set columns of a row; whether one of them was something else."""
    different = {name: value for name, value in values.items() if getattr(row, name) != value}
    for name, value in different.items():
        setattr(row, name, value)
    return bool(different)
