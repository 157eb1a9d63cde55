"""Verbs of approvals: an action is loaded, moved on, taken back, and each try is written down.

Every step is a compare-and-set with its audit entry; what may follow what says machine.py.
"""

from collections.abc import Collection
from dataclasses import dataclass
from datetime import timedelta

from sqlalchemy import select, update

from domain.approvals import machine, queries
from domain.approvals.events import HandedOver, Moved
from domain.approvals.facts import (
    SETTLE_WINDOW,
    ActionFact,
    ActorKind,
    Canceller,
    SelfRule,
    Slot,
    State,
)
from domain.approvals.refusals import Refusal, refusal
from domain.approvals.tables import ExecutionAttempt, PendingAction
from domain.kernel.faults import Fault, Kind
from domain.store import audit_queries
from domain.store.chain import Actor
from domain.store.tx import Tx


@dataclass(frozen=True, slots=True)
class Recorded:
    """Where the action stands after the attempt; `refusal` if it was refused."""

    state: str
    refusal: Refusal | None = None


async def load(tx: Tx, action_id: str, *, lock: bool = False) -> PendingAction:
    """The action; ACTION_NOT_FOUND for another tenant's, an invented one and a missing one."""
    row = await queries.action(tx, action_id, lock=lock)
    if row is None:
        raise Fault(
            "ACTION_NOT_FOUND",
            Kind.NOT_FOUND,
            "There is no such action.",
            "list what waits with {actions}.",
        )
    return row


def action_fact(row: PendingAction, settle_window: timedelta = SETTLE_WINDOW) -> ActionFact:
    """The row as the guards need it; `settle_window` is that of its tool."""
    kind, _, requester = row.requester.partition(":")
    settle = row.lease_until + settle_window if row.lease_until else None
    return ActionFact(
        state=State(row.state),
        state_seq=row.state_seq,
        requester_kind=ActorKind(kind),
        requester_id=requester,
        requester_person=row.requester_person,
        self_rule=SelfRule(row.self_rule),
        slots=tuple(
            Slot(slot["slot"], frozenset(slot["roles"]), slot["self"] != "never")
            for slot in row.slots
        ),
        min_assurance=row.min_assurance,
        asked_at=row.created_at,
        expires_at=row.expires_at,
        entity_version=row.entity_version,
        entity_digest=row.entity_digest,
        lease_owner=row.lease_owner,
        lease_until=row.lease_until,
        settle_until=settle,
        attempt=row.attempt,
    )


async def move(
    tx: Tx, row: PendingAction, target: State, actor: Actor, *, code: str = "", **values: object
) -> None:
    """One step of the action, with its audit entry; ACTION_CONFLICT if somebody was faster."""
    closing: dict[str, object] = {}
    if machine.is_terminal(target):
        closing = {"closed_at": tx.at, "closed_by": f"{actor.kind}:{actor.id}"}
    if code:
        closing["error_code"] = code
    if not await step(tx, row, target.value, **{**closing, **values}):
        raise refusal("ACTION_CONFLICT", state=row.state)
    Moved(target).record(tx, row, actor, code)


async def hand_over(tx: Tx, row: PendingAction, reference: str, actor: Actor) -> None:
    """The other side says that it has an action whose outcome is unknown, and under which name."""
    await tx.change(
        update(PendingAction)
        .where(PendingAction.id == row.id, PendingAction.state_seq == row.state_seq)
        .values(provider_ref=reference)
    )
    await tx.session.refresh(row)
    HandedOver().record(tx, row, actor)


async def standing(tx: Tx, rows: Collection[PendingAction]) -> dict[str, State]:
    """Where each of these actions stands, also what nobody has written down yet.

    An action that waits has expired when its time has come, and is stale when what it is about has
    moved on: no signature could carry it out any more.
    """
    facts = {row.id: action_fact(row) for row in rows}
    waiting = [id for id, fact in facts.items() if fact.state in (State.PENDING, State.APPROVED)]
    changed = await queries.moved_on(tx, waiting) if waiting else set()
    found = {}
    for id, fact in facts.items():
        state = machine.after_time(fact, tx.at)
        is_as_written = state is fact.state
        found[id] = machine.after_change(fact, moved_on=id in changed) if is_as_written else state
    return found


