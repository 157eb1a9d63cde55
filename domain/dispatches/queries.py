"""Queries of dispatches: what is due, what hangs, and what follows an action?"""

from collections.abc import Sequence
from datetime import datetime

from sqlalchemy import select
from sqlalchemy.orm import aliased

from domain.dispatches.tables import Dispatch, DispatchResolution
from domain.kernel import backoff
from domain.store.tx import Tx


async def dispatch(tx: Tx, dispatch_id: str, *, lock: bool = False) -> Dispatch | None:
    """One dispatch of this tenant; `lock` holds it against everybody else until the end."""
    asked = select(Dispatch).where(Dispatch.id == dispatch_id)
    return await tx.first(asked.with_for_update() if lock else asked)


async def of_action(tx: Tx, action_id: str) -> Sequence[Dispatch]:
    """What follows an action, in the order in which it is done."""
    mine = select(Dispatch).where(Dispatch.action_id == action_id)
    return await tx.all(mine.order_by(Dispatch.n))


async def due(tx: Tx, *, action_id: str | None = None) -> Sequence[str]:
    """Ids of dispatches to be carried out now, the oldest action first.

    One that waits for an earlier one of its action is not due, whatever became of that.
    """
    earlier = aliased(Dispatch)
    unfinished = (
        select(earlier.id)
        .where(
            earlier.tenant_id == Dispatch.tenant_id,
            earlier.action_id == Dispatch.action_id,
            earlier.n < Dispatch.n,
            earlier.state != "done",
        )
        .exists()
    )
    asked = select(Dispatch.id, Dispatch.next_at, Dispatch.attempts).where(
        Dispatch.state == "waiting", ~unfinished
    )
    if action_id is not None:
        asked = asked.where(Dispatch.action_id == action_id)
    found = await tx.rows(asked.order_by(Dispatch.action_id, Dispatch.n))
    return [
        row.id
        for row in found
        if row.next_at is None or backoff.is_due(row.next_at, max(row.attempts, 1), tx.at)
    ]


async def lapsed(tx: Tx, now: datetime) -> Sequence[str]:
    """Ids of dispatches that were begun and whose lease is over, oldest first."""
    over = (Dispatch.state == "leased") & (Dispatch.lease_until <= now)
    return await tx.all(select(Dispatch.id).where(over).order_by(Dispatch.id))


async def in_state(tx: Tx, *states: str) -> Sequence[Dispatch]:
    """The dispatches in these states, oldest first."""
    return await tx.all(
        select(Dispatch).where(Dispatch.state.in_(states)).order_by(Dispatch.action_id, Dispatch.n)
    )


async def resolved(tx: Tx) -> Sequence[str]:
    """Ids of dispatches of unknown outcome of which somebody has said what became of them."""
    asked = select(Dispatch.id).where(
        Dispatch.state == "unknown",
        select(DispatchResolution.dispatch_id)
        .where(
            DispatchResolution.tenant_id == Dispatch.tenant_id,
            DispatchResolution.dispatch_id == Dispatch.id,
        )
        .exists(),
    )
    return await tx.all(asked.order_by(Dispatch.id))


async def resolutions(tx: Tx, dispatch_id: str) -> Sequence[DispatchResolution]:
    """What people said became of it, first word first."""
    mine = select(DispatchResolution).where(DispatchResolution.dispatch_id == dispatch_id)
    return await tx.all(mine.order_by(DispatchResolution.at))
