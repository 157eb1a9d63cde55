"""Verbs of dispatches: one is written with its action, begun, and ended, step by step.

Every step is a compare-and-set with its audit entry.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import update

from domain.dispatches import queries
from domain.dispatches.events import Stepped
from domain.dispatches.rules import State, after_failure, may_follow
from domain.dispatches.tables import Dispatch
from domain.kernel import backoff
from domain.kernel.faults import Fault, Kind
from domain.store.chain import Actor
from domain.store.tx import Tx


@dataclass(frozen=True, slots=True)
class Source:
    """The action that something follows: `digest` is that of what people were shown."""

    action_id: str
    tool: str
    entity_type: str
    entity_id: str
    digest: str


async def write(
    tx: Tx, source: Source, follow_ups: Sequence[tuple[str, Mapping[str, Any]]]
) -> None:
    """Write down what is to follow an action, in this order; each is a kind and its payload."""
    for n, (kind, payload) in enumerate(follow_ups, 1):
        tx.add(
            Dispatch(
                action_id=source.action_id,
                n=n,
                tool=source.tool,
                kind=kind,
                entity_type=source.entity_type,
                entity_id=source.entity_id,
                payload=dict(payload),
                digest=source.digest,
                state=State.WAITING.value,
                created_at=tx.at,
            )
        )
        await tx.flush()  # one by one: the database counts them


async def load(tx: Tx, dispatch_id: str) -> Dispatch:
    """The dispatch, held until the end; DISPATCH_NOT_FOUND if there is none of this tenant."""
    row = await queries.dispatch(tx, dispatch_id, lock=True)
    if row is None:
        raise Fault("DISPATCH_NOT_FOUND", Kind.NOT_FOUND, "There is no such dispatch.")
    return row


async def begin(tx: Tx, row: Dispatch, owner: str, until: datetime, actor: Actor) -> None:
    """Write the attempt down before it is made."""
    await _step(
        tx, row, State.LEASED, actor,
        lease_owner=owner, lease_until=until, attempts=row.attempts + 1, next_at=None,
    )  # fmt: skip


async def finish(tx: Tx, row: Dispatch, reference: str, actor: Actor) -> None:
    """It was done."""
    reached = reference or None
    await _step(tx, row, State.DONE, actor, provider_ref=reached, error_code=None, done_at=tx.at)


async def decline(tx: Tx, row: Dispatch, code: str, actor: Actor) -> None:
    """It was not done, and will not be by itself."""
    await _step(tx, row, State.FAILED, actor, code, error_code=code)


async def fail(
    tx: Tx, row: Dispatch, code: str, actor: Actor, *, once: bool, may_have_left: bool
) -> None:
    """An attempt came to nothing, or to nobody knows what."""
    target = after_failure(once=once, may_have_left=may_have_left, attempts=row.attempts)
    later: dict[str, object] = {}
    if target is State.WAITING:
        pause: timedelta = backoff.pause(row.attempts)
        later = {"next_at": tx.at + pause, "lease_owner": None, "lease_until": None}
    await _step(tx, row, target, actor, code, error_code=code, **later)


async def retry(tx: Tx, row: Dispatch, actor: Actor) -> None:
    """Have what failed tried once more."""
    await _step(tx, row, State.WAITING, actor, next_at=None, lease_owner=None, lease_until=None)


async def _step(
    tx: Tx, row: Dispatch, target: State, actor: Actor, code: str = "", **values: object
) -> None:
    """One step, with its audit entry; DISPATCH_CONFLICT if somebody was faster."""
    changed = may_follow(State(row.state), target) and await tx.change(
        update(Dispatch)
        .where(Dispatch.id == row.id, Dispatch.version == row.version)
        .values(state=target.value, version=row.version + 1, **values)
    )
    if not changed:
        raise Fault(
            "DISPATCH_CONFLICT",
            Kind.CONFLICT,
            f"The dispatch has moved on meanwhile; it was {row.state}.",
            "read the action again.",
        )
    await tx.session.refresh(row)
    Stepped(target).record(tx, row, actor, code)
