"""Resolution of a dispatch by a person: what became of what followed an action?

Whoever might resolve the action may resolve what followed it. As in resolving.py their key stands
between `prepare` and `record`, and who carries dispatches out writes the end down.
"""

from dataclasses import dataclass

from sqlalchemy.exc import IntegrityError

from domain.approvals import machine, signed
from domain.approvals.facts import Outcome
from domain.approvals.refusals import Refusal, refusal
from domain.approvals.service import action_fact, check_head, signature_invalid
from domain.approvals.service import load as load_action
from domain.approvals.tables import PendingAction
from domain.dispatches import queries
from domain.dispatches.events import DispatchResolved
from domain.dispatches.tables import Dispatch, DispatchResolution
from domain.identity import queries as identity
from domain.identity.keys import verify
from domain.identity.tables import ApproverKey
from domain.kernel.canonical import sha256_hex
from domain.kernel.faults import Fault, Kind
from domain.store import audit_queries
from domain.store.tx import Tx
from policies.approvals.binding import bound, check_well_formed
from policies.approvals.evidence import ApprovalContext
from policies.approvals.resolving import Settlement, voter_of
from policies.approvals.voting import SIGNATURE_ASSURANCE


@dataclass(frozen=True, slots=True)
class PreparedDispatchResolution:
    """What a person is about to sign; `to_be_signed` are the exact bytes."""

    dispatch_id: str
    finding: signed.SignedResolution
    reason: str
    payload: signed.Payload

    @property
    def to_be_signed(self) -> bytes:
        return signed.tbs(self.payload)


async def prepare(
    tx: Tx,
    approval_context: ApprovalContext,
    action_id: str,
    kind: str,
    *,
    email: str,
    key_id: str,
    outcome: Outcome,
    reason: str,
) -> PreparedDispatchResolution:
    """Build what this person signs about the first dispatch of that kind whose end is unknown.

    Raises DISPATCH_NOT_UNKNOWN when there is none, and like `machine.check_resolver`.
    """
    action = await load_action(tx, action_id)
    await check_well_formed(tx, action)
    open_ones = [
        one
        for one in await queries.of_action(tx, action.id)
        if one.kind == kind and one.state == "unknown"
    ]
    if not open_ones:
        raise _not_unknown(kind)
    person = await identity.person_by_email(tx, email)
    voter = voter_of(tx, approval_context, person, await identity.keys(tx), key_id)
    machine.check_resolver(action_fact(action), voter)
    if await weighed(tx, approval_context, open_ones[0], action) is not None:
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
    payload = _payload(action, open_ones[0], approval_context.trust.deploy, finding)
    return PreparedDispatchResolution(open_ones[0].id, finding, reason, payload)


async def record(
    tx: Tx,
    approval_context: ApprovalContext,
    prepared: PreparedDispatchResolution,
    signature: bytes,
) -> None:
    """Write the resolution down if everything still holds."""
    found, finding = await queries.dispatch(tx, prepared.dispatch_id), prepared.finding
    if found is None or found.state != "unknown":
        raise _not_unknown(found.kind if found is not None else "")
    action = await load_action(tx, found.action_id)
    await check_well_formed(tx, action)
    keys = await identity.keys(tx)
    person = (await identity.people(tx, [finding.person])).get(finding.person)
    if person is None:
        raise refusal("ROLE_NOT_ELIGIBLE")
    voter = voter_of(tx, approval_context, person, keys, finding.key)
    machine.check_resolver(action_fact(action), voter)
    if await weighed(tx, approval_context, found, action) is not None:
        raise refusal("ALREADY_RESOLVED")
    await check_head(tx, finding.audit_head_seq, finding.audit_head_hash)
    payload = _payload(action, found, approval_context.trust.deploy, finding)
    if not verify(keys[finding.key].public_key, signature, signed.tbs(payload)):
        raise signature_invalid()
    tx.add(
        DispatchResolution(
            dispatch_id=found.id,
            person_id=finding.person,
            outcome=finding.outcome.value,
            reason=prepared.reason,
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
    said = DispatchResolved(found.id, finding.outcome.value)
    said.record(tx, found, finding.person, prepared.reason)


async def weighed(
    tx: Tx, approval_context: ApprovalContext, found: Dispatch, action: PendingAction
) -> Settlement | None:
    """The first resolution of this dispatch that counts now, by its signature, key and role."""
    resolutions = await queries.resolutions(tx, found.id)
    if not resolutions:
        return None
    people = await identity.people(tx, [one.person_id for one in resolutions])
    keys = await identity.keys(tx)
    for one in resolutions:
        person, key = people.get(one.person_id), keys.get(one.key_id)
        if person is None or key is None:
            continue
        if not genuine(action, found, one, key, approval_context.trust.deploy):
            continue
        voter = voter_of(tx, approval_context, person, keys, one.key_id)
        try:
            machine.check_resolver(action_fact(action), voter)
        except Refusal:
            continue
        return Settlement(one.person_id, Outcome(one.outcome))
    return None


def genuine(
    action: PendingAction,
    found: Dispatch,
    resolution: DispatchResolution,
    key: ApproverKey,
    deploy: str,
) -> bool:
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
        payload = _payload(action, found, deploy, finding)
        signed.check_stored(resolution.signed_payload, payload)
    except (Fault, ValueError):
        return False
    return verify(key.public_key, resolution.signature, signed.tbs(payload))


def _payload(
    action: PendingAction, found: Dispatch, deploy: str, finding: signed.SignedResolution
) -> signed.Payload:
    return signed.dispatch_resolution(bound(action, deploy), finding, found.id, found.kind)


def _not_unknown(kind: str) -> Fault:
    return Fault(
        "DISPATCH_NOT_UNKNOWN",
        Kind.CONFLICT,
        "Nothing of that kind that followed the action has an unknown outcome.",
        "read the action with `cyberos show`.",
        {"kind": kind},
    )
