"""Audit laws of the ledger: is every entry balanced, told, and posted for something that is there?

Sums are made again from the lines as the driver gives them, by no statement that adds.
"""

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from sqlalchemy import String, select, type_coerce

from domain.ledger.entries import BOOK
from domain.ledger.events import EntryPosted
from domain.ledger.roles import Role
from domain.ledger.tables import JournalEntry, JournalLine
from domain.store.audit_claims import content_of
from domain.store.audit_laws import Approved, pages
from domain.store.audit_report import FOREIGN, Report
from domain.store.descriptor import all_tables
from domain.store.schema import TenantEntity
from domain.store.tables import AuditEntry
from domain.store.tx import Tx

_ROLES = frozenset(role.value for role in Role)
_HEAD = select(
    JournalEntry.id,
    JournalEntry.source_kind,
    JournalEntry.source_id,
    JournalEntry.cause,
    JournalEntry.line_count,
    type_coerce(JournalEntry.on_date, String).label("day"),
)
_LINE = select(
    JournalLine.entry_id,
    JournalLine.position,
    JournalLine.line_count,
    JournalLine.role,
    JournalLine.currency,
    JournalLine.debit_minor,
    JournalLine.credit_minor,
    JournalLine.book_minor,
)


async def entries_are_balanced(tx: Tx, report: Report, _: Approved) -> None:
    """Every entry has all its lines, which are balanced in the books and in each currency."""
    async for page in pages(tx, _HEAD, JournalEntry.id):
        lines: dict[str, list[Any]] = defaultdict(list)
        ids = [row.id for row in page]
        for line in await tx.rows(_LINE.where(JournalLine.entry_id.in_(ids))):
            lines[line.entry_id].append(line)
        for row in page:
            if problem := _problem(row.line_count, lines[row.id]):
                report.found(f"journal entry {row.id}", problem)


def _problem(line_count: Any, lines: Sequence[Any]) -> str:
    """What is wrong with the lines of an entry; empty if nothing is."""
    if any(not _is_sound(line) for line in lines):
        return FOREIGN
    places = sorted(line.position for line in lines)
    if places != list(range(1, len(lines) + 1)) or {line_count} != {
        len(lines), *(line.line_count for line in lines)
    }:  # fmt: skip
        return "has not the lines that it was posted with"
    if any(line.role not in _ROLES for line in lines):
        return "has a line of a role that there is not"
    sums: dict[str, int] = defaultdict(int)
    for line in lines:
        sums[line.currency] += line.debit_minor - line.credit_minor
    unequal = sorted(currency for currency, minor in sums.items() if minor)
    if unequal:
        return f"is not balanced in {', '.join(unequal)}"
    return "is not balanced in the books" if sum(line.book_minor for line in lines) else ""


def _is_sound(line: Any) -> bool:
    numbers = line.position, line.line_count, line.debit_minor, line.credit_minor, line.book_minor
    if not all(type(one) is int for one in numbers) or not isinstance(line.currency, str):
        return False
    turned = line.debit_minor - line.credit_minor
    is_one_sided = min(line.debit_minor, line.credit_minor) == 0 and turned * line.book_minor >= 0
    return is_one_sided and (line.currency != BOOK or turned == line.book_minor)


async def entries_were_told(tx: Tx, report: Report, _: Approved) -> None:
    """Every entry was told when it was posted, with the source and the day that it has."""
    async for page in pages(tx, _HEAD, JournalEntry.id):
        told = await _told(tx, [row.id for row in page])
        for row in page:
            event = told.get(row.id)
            if event is None:
                report.found(f"journal entry {row.id}", "no entry tells that it was posted")
            elif event != EntryPosted(
                row.id, f"{row.source_kind}:{row.source_id}:{row.cause}", str(row.day)
            ):
                what = "was posted for another source or day than it has"
                report.found(f"journal entry {row.id}", what)


async def _told(tx: Tx, ids: Iterable[str]) -> Mapping[str, EntryPosted]:
    places = [EntryPosted.place(id) for id in ids]
    rows = await tx.rows(
        select(AuditEntry.body)
        .where(AuditEntry.object.in_(places), AuditEntry.event == EntryPosted.EVENT)
        .order_by(AuditEntry.seq)
    )
    contents = (content_of(row.body) if isinstance(row.body, str) else None for row in rows)
    events = [EntryPosted.read(content) for content in contents if content is not None]
    return {event.entry_id: event for event in reversed(events)}


async def entries_have_their_sources(tx: Tx, report: Report, _: Approved) -> None:
    """Every entry was posted for a row that is there; an adjustment, for one that was posted."""
    async for page in pages(tx, _HEAD, JournalEntry.id):
        wanted: dict[str, set[str]] = defaultdict(set)
        for row in page:
            wanted[str(row.source_kind)].add(str(row.source_id))
        there = {kind: await _there(tx, kind, ids) for kind, ids in wanted.items()}
        first = await tx.rows(
            select(JournalEntry.source_kind, JournalEntry.source_id).where(
                JournalEntry.cause == "",
                JournalEntry.source_id.in_([row.source_id for row in page if row.cause]),
            )
        )
        begun = {(row.source_kind, row.source_id) for row in first}
        for row in page:
            place = f"journal entry {row.id}"
            if str(row.source_id) not in there[str(row.source_kind)]:
                report.found(place, "was posted for something that is not there")
            if row.cause and (row.source_kind, row.source_id) not in begun:
                report.found(place, "adjusts what was never posted")


async def _there(tx: Tx, kind: str, ids: Iterable[str]) -> set[str]:
    """Which of these ids the table has; none of a table that there is not."""
    table = all_tables().get(kind)
    if table is None or not issubclass(table, TenantEntity):
        return set()
    return set(await tx.all(select(table.id).where(table.id.in_(sorted(ids)))))


async def lines_have_heads(tx: Tx, report: Report, _: Approved) -> None:
    """No line stands in the books without an entry, where no sum of entries would meet it."""
    heads = select(JournalEntry.id)
    loose = select(JournalLine.id).where(JournalLine.entry_id.not_in(heads))
    async for page in pages(tx, loose, JournalLine.id):
        for row in page:
            report.found(f"journal line {row.id}", "belongs to no entry")
