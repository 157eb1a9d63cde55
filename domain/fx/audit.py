"""Audit laws of exchange rates: a rate decides who has to sign, so who brought it matters."""

from typing import Any

from sqlalchemy import select

from domain.fx.events import RateRecorded, said_by
from domain.fx.tables import FxRate
from domain.store.audit_claims import entries_of
from domain.store.audit_laws import Approved, pages
from domain.store.audit_report import Report
from domain.store.tx import Tx

_RATE = (
    *(FxRate.id, FxRate.base, FxRate.quote, FxRate.value, FxRate.as_of),
    *(FxRate.source, FxRate.column),
)


async def rates_were_recorded(tx: Tx, report: Report, _: Approved) -> None:
    """Every rate is as its entry says, and the system wrote it: no agent and no person can."""
    recorded: dict[str, Any] = {}
    for seq, entry in await entries_of(tx, RateRecorded.EVENT):
        event = RateRecorded.read(entry)
        recorded.setdefault(event.id, event.told)
        if said_by(entry) != "system":
            report.found(f"entry {seq}", "tells of a rate that somebody brought who may not")
    async for page in pages(tx, select(*_RATE), FxRate.id):
        for row in page:
            if row.id not in recorded:
                report.found(f"rate {row.id}", "no entry says that it was recorded")
            elif recorded[row.id] != RateRecorded.of(row).told:
                report.found(f"rate {row.id}", "is not what its entry says")
