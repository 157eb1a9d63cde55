"""Effects of an action in the database: what is prepared, done, followed up, or given back?

Each happens within a transaction of the executor, in the words of the tool, and as the person sees
it who asked or whose agent did.
"""

import json
from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

from domain.approvals import service
from domain.approvals.facts import State
from domain.approvals.service import move
from domain.approvals.tables import PendingAction
from domain.dispatches import service as dispatches
from domain.store.chain import Actor, Event
from domain.store.tx import Tx
from policies.approvals import reevaluation
from policies.approvals.binding import check_well_formed
from policies.gate.contract import (
    Arguments,
    Call,
    Declined,
    Delivered,
    HandedOver,
    Order,
    Outside,
    Registry,
    Tool,
)
from policies.gate.redaction import clean


@dataclass(frozen=True, slots=True)
class StoredCall:
    """What was stored with an action, ready to be carried out."""

    tool: Tool
    call: Call
    arguments: Arguments


async def stored_call(tx: Tx, row: PendingAction, registry: Registry) -> StoredCall:
    """The tool, the call and the arguments of an action that was claimed.

    Nothing is judged any more: the outside may have it, and then the books must say so. Raises
    ARGS_TAMPERED when the action is not as it was proposed.
    """
    await check_well_formed(tx, row)
    tool = registry.get(row.tool)
    assert tool is not None
    call = replace(await reevaluation.requesting_call(tx, row), action_id=row.id)
    return StoredCall(tool, call, tool.arguments.model_validate_json(row.args_json))


def order_of(row: PendingAction) -> Order:
    """The action on its way out, without the bytes that leave."""
    return Order(row.id, row.tenant_id, row.idem_key, json.loads(row.args_json))


async def complete(tx: Tx, row: PendingAction, stored: StoredCall) -> Order:
    """The same with the bytes that leave, as they were stored when it was claimed."""
    order = order_of(row)
    if stored.tool.payload is None:
        return order
    with tx.looking_as(stored.call.principal.viewer):
        return replace(order, payload=await stored.tool.payload(stored.call, stored.arguments))


async def prepare(tx: Tx, stored: StoredCall, outside: Outside) -> None:
    """Write down what will leave, in the transaction that claims the action."""
    if stored.tool.prepare is not None:
        with tx.looking_as(stored.call.principal.viewer):
            await stored.tool.prepare(stored.call, stored.arguments, outside)
        await tx.flush()


async def execute(
    tx: Tx, row: PendingAction, stored: StoredCall, learnt: Delivered | None, by: Actor
) -> dict[str, Any]:
    """Do what is to be done in the database, and mark the action succeeded with it.

    What is to follow outside is written down too.
    """
    tool, call = stored.tool, replace(stored.call, delivered=learnt)
    assert tool.execute is not None
    with tx.looking_as(call.principal.viewer):
        answer = await tool.execute(call, stored.arguments)
    await tx.flush()
    source = dispatches.Source(row.id, row.tool, row.entity_type, row.entity_id, row.entity_digest)
    await dispatches.write(tx, source, [(one.kind, one.payload) for one in call.follow_ups])
    result: dict[str, Any] = clean(answer.model_dump(mode="json", exclude_none=True))
    tx.record(_done(row, call, result))
    reference = (learnt.reference or row.provider_ref) if learnt is not None else None
    await service.end_attempt(tx, row.id, row.attempt, outcome="ok", provider_ref=reference)
    await move(tx, row, State.SUCCEEDED, by, result=result, provider_ref=reference)
    return result


async def handed_over(tx: Tx, row: PendingAction, registry: Registry, to: HandedOver) -> None:
    """Note down that the other side has it and answers later."""
    tool = registry.get(row.tool)
    if tool is None or tool.handed_over is None:
        return
    stored = await stored_call(tx, row, registry)
    with tx.looking_as(stored.call.principal.viewer):
        await tool.handed_over(stored.call, stored.arguments, to)
    await tx.flush()


async def release(tx: Tx, row: PendingAction, registry: Registry, why: Declined) -> None:
    """Undo what was prepared: it did not happen and will not."""
    tool = registry.get(row.tool)
    if tool is None or tool.release is None:
        return
    stored = await stored_call(tx, row, registry)
    with tx.looking_as(stored.call.principal.viewer):
        await tool.release(stored.call, stored.arguments, why)
    await tx.flush()


def _done(row: PendingAction, call: Call, result: Mapping[str, Any]) -> Event:
    """The audit entry of the effect itself, in the name of whoever asked for it."""
    kind, _, id = row.requester.partition(":")
    return Event(
        event=row.tool,
        actor=Actor(kind, id, call.principal.person_id if kind == "agent" else ""),
        object=f"{row.entity_type}:{row.entity_id}",
        action=row.id,
        policy=f"{row.policy_version}:{row.policy_sha256}",
        data={"args_sha256": row.args_sha256},
        private={"arguments": json.loads(row.args_json), "result": result},
    )
