"""Audit laws of exchange rates: a rate decides who has to sign, so who brought it matters."""

from sqlalchemy import select

from domain.fx.events import RateRecorded
from domain.fx.tables import FxRate
from domain.store.audit_claims import entries_of
from domain.store.audit_laws import Approved, pages
from domain.store.audit_report import Report
from domain.store.tx import Tx


async def rates_were_recorded(tx: Tx, report: Report, _: Approved) -> None:
    """Every rate has its entry, and the system wrote it: no agent and no person can record one."""
    recorded: set[str] = set()
    for seq, entry in await entries_of(tx, RateRecorded.EVENT):
        event = RateRecorded.read(entry)
        recorded.add(event.rate_id)
        if event.said_by != "system":
            report.found(f"entry {seq}", "tells of a rate that somebody brought who may not")
    async for page in pages(tx, select(FxRate.id), FxRate.id):
        for row in page:
            if row.id not in recorded:
                report.found(f"rate {row.id}", "no entry says that it was recorded")
