"""Was every night's work done that is marked as done, and is every mark still there?

A part of the offline verifier. What a night wrote, such as a score, is a figure of that night and
is not judged; that it was done, when, and how much it wrote stands in the chain.
"""

from collections.abc import Mapping
from datetime import date, datetime
from typing import Any

from sqlalchemy import String, select, type_coerce

from domain.insight.tables import NightlyRun
from domain.kernel.clock import stamp
from domain.store import audit_verify
from domain.store.audit_verify import Report
from domain.store.tables import AuditEntry
from domain.store.tx import Tx

_NIGHTLY = "nightly."

Night = tuple[str, str]  # the job, and the day it was done for


async def verify_nights(tx: Tx, report: Report) -> None:
    """Each mark has its entry, made at the same instant, and each entry its mark."""
    told = await _told(tx)
    for row in await tx.rows(
        select(
            NightlyRun.job,
            type_coerce(NightlyRun.day, String).label("day"),
            type_coerce(NightlyRun.done_at, String).label("done_at"),
            NightlyRun.written,
        ).order_by(NightlyRun.job, NightlyRun.day)
    ):
        night = (row.job, _plain(row.day))
        seq, at, written = told.pop(night, (0, None, None))
        if not seq:
            report.found(_place(night), "no entry says that it was done")
        elif (_plain(row.done_at), row.written) != (at, written):
            report.found(_place(night), f"entry {seq} tells of another time or number of rows")
    for night, (seq, _, _) in told.items():
        report.found(_place(night), f"is gone, and entry {seq} tells of it")


async def _told(tx: Tx) -> dict[Night, tuple[int, Any, Any]]:
    """What the chain tells: the entry of each night, when it was written and of how many rows."""
    events = await tx.all(
        select(AuditEntry.event).where(AuditEntry.event.startswith(_NIGHTLY)).distinct()
    )
    nights: dict[Night, tuple[int, Any, Any]] = {}
    for event in sorted(events):
        for seq, content in await audit_verify.told(tx, event):
            data: Mapping[str, Any] = audit_verify.data_of(content)
            night = (event.removeprefix(_NIGHTLY), str(data.get("day")))
            nights.setdefault(night, (seq, content.get("at"), data.get("written")))
    return nights


def _place(night: Night) -> str:
    return f"nightly work {night[0]} of {night[1]}"


def _plain(value: Any) -> Any:
    """An instant or a day as the chain writes it; the drivers have them in two ways."""
    if isinstance(value, datetime):
        return stamp(value)
    return value.isoformat() if isinstance(value, date) else value
