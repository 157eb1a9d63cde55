"""Queries of the ledger: what do the books say, in sums, and what was posted for a source?

Nobody is shown an entry: its document may belong to a deal that is hidden from whoever asks. The
sums are those of the whole company, so they are asked as the system.
"""

from dataclasses import dataclass
from datetime import date

from sqlalchemy import and_, case, func, select

from domain.ledger.entries import Dimensions, Line, Source
from domain.ledger.roles import Role
from domain.ledger.tables import JournalEntry, JournalLine
from domain.store.tx import Tx
from domain.store.visibility import SYSTEM

_BOOK = JournalLine.book_minor
_DIMENSIONS = tuple(Dimensions.__dataclass_fields__)


@dataclass(frozen=True, slots=True)
class Balance:
    """What was debited and credited to a role up to a day, in dong."""

    role: Role
    debit_minor: int
    credit_minor: int


async def balances(tx: Tx, as_of: date) -> list[Balance]:
    """The sums of every role that has lines, up to and with a day, in the order of the roles."""
    sums = (
        select(
            JournalLine.role,
            func.sum(case((_BOOK > 0, _BOOK), else_=0)).label("debit"),
            func.sum(case((_BOOK < 0, -_BOOK), else_=0)).label("credit"),
        )
        .join(
            JournalEntry,
            and_(
                JournalEntry.tenant_id == JournalLine.tenant_id,
                JournalEntry.id == JournalLine.entry_id,
            ),
        )
        .where(JournalEntry.on_date <= as_of)
        .group_by(JournalLine.role)
    )
    with tx.looking_as(SYSTEM):
        rows = await tx.rows(sums)
    found = {
        Role(row.role): Balance(Role(row.role), int(row.debit), int(row.credit)) for row in rows
    }
    return [found[role] for role in Role if role in found]


async def posted(tx: Tx, source: Source, cause: str = "") -> JournalEntry | None:
    """The entry of a source: its first one, or that of a cause."""
    with tx.looking_as(SYSTEM):
        return await tx.first(
            select(JournalEntry).where(
                JournalEntry.source_kind == source.kind,
                JournalEntry.source_id == source.id,
                JournalEntry.cause == cause,
            )
        )


async def lines_of(tx: Tx, entry_id: str) -> tuple[Line, ...]:
    """The lines of an entry as they were posted."""
    lines = select(JournalLine).where(JournalLine.entry_id == entry_id)
    with tx.looking_as(SYSTEM):
        rows = await tx.all(lines.order_by(JournalLine.position))
    return tuple(_line(row) for row in rows)


def _line(row: JournalLine) -> Line:
    about = Dimensions(**{name: getattr(row, name) for name in _DIMENSIONS})
    amounts = row.debit_minor, row.credit_minor, row.book_minor
    return Line(Role(row.role), row.currency, *amounts, about)
