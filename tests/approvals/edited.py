"""Edited requests: columns of an action that somebody changed past the program, and their entry."""

import json
from collections.abc import Awaitable, Callable, Mapping
from datetime import timedelta
from typing import Any

from sqlalchemy import select, update

from domain.approvals.service import Recorded
from domain.approvals.tables import PendingAction
from domain.kernel.canonical import canonical
from domain.kernel.faults import Fault
from domain.store.tables import AuditEntry
from policies.approvals import binding
from tests.world import World

Edit = Callable[[PendingAction], Any]

# What is signed and told as one digest.
TERMS: Mapping[str, Edit] = {
    "slots": lambda row: row.slots[:1],
    "slots_needed": lambda row: 1,
    "self_rule": lambda row: "never" if row.self_rule == "obo" else "obo",
    "min_assurance": lambda row: row.min_assurance - 1,
    "taint": lambda row: 1 - row.taint,
    "claim": lambda row: "the CFO agrees",
    "effects": lambda row: row.effects[:1],
    "display": lambda row: {**row.display, "outcome": {"vi": "HỦY", "en": "CANCELLED"}},
    "amount_minor": lambda row: 1,
    "currency": lambda row: "USD",
    "amount_usd_minor": lambda row: 1,
    "fx_rate_id": lambda row: row.id,
}
# And what else the entry of the proposal tells, by the name it has there.
BOUND: Mapping[str, tuple[str, Edit]] = {
    "tool": ("tool", lambda row: "cyberos.crm.merge_contacts"),
    "tool_schema_sha256": ("tool_schema_sha256", lambda row: row.args_sha256),
    "entity_type": ("entity", lambda row: "account"),
    "entity_id": ("entity", lambda row: row.id),
    "entity_version": ("entity", lambda row: row.entity_version + 1),
    "entity_digest": ("entity_digest", lambda row: row.args_sha256),
    "policy_version": ("policy", lambda row: row.policy_version + 1),
    "policy_sha256": ("policy", lambda row: row.args_sha256),
    "nonce": ("nonce", lambda row: row.args_sha256),
    "dedupe_key": ("dedupe_key", lambda row: row.args_sha256),
    "idem_key": ("idem_key", lambda row: "act_another"),
    "created_at": ("instant", lambda row: row.created_at + timedelta(minutes=1)),
    "expires_at": ("expires_at", lambda row: row.expires_at + timedelta(days=1)),
}
EDITS: Mapping[str, Edit] = {**TERMS, **{column: edit for column, (_, edit) in BOUND.items()}}


async def forge(world: World, action_id: str, *columns: str, **values: Any) -> None:
    """Change columns of an action past the program."""
    async with world.without_triggers("pending_action"), world.owning() as tx:
        row = await tx.get(PendingAction, action_id)
        assert row is not None
        values |= {column: EDITS[column](row) for column in columns}
        await tx.change(update(PendingAction).where(PendingAction.id == action_id).values(**values))


async def forge_entry(world: World, action_id: str) -> None:
    """Let the entry of the proposal tell of the row as it is now."""
    async with world.without_triggers("audit_entry"), world.owning() as tx:
        row = await tx.get(PendingAction, action_id)
        assert row is not None
        mine = (AuditEntry.action_id == action_id, AuditEntry.event == "action.proposed")
        content = json.loads(await tx.first(select(AuditEntry.body).where(*mine)) or "")
        told = {"data": binding.proposed(row), "actor": binding.asker(row)}
        body = canonical(content | told).decode()
        await tx.change(update(AuditEntry).where(*mine).values(body=body))


async def code_of(deciding: Awaitable[Recorded]) -> str:
    """Why a decision was refused, or where it led."""
    try:
        recorded = await deciding
    except Fault as fault:
        return fault.code
    return recorded.refusal.code if recorded.refusal else recorded.state
