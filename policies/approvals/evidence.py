"""Evidence: what are the approvals of an action worth now? Rows in, facts for the guards out.

Nothing here believes a state column, a stored payload or a stored key: every signature and every
endorsement is verified again over bytes that are rebuilt from the row.
"""

from collections.abc import Mapping
from dataclasses import dataclass

from domain.approvals import queries, signed
from domain.approvals.facts import (
    ActionFact,
    ApprovalFact,
    Decision,
)
from domain.approvals.service import action_fact
from domain.approvals.tables import Approval, PendingAction
from domain.identity import queries as identity
from domain.identity.keys import verify
from domain.identity.tables import ApproverKey
from domain.kernel.faults import Fault
from domain.store.tx import Tx
from policies.approvals import trust
from policies.approvals.binding import bound
from policies.gate.catalogue import Catalogue
from policies.gate.contract import Registry


@dataclass(frozen=True, slots=True)
class ApprovalContext:
    """What judging an action needs beside its rows: the tools, the policy, the trusted roots."""

    registry: Registry
    catalogue: Catalogue | None
    trust: trust.Trust


@dataclass(frozen=True, slots=True)
class Evidence:
    """An action, and what its approvals are worth now."""

    row: PendingAction
    action: ActionFact
    approvals: tuple[ApprovalFact, ...]
    rows: tuple[Approval, ...]
    people: Mapping[str, identity.PersonIdentity]
    keys: Mapping[str, ApproverKey]


async def gather(tx: Tx, row: PendingAction, approval_context: ApprovalContext) -> Evidence:
    """Load the decisions on an action and weigh each of them anew."""
    rows = tuple(await queries.approvals(tx, [row.id]))
    people = await identity.people(tx, [approval.person_id for approval in rows])
    keys = await identity.standing_keys(tx)
    facts = tuple(
        _approval_fact(row, approval, people, keys, approval_context) for approval in rows
    )
    return Evidence(row, action_fact(row), facts, rows, people, keys)


def _approval_fact(
    row: PendingAction,
    approval: Approval,
    people: Mapping[str, identity.PersonIdentity],
    keys: Mapping[str, ApproverKey],
    approval_context: ApprovalContext,
) -> ApprovalFact:
    person = people.get(approval.person_id)
    key = keys.get(approval.key_id)
    good = (
        key is not None
        and key.person_id == approval.person_id
        and key.revoked_at is None
        and trust.endorsed(key, approval_context.trust, row.tenant_id)
    )
    return ApprovalFact(
        person=approval.person_id,
        slot=approval.slot,
        decision=Decision(approval.decision),
        assurance=approval.assurance,
        valid_signature=key is not None
        and genuine(row, approval, key, approval_context.trust.deploy)
        and (approval.batch is None or may_be_batched(approval_context.catalogue, row.tool)),
        roles_now=person.roles if person else frozenset(),
        active_now=person is not None and person.active,
        key_ok_now=good,
    )


def genuine(row: PendingAction, approval: Approval, key: ApproverKey, deploy: str) -> bool:
    """Whether the stored signature is one over the bytes that the row asks for now."""
    choice = signed.Choice(
        decision=Decision(approval.decision),
        slot=approval.slot,
        person=approval.person_id,
        key=approval.key_id,
        audit_head_seq=approval.audit_head_seq,
        audit_head_hash=approval.audit_head_hash,
    )
    try:
        payload = signed.payload(bound(row, deploy), choice)
        signed.check_stored(approval.signed_payload, payload)
        covered = signed.tbs(payload)
        if approval.batch is not None or approval.batch_index is not None:
            covered = signed.in_batch(approval.batch or [], approval.batch_index or 0, covered)
    except (Fault, TypeError):
        return False
    return verify(key.public_key, approval.signature, covered)


def may_be_batched(catalogue: Catalogue | None, tool_id: str) -> bool:
    """Whether one signature may cover several actions of this tool."""
    policy = catalogue.by_id.get(tool_id) if catalogue else None
    return policy is not None and policy.batch
