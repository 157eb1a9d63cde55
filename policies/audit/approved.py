"""Approved effects: what people allowed and was carried out, as the laws of modules ask for it.

A law names the guard of the database, never a tool; which tools open it is what the tools say.
"""

from collections.abc import AsyncIterator, Iterable, Mapping, Sequence
from typing import Any

from sqlalchemy import Select, select

from domain.approvals.tables import PendingAction
from domain.store.audit_claims import as_object, committed_by
from domain.store.audit_laws import CarriedOut, pages
from domain.store.tables import AuditEntry
from domain.store.tx import Tx
from domain.store.wires import Wires

_COLUMNS = (
    PendingAction.id,
    PendingAction.tool,
    PendingAction.entity_id,
    PendingAction.amount_minor,
    PendingAction.currency,
    PendingAction.args_json,
)


class ApprovedEffects:
    """The actions of one tenant that succeeded. A private value is believed: the walk judged it."""

    def __init__(self, tx: Tx, wires: Wires) -> None:
        self._tx, self._wires = tx, wires

    async def carried_out(self, guard: str) -> AsyncIterator[Sequence[CarriedOut]]:
        """All that opened the guard, oldest first, page by page."""
        async for page in pages(self._tx, self._succeeded(guard), PendingAction.id):
            yield await self._read(page)

    async def about(self, guard: str, entity_ids: Iterable[str]) -> Mapping[str, CarriedOut]:
        """Those about these things, by the id of the thing; the last of several."""
        about = PendingAction.entity_id.in_(list(entity_ids))
        rows = await self._tx.rows(self._succeeded(guard).where(about).order_by(PendingAction.id))
        return {each.entity_id: each for each in await self._read(rows)}

    def _succeeded(self, guard: str) -> "Select[Any, *tuple[Any, ...]]":
        tools = [tool for name, tool in self._wires if name == guard]
        return select(*_COLUMNS).where(
            PendingAction.tool.in_(tools), PendingAction.state == "succeeded"
        )

    async def _read(self, rows: Sequence[Any]) -> Sequence[CarriedOut]:
        entries = await self._tx.rows(
            select(AuditEntry.seq, AuditEntry.action_id, AuditEntry.event).where(
                AuditEntry.action_id.in_([row.id for row in rows])
            )
        )
        tools = {row.id: row.tool for row in rows}
        seqs = {one.action_id: one.seq for one in entries if one.event == tools[one.action_id]}
        results = await committed_by(self._tx, list(seqs.values()), "result")
        return [
            CarriedOut(
                row.id,
                row.entity_id,
                row.amount_minor,
                row.currency,
                as_object(row.args_json) or {},
                results.get(seqs.get(row.id, 0)),
            )
            for row in rows
        ]
