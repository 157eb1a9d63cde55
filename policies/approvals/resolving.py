"""Resolution by a person: what became of an action that was sent and whose outcome is unknown?

As in voting.py their key stands between `prepare` and `record`. Neither moves the action: the
executor weighs the resolution once more and writes the end down, for if the effect happened the
books have to say so, and no approver's login may write those.
"""

from collections.abc import Mapping
from dataclasses import dataclass

from sqlalchemy.exc import IntegrityError

from domain.approvals import machine, queries, signed
from domain.approvals.events import Resolved
from domain.approvals.facts import ActionFact, ActorKind, KeyStanding, Outcome, Voter
from domain.approvals.refusals import Refusal, refusal
from domain.approvals.service import action_fact, check_head, load, signature_invalid
from domain.approvals.tables import PendingAction, Resolution
from domain.identity import queries as identity
from domain.identity.keys import verify
from domain.identity.tables import ApproverKey
from domain.kernel.canonical import sha256_hex
from domain.kernel.faults import Fault
from domain.store import audit_queries
from domain.store.tx import Tx
from policies.approvals.binding import bound, check_well_formed
from policies.approvals.evidence import ApprovalContext
from policies.approvals.trust import standing
from policies.approvals.voting import SIGNATURE_ASSURANCE


@dataclass(frozen=True, slots=True)
class PreparedResolution:
    """What a person is about to sign; `to_be_signed` are the exact bytes."""

    action_id: str
    finding: signed.SignedResolution
    reason: str
    payload: signed.Payload

    @property
    def to_be_signed(self) -> bytes:
        return signed.tbs(self.payload)


@dataclass(frozen=True, slots=True)
class Settlement:
    """A resolution that counts: who said what."""

    person_id: str
    outcome: Outcome


async def prepare(
    tx: Tx,
    approval_context: ApprovalContext,
    action_id: str,
    *,
    email: str,
    key_id: str,
    outcome: Outcome,
    reason: str,
) -> PreparedResolution:
    """Build what this person signs, refusing early what cannot be accepted."""
    row = await load(tx, action_id)
    await check_well_formed(tx, row)
    person = await identity.person_by_email(tx, email)
    voter = voter_of(tx, approval_context, person, await identity.standing_keys(tx), key_id)
    machine.check_resolve(fact_of(row, approval_context), voter, outcome, tx.at)
    if await weighed(tx, approval_context, row) is not None:
        raise refusal("ALREADY_RESOLVED")
    head = await audit_queries.head(tx)
    finding = signed.SignedResolution(
        outcome=outcome,
        reason_sha256=sha256_hex(reason.encode()),
        person=person.id,
        key=key_id,
        audit_head_seq=head.seq,
        audit_head_hash=head.hash,
    )
    payload = signed.resolution(bound(row, approval_context.trust.deploy), finding)
    return PreparedResolution(row.id, finding, reason, payload)


async def record(
    tx: Tx, approval_context: ApprovalContext, prepared: PreparedResolution, signature: bytes
) -> None:
    """Write the resolution down if everything still holds."""
    row, finding = await load(tx, prepared.action_id, lock=True), prepared.finding
    await check_well_formed(tx, row)
    keys = await identity.standing_keys(tx)
    person = (await identity.people(tx, [finding.person])).get(finding.person)
    if person is None:
        raise refusal("ROLE_NOT_ELIGIBLE")
    voter = voter_of(tx, approval_context, person, keys, finding.key)
    machine.check_resolve(fact_of(row, approval_context), voter, finding.outcome, tx.at)
    if await weighed(tx, approval_context, row) is not None:
        raise refusal("ALREADY_RESOLVED")
    await check_head(tx, finding.audit_head_seq, finding.audit_head_hash)
    payload = signed.resolution(bound(row, approval_context.trust.deploy), finding)
    if not verify(keys[finding.key].public_key, signature, signed.tbs(payload)):
        raise signature_invalid()
    tx.add(
        Resolution(
            action_id=row.id,
            person_id=finding.person,
            outcome=finding.outcome.value,
            reason=prepared.reason,
            method="ed25519",
            key_id=finding.key,
            assurance=SIGNATURE_ASSURANCE,
            signed_payload=signed.text(payload),
            signature=signature,
            audit_head_seq=finding.audit_head_seq,
            audit_head_hash=finding.audit_head_hash,
            at=tx.at,
        )
    )
    try:
        await tx.flush()
    except IntegrityError as error:
        raise refusal("ALREADY_RESOLVED") from error
    Resolved.of(finding.outcome).record(tx, row, finding.person, prepared.reason)


async def weighed(
    tx: Tx, approval_context: ApprovalContext, row: PendingAction
) -> Settlement | None:
    """The first resolution of this action that counts now, by its signature, key and role."""
    resolutions = await queries.resolutions(tx, [row.id])
    if not resolutions:
        return None
    people = await identity.people(tx, [one.person_id for one in resolutions])
    keys = await identity.standing_keys(tx)
    for one in resolutions:
        person, key = people.get(one.person_id), keys.get(one.key_id)
        if (
            person is None
            or key is None
            or not genuine(row, one, key, approval_context.trust.deploy)
        ):
            continue
        voter = voter_of(tx, approval_context, person, keys, one.key_id)
        try:
            machine.check_resolve(
                fact_of(row, approval_context), voter, Outcome(one.outcome), tx.at
            )
        except Refusal:
            continue
        return Settlement(one.person_id, Outcome(one.outcome))
    return None


def voter_of(
    tx: Tx,
    approval_context: ApprovalContext,
    person: identity.PersonIdentity,
    keys: Mapping[str, ApproverKey],
    key_id: str,
) -> Voter:
    """Whoever resolves, as the guards need them: with the roles and the key of now."""
    key: KeyStanding = standing(keys.get(key_id), person.id, approval_context.trust, tx.tenant_id)
    return Voter(
        kind=ActorKind.HUMAN,
        person=person.id,
        roles_now=person.roles,
        active_now=person.active,
        key=key,
        assurance=SIGNATURE_ASSURANCE,
    )


def fact_of(row: PendingAction, approval_context: ApprovalContext) -> ActionFact:
    """The action as the guards need it, with the settle window of its tool."""
    tool = approval_context.registry.get(row.tool)
    return action_fact(row) if tool is None else action_fact(row, tool.settle_window)


def genuine(row: PendingAction, resolution: Resolution, key: ApproverKey, deploy: str) -> bool:
    """Whether the stored signature is one over the bytes that the rows ask for now."""
    try:
        finding = signed.SignedResolution(
            outcome=Outcome(resolution.outcome),
            reason_sha256=sha256_hex(resolution.reason.encode()),
            person=resolution.person_id,
            key=resolution.key_id,
            audit_head_seq=resolution.audit_head_seq,
            audit_head_hash=resolution.audit_head_hash,
        )
        payload = signed.resolution(bound(row, deploy), finding)
        signed.check_stored(resolution.signed_payload, payload)
    except (Fault, ValueError):
        return False
    return verify(key.public_key, resolution.signature, signed.tbs(payload))
