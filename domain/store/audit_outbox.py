"""Audit laws of the outbox: was every message kept for as long as it is promised, and counted?

That a message is there and says what it said is compared like every chained row; here is what the
deletion of one commits to, and the number that the next one will have.
"""

from sqlalchemy import and_, func, select
from sqlalchemy.orm import aliased

from domain.store.audit_laws import Approved, pages
from domain.store.audit_report import Report
from domain.store.subscribers import KEPT
from domain.store.tables import AuditEntry, AuditHead, AuditRow, OutboxMessage
from domain.store.tx import Tx

_TOLD, _LET_GO, _BORN = aliased(AuditEntry), aliased(AuditEntry), aliased(AuditRow)
_GONE = (
    select(AuditRow.row_key, AuditRow.seq, _TOLD.at.label("told"), _LET_GO.at.label("let_go"))
    .join(
        _BORN,
        and_(
            _BORN.tenant_id == AuditRow.tenant_id,
            _BORN.table_name == AuditRow.table_name,
            _BORN.row_key == AuditRow.row_key,
            _BORN.digest.is_not(None),
        ),
    )
    .join(_TOLD, and_(_TOLD.tenant_id == _BORN.tenant_id, _TOLD.seq == _BORN.seq))
    .join(_LET_GO, and_(_LET_GO.tenant_id == AuditRow.tenant_id, _LET_GO.seq == AuditRow.seq))
    .where(AuditRow.table_name == OutboxMessage.__tablename__, AuditRow.digest.is_(None))
)


async def messages_are_kept(tx: Tx, report: Report, _: Approved) -> None:
    """No message was let go before its time, by the instants of the entries that tell of it."""
    async for page in pages(tx, _GONE, AuditRow.row_key):
        for row in page:
            if row.let_go - row.told < KEPT:
                what = f"was let go before its time, by entry {row.seq}"
                report.found(f"outbox {row.row_key}", what)


async def messages_are_counted(tx: Tx, report: Report, _: Approved) -> None:
    """The head has counted as many messages as entries tell of."""
    mine = AuditRow.table_name == OutboxMessage.__tablename__, AuditRow.digest.is_not(None)
    told = await tx.first(select(func.count()).select_from(AuditRow).where(*mine)) or 0
    for counted in await tx.all(select(AuditHead.messages)):
        if counted != told:
            report.found("head", f"counts {counted} messages, and entries tell of {told}")
