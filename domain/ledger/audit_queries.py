"""Audit queries of the ledger: what was posted for rows of other modules, as the driver gives it?

An adjustment is a posting of its own cause and is left out here.
"""

from collections import defaultdict
from collections.abc import AsyncIterator, Iterable, Mapping, Sequence
from typing import Any

from sqlalchemy import and_, select

from domain.ledger.tables import JournalEntry, JournalLine
from domain.store.audit_laws import pages
from domain.store.tx import Tx


def sources(tx: Tx, kind: str) -> AsyncIterator[Sequence[Any]]:
    """Every posting for a row of a kind: id and source_id."""
    of_kind = select(JournalEntry.id, JournalEntry.source_id).where(
        JournalEntry.source_kind == kind, JournalEntry.cause == ""
    )
    return pages(tx, of_kind, JournalEntry.id)


async def booked(
    tx: Tx, kind: str, ids: Iterable[str]
) -> Mapping[str, Mapping[tuple[str, str], int]]:
    """Debits less credits by role and currency, for each of these rows that was posted."""
    of_entry = and_(
        JournalEntry.tenant_id == JournalLine.tenant_id, JournalEntry.id == JournalLine.entry_id
    )
    asked = (
        select(
            *(JournalEntry.source_id, JournalLine.role, JournalLine.currency),
            *(JournalLine.debit_minor, JournalLine.credit_minor),
        )
        .join(JournalLine, of_entry)
        .where(
            JournalEntry.source_kind == kind,
            JournalEntry.source_id.in_(list(ids)),
            JournalEntry.cause == "",
        )
    )
    sums: dict[str, dict[tuple[str, str], int]] = defaultdict(lambda: defaultdict(int))
    for row in await tx.rows(asked):
        sums[row.source_id][row.role, row.currency] += row.debit_minor - row.credit_minor
    return {id: dict(of_row) for id, of_row in sums.items()}
