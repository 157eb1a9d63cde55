"""Binding: which columns of an action does every signature on it cover, and are they as proposed?

No stored payload is believed: the bytes are rebuilt from the row, and the row is held against the
audit entry that was written with it.
"""

from datetime import timedelta

from domain.approvals import signed
from domain.approvals.events import Proposed
from domain.approvals.facts import State
from domain.approvals.tables import PendingAction
from domain.identity import queries as identity
from domain.identity.events import agent_terms
from domain.kernel.canonical import canonical, sha256_hex
from domain.kernel.clock import stamp
from domain.kernel.faults import Fault
from domain.store import audit_queries
from domain.store.tx import Tx
from policies.gate.catalogue import LONGEST, Catalogue, ToolPolicy

_TERMS = (
    "slots", "slots_needed", "self_rule", "min_assurance", "taint", "claim", "effects", "display",
    "amount_minor", "currency", "amount_usd_minor", "fx_rate_id",
)  # fmt: skip


def bound(row: PendingAction, deploy: str) -> signed.Bound:
    """The columns every signature on this action covers."""
    kind = row.requester.partition(":")[0]
    return signed.Bound(
        deploy=deploy,
        tenant=row.tenant_id,
        action=row.id,
        tool=row.tool,
        tool_schema_sha256=row.tool_schema_sha256,
        args_sha256=row.args_sha256,
        entity_type=row.entity_type,
        entity_id=row.entity_id,
        entity_version=row.entity_version,
        entity_digest=row.entity_digest,
        summary_sha256=row.summary_sha256,
        terms=terms(row),
        policy_version=row.policy_version,
        policy_sha256=row.policy_sha256,
        requester=row.requester,
        obo=row.requester_person if kind == "agent" else "",
        expires_at=row.expires_at,
        nonce=row.nonce,
    )


def terms(row: PendingAction) -> str:
    """The digest of who must sign how surely, and of what is shown beside call and summary."""
    try:
        return sha256_hex(canonical({name: getattr(row, name) for name in _TERMS}))
    except Fault as error:
        raise signed.tampered("The stored terms are none this program writes.") from error


def proposed(row: PendingAction) -> dict[str, str | int]:
    """What the audit entry of the proposal says about the action, then and whenever it is asked:
    every column that never changes, by itself or in a digest.
    """
    return {
        "tool": row.tool,
        "tool_schema_sha256": row.tool_schema_sha256,
        "args_sha256": row.args_sha256,
        "entity": f"{row.entity_type}:{row.entity_id}@{row.entity_version}",
        "entity_digest": row.entity_digest,
        "summary_sha256": row.summary_sha256,
        "terms": terms(row),
        "taint": row.taint,
        "policy": f"{row.policy_version}:{row.policy_sha256}",
        "requester": row.requester,
        "person": row.requester_person,
        "nonce": row.nonce,
        "dedupe_key": row.dedupe_key,
        "idem_key": row.idem_key,
        "expires_at": stamp(row.expires_at),
        "state": State.PENDING.value,
    }


def asker(row: PendingAction) -> dict[str, str]:
    """Who asked, as the entry of the proposal names its actor."""
    kind, _, id = row.requester.partition(":")
    return {"t": kind, "id": id, "obo": row.requester_person if kind == "agent" else ""}


def lives_as_long_as(row: PendingAction, policy: ToolPolicy) -> bool:
    """Whether the action expires when its policy row says, counted from when it was asked for."""
    return row.expires_at - row.created_at == timedelta(minutes=policy.ttl_minutes)


def check_lifetime(row: PendingAction, catalogue: Catalogue | None) -> None:
    """Refuse with ARGS_TAMPERED what lives longer or shorter than its policy lets it.

    One that was asked for under an earlier policy is held to that by the verifier.
    """
    if catalogue is None or catalogue.sha256 != row.policy_sha256:
        return
    policy = catalogue.by_id.get(row.tool)
    if policy is not None and not lives_as_long_as(row, policy):
        raise signed.tampered("The stored action does not expire when its policy says.")


async def asked_by_whom_it_says(tx: Tx, row: PendingAction) -> bool:
    """Whether the person in whose name was asked is the one the agent was signed to act for.

    An agent that ended since still asked; one whose row nobody signed did not.
    """
    kind, _, id = row.requester.partition(":")
    if kind != "agent":
        return id == row.requester_person
    agent = await identity.agent_identity(tx, id)
    if agent is None or agent.person_id != row.requester_person:
        return False
    return await agent_terms(agent).counts(tx, agent.signed_at, agent)


async def check_well_formed(tx: Tx, row: PendingAction) -> int:
    """The number of the entry that tells of the proposal; ARGS_TAMPERED unless all is as it says.

    One look into an index of the chain and one at the agent: cheap enough to take before anybody
    is shown the action, and without it the first person to look would be shown, and might sign,
    whatever was written into the row.
    """
    signed.check_arguments(row.args_json, row.args_sha256)
    signed.check_arguments(row.summary, row.summary_sha256)
    entry = await audit_queries.first(tx, row.id, Proposed.EVENT)
    told = stamp(row.created_at), asker(row), proposed(row)
    if entry is None or (entry.at, entry.actor, entry.data) != told:
        raise signed.tampered("The stored action is not the one whose proposal is in the audit.")
    if row.expires_at - row.created_at > LONGEST:
        raise signed.tampered("The stored action lives longer than any policy lets one live.")
    if not await asked_by_whom_it_says(tx, row):
        raise signed.tampered("The stored action is asked for in the name of somebody else.")
    return entry.seq
