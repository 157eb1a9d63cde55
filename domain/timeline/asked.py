"""Actions in timelines: what people were asked to approve about deals, and what they said."""

from collections.abc import Mapping, Sequence
from typing import Any

from sqlalchemy import Select

from domain.approvals import queries as approvals
from domain.approvals.service import standing
from domain.deals import queries as deals
from domain.store.declarations import About, Place, TimelineSource
from domain.store.tx import Tx


def _whose(about: About) -> "Select[str]":
    return deals.ids_of(account_id=about.account_id, deal_id=about.deal_id)


async def _proposed(tx: Tx, about: About, after: Place | None, limit: int) -> Sequence[Any]:
    before = after[:2] if after is not None else None
    return await approvals.proposed_before(tx, _whose(about), before, limit=limit)


async def _actions(tx: Tx, rows: Sequence[Any]) -> list[Mapping[str, Any]]:
    states = await standing(tx, rows)
    return [
        {
            "id": row.id,
            "kind": "proposed",
            "by": row.requester,
            "deal_id": row.entity_id,
            "tool": row.tool,
            "state": states[row.id].value,
            "summary": row.summary,
        }
        for row in rows
    ]


async def _decided(tx: Tx, about: About, after: Place | None, limit: int) -> Sequence[Any]:
    before = (after.at, after.id, str(after.sub)) if after is not None else None
    return await approvals.decided_before(tx, _whose(about), before, limit=limit)


async def _decisions(_tx: Tx, rows: Sequence[Any]) -> list[Mapping[str, Any]]:
    return [
        {
            "id": row.action_id,
            "kind": "approved" if row.decision == "approve" else "rejected",
            "by": f"human:{row.person_id}",
            "reason": row.reason,
        }
        for row in rows
    ]


ACTIONS = TimelineSource(
    number=3,
    before=_proposed,
    place=lambda row: Place(row.created_at, row.id, 0),
    shown=_actions,
)
DECISIONS = TimelineSource(
    number=4,
    before=_decided,
    place=lambda row: Place(row.at, row.action_id, row.person_id),
    shown=_decisions,
    first="",
)
