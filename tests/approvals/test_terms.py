"""Terms of an approval request:
can somebody with the database change who must sign, or what people see, without being seen?

The terms of an action (slots, rule, assurance, taint, amounts, effects, the agent's words) are
signed, and told in the chain from the moment it is proposed.
"""

import json

import pytest
from sqlalchemy import select, update

from domain.approvals.facts import Decision
from domain.approvals.tables import PendingAction
from domain.kernel.canonical import sha256_hex
from domain.kernel.faults import Fault
from domain.store.tables import AuditEntry
from policies.approvals import binding
from tests.forgery import kept

EDITS = {
    "slots": lambda row: row.slots[:1],
    "slots_needed": lambda row: 1,
    "self_rule": lambda row: "never" if row.self_rule == "obo" else "obo",
    "min_assurance": lambda row: row.min_assurance - 1,
    "taint": lambda row: 1 - row.taint,
    "claim": lambda row: "the CFO agrees",
    "effects": lambda row: row.effects[:1],
    "amount_minor": lambda row: 1,
    "currency": lambda row: "USD",
    "amount_usd_minor": lambda row: 1,
    "fx_rate_id": lambda row: row.id,
}


async def forge(world, action_id, *columns, **values):
    """Change columns of an action past the program."""
    async with world.without_triggers("pending_action"), world.owning() as tx:
        row = await tx.get(PendingAction, action_id)
        values |= {column: EDITS[column](row) for column in columns}
        await tx.change(update(PendingAction).where(PendingAction.id == action_id).values(**values))


async def forge_entry(world, action_id):
    """Let the entry of the proposal tell of the row as it is now."""
    async with world.without_triggers("audit_entry"), world.owning() as tx:
        row = await tx.get(PendingAction, action_id)
        mine = (AuditEntry.action_id == action_id, AuditEntry.event == "action.proposed")
        content = json.loads(await tx.first(select(AuditEntry.body).where(*mine)))
        body = json.dumps(content | {"data": binding.proposed(row)})
        await tx.change(update(AuditEntry).where(*mine).values(body=body))


async def code_of(deciding):
    """Why a decision was refused, or where it led."""
    try:
        recorded = await deciding
    except Fault as fault:
        return fault.code
    return recorded.refusal.code if recorded.refusal else recorded.state


def test_the_terms_are_all_that_is_neither_signed_by_itself_nor_moves():
    columns = set(PendingAction.__table__.columns.keys())
    by_itself = {
        "tenant_id", "id", "tool", "tool_schema_sha256", "args_sha256", "entity_type", "entity_id",
        "entity_version", "entity_digest", "summary_sha256", "policy_version", "policy_sha256",
        "requester", "requester_person", "nonce", "expires_at",
    }  # fmt: skip
    digested = {"args_json", "summary"}
    moves = {
        "state", "state_seq", "lease_owner", "lease_until", "attempt", "provider_ref", "result",
        "error_code", "closed_by", "closed_at",
    }  # fmt: skip
    neither = {"created_at", "dedupe_key", "idem_key"}  # nobody signs because of them

    assert set(EDITS) == columns - by_itself - digested - moves - neither


@pytest.mark.parametrize("column", EDITS)
async def test_terms_that_were_changed_before_anybody_signed_are_not_signed(
    world, tmp_path, column
):
    archive, action_id = kept(world, tmp_path), (await world.proposed_close())["action_id"]
    await forge(world, action_id, column)

    yes = await code_of(world.decide(action_id, "am"))
    no = await code_of(world.decide(action_id, "am", decision=Decision.REJECT))

    assert (yes, no) == ("ARGS_TAMPERED", "ARGS_TAMPERED")
    assert await world.state(action_id) == "pending"
    (found,) = [one for one in await archive.findings() if "tells of another" in one]
    assert found.startswith(f"action {action_id}: entry ")
    assert found.endswith(" tells of another terms")


@pytest.mark.parametrize("column", EDITS)
async def test_terms_that_were_changed_after_the_signatures_are_not_carried_out(world, column):
    action_id = (await world.proposed_close())["action_id"]
    await world.decide(action_id, "am")
    await world.decide(action_id, "cro")
    await forge(world, action_id, column)

    report = await world.execute(action_id)

    assert (report.state, report.fault.code) == ("failed", "ARGS_TAMPERED")


async def test_two_signatures_do_not_become_one_even_with_another_entry(world, tmp_path):
    """One of two has signed; slots and entry are changed so that this one would be enough."""
    archive, action_id = kept(world, tmp_path), (await world.proposed_close())["action_id"]
    await world.decide(action_id, "am")
    await forge(world, action_id, "slots", slots_needed=1, state="approved", state_seq=2)
    await forge_entry(world, action_id)

    report = await world.execute(action_id)

    assert report.state != "succeeded"
    assert report.fault.code in {"QUORUM_NOT_MET", "POLICY_CHANGED"}
    vote = f"approval of action {action_id} by person {world.ours.people['am']}"
    assert f"{vote}: signature does not fit the action" in await archive.findings()


@pytest.mark.parametrize("column", ["amount_minor", "currency", "effects", "amount_usd_minor"])
async def test_what_is_shown_is_what_would_be_proposed_now_even_with_another_entry(world, column):
    action_id = (await world.proposed_close())["action_id"]
    await forge(world, action_id, column)
    await forge_entry(world, action_id)

    assert await code_of(world.decide(action_id, "am")) == "ENTITY_CHANGED"


async def test_another_summary_with_its_digest_is_not_signed(world):
    action_id = (await world.proposed_close())["action_id"]
    digest = sha256_hex(b"Close nothing")
    await forge(world, action_id, summary="Close nothing", summary_sha256=digest)

    assert await code_of(world.decide(action_id, "am")) == "ENTITY_CHANGED"
