"""What do the rows of an action prove at this moment? Rows in, plain facts for the guards out.

Nothing here believes a state column, a stored payload or a stored key: the signed bytes are
rebuilt from the bound columns, every signature and endorsement is verified again, and what was
asked for is held against the audit entry that was written with it.
"""

import json
from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import timedelta
from functools import lru_cache
from typing import Any

from pydantic import ValidationError

from domain.approvals import queries, signed
from domain.approvals.facts import (
    ActionFact,
    ApprovalFact,
    Decision,
    PolicyRelation,
    Present,
    SelfRule,
    Slot,
    State,
)
from domain.approvals.facts import Principal as PrincipalKind
from domain.approvals.queries import PROPOSED
from domain.approvals.tables import Approval, PendingAction
from domain.identity import queries as identity
from domain.identity.keys import verify
from domain.identity.tables import ApproverKey
from domain.kernel.canonical import canonical, normalised, sha256_hex
from domain.kernel.clock import stamp
from domain.kernel.faults import Fault
from domain.store import audit_queries
from domain.store.tx import Tx
from policies import decide, principals, splitting, trust
from policies.catalogue import Catalogue
from policies.contract import Arguments, Call, Proposal, Registry, Tool

SETTLE_WINDOW = timedelta(minutes=15)
_TERMS = (
    "slots", "slots_needed", "self_rule", "min_assurance", "taint", "claim", "effects",
    "amount_minor", "currency", "amount_usd_minor", "fx_rate_id",
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class House:
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


@dataclass(frozen=True, slots=True)
class Situation:
    """The world around an action now, and the call that would run if it ran."""

    present: Present
    call: Call | None
    arguments: Arguments | None


def action_fact(row: PendingAction) -> ActionFact:
    """The row as the guards need it."""
    kind, _, requester = row.requester.partition(":")
    settle = row.lease_until + SETTLE_WINDOW if row.lease_until else None
    return ActionFact(
        state=State(row.state),
        state_seq=row.state_seq,
        requester_kind=PrincipalKind(kind),
        requester_id=requester,
        requester_person=row.requester_person,
        self_rule=SelfRule(row.self_rule),
        slots=tuple(
            Slot(slot["slot"], frozenset(slot["roles"]), slot["self"] != "never")
            for slot in row.slots
        ),
        min_assurance=row.min_assurance,
        expires_at=row.expires_at,
        entity_version=row.entity_version,
        entity_digest=row.entity_digest,
        lease_owner=row.lease_owner,
        lease_until=row.lease_until,
        settle_until=settle,
        attempt=row.attempt,
    )


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


async def check_whole(tx: Tx, row: PendingAction) -> int:
    """The number of the entry that tells of the proposal; ARGS_TAMPERED unless all is as it says.

    One look into an index of the chain: cheap enough to take before anybody is shown the action,
    and without it the first person to look would be shown whatever was written into the row.
    """
    signed.check_arguments(row.args_json, row.args_sha256)
    signed.check_arguments(row.summary, row.summary_sha256)
    told = await audit_queries.first(tx, row.id, PROPOSED)
    if told is None or (told.at, told.data) != (stamp(row.created_at), proposed(row)):
        raise signed.tampered("The stored action is not the one whose proposal is in the audit.")
    return told.seq


async def gather(tx: Tx, row: PendingAction, house: House) -> Evidence:
    """Load the decisions on an action and weigh each of them anew."""
    rows = tuple(await queries.approvals(tx, [row.id]))
    people = await identity.people(tx, [approval.person_id for approval in rows])
    keys = await identity.keys(tx)
    facts = tuple(_approval_fact(row, approval, people, keys, house) for approval in rows)
    return Evidence(row, action_fact(row), facts, rows, people, keys)


def _approval_fact(
    row: PendingAction,
    approval: Approval,
    people: Mapping[str, identity.PersonIdentity],
    keys: Mapping[str, ApproverKey],
    house: House,
) -> ApprovalFact:
    person = people.get(approval.person_id)
    key = keys.get(approval.key_id)
    good = (
        key is not None
        and key.person_id == approval.person_id
        and key.revoked_at is None
        and trust.endorsed(key, keys, house.trust, row.tenant_id)
    )
    return ApprovalFact(
        person=approval.person_id,
        slot=approval.slot,
        decision=Decision(approval.decision),
        assurance=approval.assurance,
        valid_signature=key is not None
        and genuine(row, approval, key, house.trust.deploy)
        and (approval.batch is None or may_be_batched(house.catalogue, row.tool)),
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


async def situation(tx: Tx, row: PendingAction, house: House, *, hold: bool = False) -> Situation:
    """Propose the stored arguments once more, and see whether they still mean the same.

    `hold` keeps what it is about from changing until the transaction ends: for whoever is about to
    carry it out. ARGS_TAMPERED when it is not as it was proposed.
    """
    seq = await check_whole(tx, row)
    tool = house.registry.get(row.tool)
    gone = Situation(_gone(tx, PolicyRelation.UNAVAILABLE), None, None)
    if tool is None or tool.propose is None or house.catalogue is None:
        return gone
    call = replace(await requesting_call(tx, row), holds=hold)
    try:
        arguments = tool.arguments.model_validate_json(row.args_json)
        with tx.looking_as(call.principal.viewer):
            proposal = await tool.propose(call, arguments)
    except (Fault, ValidationError):
        # Refused now, so it is not what people signed: gone, closed, hidden or never valid.
        return Situation(_gone(tx, PolicyRelation.SAME), None, None)
    if not _shows_the_same(row, proposal):
        # Something else than what is true now was shown: stale, whichever of the two was changed.
        return Situation(_gone(tx, PolicyRelation.SAME), None, None)
    relation = await _policy_relation(tx, row, seq, tool, proposal, house.catalogue)
    present = Present(
        now=tx.at,
        entity_version=proposal.entity_version,
        entity_digest=entity_digest(proposal),
        policy=relation,
    )
    return Situation(present, call, arguments)


def _shows_the_same(row: PendingAction, proposal: Proposal) -> bool:
    """Whether a proposal of now has the words, amounts and effects that people are shown.

    Every new rate moves the worth in dollars, and policy is weighed with that of now; but one and
    the same rate cannot have given two of them.
    """
    one_rate = row.fx_rate_id == proposal.fx_rate_id
    return (
        (row.summary, row.amount_minor, row.currency)
        == (proposal.summary, proposal.amount_minor, proposal.currency)
        and (not one_rate or row.amount_usd_minor == proposal.amount_usd_minor)
        and canonical(list(row.effects)) == canonical([dict(e) for e in proposal.effects])
    )


def _gone(tx: Tx, policy: PolicyRelation) -> Present:
    return Present(now=tx.at, entity_version=None, entity_digest=None, policy=policy)


def entity_digest(proposal: Proposal) -> str:
    """The digest of everything the people were shown: fields, effects, and the words."""
    shown: Any = {
        "shown": dict(proposal.shown),
        "effects": [dict(effect) for effect in proposal.effects],
    }
    return sha256_hex(canonical(normalised(shown)))


@lru_cache(maxsize=256)
def schema_sha256(shape: type[Arguments]) -> str:
    """The digest of what the tool accepts, so that a signature is for this meaning of a call."""
    return sha256_hex(canonical(json.loads(json.dumps(shape.model_json_schema()))))


async def requesting_call(tx: Tx, row: PendingAction) -> Call:
    """The call as it would be made now for the person who asked, or whose agent did."""
    person = await principals.person(tx, row.requester_person)
    return Call(person, tx, requester=row.requester)


async def _policy_relation(
    tx: Tx, row: PendingAction, seq: int, tool: Tool, proposal: Proposal, catalogue: Catalogue
) -> PolicyRelation:
    if schema_sha256(tool.arguments) != row.tool_schema_sha256:
        return PolicyRelation.STRICTER
    policy = catalogue.by_id.get(row.tool)
    if policy is None:
        return PolicyRelation.STRICTER
    facts = await splitting.judged(tx, policy, proposal, asked=(row.created_at, seq))
    now = decide.weigh(policy, facts, tainted=bool(row.taint))
    if now.verdict is decide.Verdict.DENY:
        return PolicyRelation.STRICTER
    needed = slot_rows(now)
    if any(slot not in row.slots for slot in needed) or now.assurance > row.min_assurance:
        return PolicyRelation.STRICTER
    if row.self_rule == "obo" and now.self_rule == "never" and needed:
        return PolicyRelation.STRICTER
    same = catalogue.sha256 == row.policy_sha256 and len(needed) == len(row.slots)
    return PolicyRelation.SAME if same else PolicyRelation.LOOSER


def slot_rows(decision: decide.Decision) -> list[dict[str, Any]]:
    """The slots as an action stores them."""
    return [
        {"slot": slot.slot, "roles": sorted(slot.roles), "self": slot.self}
        for slot in decision.slots
    ]
