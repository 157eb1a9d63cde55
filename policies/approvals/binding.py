"""Binding: which columns of an action does every signature on it cover, and are they as proposed?

No stored payload is believed: the bytes are rebuilt from the row, and the row is held against the
audit entry that was written with it.
"""

from domain.approvals import signed
from domain.approvals.events import Proposed
from domain.approvals.facts import State
from domain.approvals.tables import PendingAction
from domain.kernel.canonical import canonical, sha256_hex
from domain.kernel.clock import stamp
from domain.kernel.faults import Fault
from domain.store import audit_queries
from domain.store.tx import Tx

_TERMS = (
    "slots", "slots_needed", "self_rule", "min_assurance", "taint", "claim", "effects",
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
    """What the audit entry of the proposal says about the action, then and whenever it is asked."""
    return {
        "tool": row.tool,
        "args_sha256": row.args_sha256,
        "terms": terms(row),
        "state": State.PENDING.value,
    }


async def check_well_formed(tx: Tx, row: PendingAction) -> int:
    """The number of the entry that tells of the proposal; ARGS_TAMPERED unless all is as it says.

    One look into an index of the chain: cheap enough to take before anybody is shown the action,
    and without it the first person to look would be shown whatever was written into the row.
    """
    signed.check_arguments(row.args_json, row.args_sha256)
    signed.check_arguments(row.summary, row.summary_sha256)
    entry = await audit_queries.first(tx, row.id, Proposed.EVENT)
    if entry is None or (entry.at, entry.data) != (stamp(row.created_at), proposed(row)):
        raise signed.tampered("The stored action is not the one whose proposal is in the audit.")
    return entry.seq
