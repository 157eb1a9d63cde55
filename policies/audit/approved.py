"""Approved effects: what people allowed and was carried out, as the laws of modules ask for it.

A law names the guard of the database, never a tool; which tools open it is what the tools say.
"""

from collections.abc import AsyncIterator, Iterable, Mapping, Sequence
from typing import Any

from sqlalchemy import Select, select

from domain.approvals.tables import PendingAction
from domain.store.audit_claims import as_object
from domain.store.audit_laws import CarriedOut, pages
from domain.store.tx import Tx
from domain.store.wires import Wires

_COLUMNS = (
    PendingAction.id,
    PendingAction.tool,
    PendingAction.entity_id,
    PendingAction.entity_digest,
    PendingAction.amount_minor,
    PendingAction.currency,
    PendingAction.args_json,
    PendingAction.effects,
)
_SUCCEEDED = select(*_COLUMNS).where(PendingAction.state == "succeeded")


class ApprovedEffects:
    """The actions of one tenant that succeeded, by nothing but what every signature covers."""

    def __init__(self, tx: Tx, wires: Wires) -> None:
        self._tx, self._wires = tx, wires

    async def carried_out(self, guard: str) -> AsyncIterator[Sequence[CarriedOut]]:
        """All that opened the guard, oldest first, page by page."""
        async for page in pages(self._tx, self._succeeded(guard), PendingAction.id):
            yield [_read(row) for row in page]

    async def about(self, guard: str, entity_ids: Iterable[str]) -> Mapping[str, CarriedOut]:
        """Those about these things, by the id of the thing; the last of several."""
        about = PendingAction.entity_id.in_(list(entity_ids))
        rows = await self._tx.rows(self._succeeded(guard).where(about).order_by(PendingAction.id))
        return {row.entity_id: _read(row) for row in rows}

    async def among(self, action_ids: Iterable[str]) -> Mapping[str, CarriedOut]:
        """Those of these actions that were carried out, by their id."""
        rows = await self._tx.rows(_SUCCEEDED.where(PendingAction.id.in_(list(action_ids))))
        return {row.id: _read(row) for row in rows}

    def _succeeded(self, guard: str) -> "Select[Any, *tuple[Any, ...]]":
        tools = [tool for name, tool in self._wires if name == guard]
        return _SUCCEEDED.where(PendingAction.tool.in_(tools))


def _read(row: Any) -> CarriedOut:
    effects = row.effects if isinstance(row.effects, list) else []
    return CarriedOut(
        row.id,
        row.entity_id,
        row.entity_digest,
        row.amount_minor,
        row.currency,
        as_object(row.args_json) or {},
        [one for one in effects if isinstance(one, dict)],
    )
