"""Numbering: which number comes next in a series that may have no hole?

A number is taken in the transaction that uses it: it waits for whoever took the one before, and
goes back when the transaction does. So the numbers that were kept are 1, 2, 3 ... without a gap and
in the order of the commits. Their modules say what a series is called (`invoice/2026-04`).
"""

from sqlalchemy import select, text

from domain.store.tables import NumberSeries
from domain.store.tx import Tx

# One statement for both databases: two that begin a series at once get 1 and 2, and none fails.
_TAKE = text(
    "INSERT INTO number_series (tenant_id, series, last) VALUES (:tenant_id, :series, 1)"
    " ON CONFLICT (tenant_id, series) DO UPDATE SET last = number_series.last + 1"
    " RETURNING last"
)


async def take(tx: Tx, series: str) -> int:
    """The next number of a series, from 1; nobody else gets one of it until this one is decided."""
    taken = await tx.session.scalar(_TAKE, {"tenant_id": tx.tenant_id, "series": series})
    assert isinstance(taken, int)
    tx.wrote(NumberSeries, {"tenant_id": tx.tenant_id, "series": series, "last": taken})
    return taken


async def last(tx: Tx, series: str) -> int:
    """The number that was taken last; 0 if none was."""
    return await tx.first(select(NumberSeries.last).where(NumberSeries.series == series)) or 0
