"""Audit laws of dispatches: did each follow what people approved, and in the order written?"""

from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import aliased

from domain.approvals import queries as approvals
from domain.dispatches.tables import Dispatch
from domain.store.audit_laws import Approved, pages
from domain.store.audit_report import Report
from domain.store.tx import Tx


async def follow_what_was_approved(tx: Tx, report: Report, approved: Approved) -> None:
    """Every dispatch has an action that succeeded, about the same thing as people were shown."""
    columns = select(
        Dispatch.id, Dispatch.action_id, Dispatch.n, Dispatch.tool, Dispatch.digest,
        Dispatch.entity_type, Dispatch.entity_id, Dispatch.state,
    )  # fmt: skip
    async for page in pages(tx, columns, Dispatch.id):
        sources = await approvals.sources(tx, {row.action_id for row in page})
        for row in page:
            source = sources.get(row.action_id)
            if source is None or source.state != "succeeded":
                report.found(f"dispatch {row.id}", "follows an action that was not carried out")
            elif not _same(row, source):
                report.found(f"dispatch {row.id}", "is not about what people approved")
    await _check_order(tx, report)


async def _check_order(tx: Tx, report: Report) -> None:
    """None was begun before an earlier one of its action was done."""
    earlier = aliased(Dispatch)
    early = select(Dispatch.id).where(
        Dispatch.attempts > 0,
        select(earlier.id)
        .where(
            earlier.tenant_id == Dispatch.tenant_id,
            earlier.action_id == Dispatch.action_id,
            earlier.n < Dispatch.n,
            earlier.state != "done",
        )
        .exists(),
    )
    async for page in pages(tx, early, Dispatch.id):
        for row in page:
            report.found(f"dispatch {row.id}", "was begun before what stands before it")


def _same(row: Any, source: Any) -> bool:
    mine = (row.tool, row.digest, row.entity_type, row.entity_id)
    return bool(mine == (source.tool, source.entity_digest, source.entity_type, source.entity_id))