async def settle(tx: Tx, row: PendingAction, actor: Actor) -> bool:
    """Write down that the action has expired or gone stale, if it has; whether it did."""
    state = (await standing(tx, [row]))[row.id]
    if state.value == row.state:
        return False
    code = refusal("ENTITY_CHANGED").code if state is State.STALE else ""
    await move(tx, row, state, actor, code=code)
    return True


async def supersede(tx: Tx, row: PendingAction, actor: Actor) -> None:
    """Take back what else its requester waits for about the same row.

    One request of a kind is enough: people would not know which of them is meant. What they have
    signed in full stands.
    """
    for id in await queries.waiting_of_a_kind(tx, row):
        other = await load(tx, id, lock=True)
        if id != row.id and other.state == State.PENDING:
            await move(tx, other, State.CANCELLED, actor, code=queries.SUPERSEDED)


async def cancel(tx: Tx, row: PendingAction, who: Canceller, actor: Actor) -> Recorded:
    """Take an action back before it runs."""
    try:
        machine.check_cancel(action_fact(row), who, tx.at)
    except Refusal as error:
        if error.target is not None:
            await move(tx, row, error.target, actor, code=error.code)
        return Recorded(row.state, error)
    await move(tx, row, State.CANCELLED, actor)
    return Recorded(row.state)


async def retire(tx: Tx, actor: Actor, code: str) -> int:
    """Let everything that waits for people, or for its turn, be asked for again; how many."""
    waiting = select(PendingAction.id).where(PendingAction.state.in_(("pending", "approved")))
    rows = [await load(tx, id) for id in await tx.all(waiting.order_by(PendingAction.id))]
    for row in rows:
        await move(tx, row, State.STALE, actor, code=code)
    return len(rows)


async def step(tx: Tx, row: PendingAction, target: str, **values: object) -> bool:
    """Move the action on, if nobody else has: the compare-and-set of every transition."""
    changed = await tx.change(
        update(PendingAction)
        .where(
            PendingAction.id == row.id,
            PendingAction.state == row.state,
            PendingAction.state_seq == row.state_seq,
        )
        .values(state=target, state_seq=row.state_seq + 1, **values)
    )
    if changed:
        await tx.session.refresh(row)
    return bool(changed)


async def count_attempt(tx: Tx, row: PendingAction) -> None:
    """One more try, written down before it is made."""
    await tx.flush()
    await tx.change(
        update(PendingAction)
        .where(PendingAction.id == row.id)
        .values(attempt=PendingAction.attempt + 1)
    )
    await tx.session.refresh(row)


async def end_attempt(
    tx: Tx, action_id: str, n: int, *, outcome: str, provider_ref: str | None
) -> None:
    """Write down how a try ended."""
    await tx.change(
        update(ExecutionAttempt)
        .where(
            ExecutionAttempt.action_id == action_id,
            ExecutionAttempt.n == n,
            ExecutionAttempt.ended_at.is_(None),
        )
        .values(ended_at=tx.at, outcome=outcome, provider_ref=provider_ref)
    )


async def check_head(tx: Tx, seq: int, hash: str) -> None:
    """The chain must still contain what the person saw as its end: else it was rolled back."""
    if await audit_queries.hash_at(tx, seq) != hash:
        raise Fault(
            "APPROVAL_MISMATCH",
            Kind.CONFLICT,
            "The audit chain does not contain the head this was signed against.",
            "run `cyberos audit verify`; then open the action again.",
        )


def signature_invalid() -> Fault:
    """Somebody signed something else, or with another key."""
    return Fault(
        "SIGNATURE_INVALID",
        Kind.FORBIDDEN,
        "The signature is not one over this action.",
        "open the action again and sign what it shows now.",
    )
