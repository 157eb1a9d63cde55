"""A person says yes or no: what she signs, and what becomes of the action.

Two steps with her key between them: `prepare` gives the exact bytes, `record` checks the signature
over bytes it rebuilds itself, and everything else once more, before it writes anything down.
"""

from collections.abc import Mapping
from dataclasses import dataclass, replace

from sqlalchemy.exc import IntegrityError

from domain.approvals import machine, queries, signed
from domain.approvals.facts import Canceller, Decision, KeyStanding, State, Voter
from domain.approvals.facts import Principal as PrincipalKind
from domain.approvals.refusals import Refusal, refusal
from domain.approvals.tables import Approval, PendingAction
from domain.identity import queries as identity
from domain.identity.keys import verify
from domain.identity.tables import ApproverKey
from domain.kernel.faults import Fault, Kind
from domain.kernel.text import line
from domain.store import audit_queries
from domain.store.chain import Actor
from domain.store.tx import Tx
from policies import trust
from policies.evidence import Evidence, House, action_fact, bound, gather, situation
from policies.proposing import transition

SIGNATURE_ASSURANCE = 3  # a key of her own, opened with a passphrase


@dataclass(frozen=True, slots=True)
class Prepared:
    """What a person is about to sign; `to_be_signed` are the exact bytes."""

    action_id: str
    person_id: str
    choice: signed.Choice
    payload: signed.Payload

    @property
    def to_be_signed(self) -> bytes:
        return signed.tbs(self.payload)


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
            "list what waits with approvals_list.",
        )
    return row


async def prepare(
    tx: Tx,
    house: House,
    action_id: str,
    *,
    email: str,
    key_id: str,
    decision: Decision,
    slot: str | None = None,
) -> Prepared:
    """Build what this person signs for this decision, refusing early what cannot be accepted."""
    row = await load(tx, action_id)
    person = await identity.person_by_email(tx, email)
    here = await situation(tx, row, house)  # first of all: is it the action that was proposed?
    evidence = await gather(tx, row, house)
    voter = _voter(evidence, person, key_id, house)
    chosen = slot or machine.choose_slot(evidence.action, evidence.approvals, voter, decision).name
    machine.check_vote(evidence.action, evidence.approvals, voter, chosen, decision, here.present)
    head = await audit_queries.head(tx)
    choice = signed.Choice(
        decision=decision,
        slot=chosen,
        person=person.id,
        key=key_id,
        audit_head_seq=head.seq,
        audit_head_hash=head.hash,
    )
    return Prepared(
        row.id, person.id, choice, signed.payload(bound(row, house.trust.deploy), choice)
    )


async def record(
    tx: Tx, house: House, prepared: Prepared, signature: bytes, *, reason: str | None = None
) -> Recorded:
    """Write the decision down if everything still holds, and move the action on.

    A refusal that settles the action (expired, stale) is an answer, not an exception, because
    what it settles must be committed.
    """
    row = await load(tx, prepared.action_id, lock=True)
    try:
        return await decide(tx, house, row, prepared, signature, reason)
    except Refusal as error:
        actor = Actor("human", prepared.person_id)
        if error.target is not None:
            await move(tx, row, error.target, actor, code=error.code)
        return Recorded(row.state, error)
    except IntegrityError as error:
        # The same person or the same slot, a moment earlier in another process.
        raise refusal("ALREADY_DECIDED") from error


async def decide(
    tx: Tx,
    house: House,
    row: PendingAction,
    prepared: Prepared,
    signature: bytes,
    reason: str | None = None,
    batch: tuple[list[str], int] | None = None,
) -> Recorded:
    """Write the decision down, or raise what stands against it.

    `batch` says among which digests, and where, this one is covered by the signature.
    """
    choice = prepared.choice
    here = await situation(tx, row, house)
    evidence = await gather(tx, row, house)
    person = (await identity.people(tx, [choice.person])).get(choice.person)
    if person is None:
        raise refusal("ROLE_NOT_ELIGIBLE")
    voter = _voter(evidence, person, choice.key, house)
    machine.check_vote(
        evidence.action, evidence.approvals, voter, choice.slot, choice.decision, here.present
    )
    await check_head(tx, choice.audit_head_seq, choice.audit_head_hash)
    payload = signed.payload(bound(row, house.trust.deploy), choice)
    covered = signed.tbs(payload)
    if batch is not None:
        covered = signed.in_batch(*batch, covered)
    if not verify(evidence.keys[choice.key].public_key, signature, covered):
        raise signature_invalid()
    approval = _approval(tx, row, choice, payload, signature, reason)
    if batch is not None:
        approval.batch, approval.batch_index = batch
    tx.add(approval)
    await tx.flush()
    actor = Actor("human", choice.person)
    verb = "approved_by" if choice.decision is Decision.APPROVE else "rejected_by"
    # The reason is not signed, and may be about somebody: the entry only commits to it.
    told = {"decision": {"reason": approval.reason}}
    tx.record(replace(transition(row, actor, verb), private=told))
    after = await gather(tx, row, house)
    target = machine.after_vote(after.action, after.approvals)
    if target is not State.PENDING:
        await move(tx, row, target, actor)
    return Recorded(row.state)


async def move(
    tx: Tx, row: PendingAction, target: State, actor: Actor, *, code: str = "", **values: object
) -> None:
    """One step of the action, with its audit entry; ACTION_CONFLICT if somebody was faster."""
    closing: dict[str, object] = {}
    if machine.is_terminal(target):
        closing = {"closed_at": tx.at, "closed_by": f"{actor.kind}:{actor.id}"}
    if code:
        closing["error_code"] = code
    if not await queries.step(tx, row, target.value, **{**closing, **values}):
        raise refusal("ACTION_CONFLICT", state=row.state)
    tx.record(transition(row, actor, target.value, code))


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


def _voter(evidence: Evidence, person: identity.PersonIdentity, key_id: str, house: House) -> Voter:
    return Voter(
        kind=PrincipalKind.HUMAN,
        person=person.id,
        roles_now=person.roles,
        active_now=person.active,
        key=standing(
            evidence.keys.get(key_id),
            person.id,
            evidence.keys,
            house.trust,
            evidence.row.tenant_id,
        ),
        assurance=SIGNATURE_ASSURANCE,
    )


def standing(
    key: ApproverKey | None,
    person_id: str,
    keys: Mapping[str, ApproverKey],
    trusted: trust.Trust,
    tenant_id: str,
) -> KeyStanding:
    """What this key of this person is worth now."""
    if key is None or key.person_id != person_id:
        return KeyStanding.UNKNOWN
    if key.revoked_at is not None:
        return KeyStanding.REVOKED
    known = trust.endorsed(key, keys, trusted, tenant_id)
    return KeyStanding.GOOD if known else KeyStanding.UNKNOWN


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


def _approval(
    tx: Tx,
    row: PendingAction,
    choice: signed.Choice,
    payload: signed.Payload,
    signature: bytes,
    reason: str | None,
) -> Approval:
    return Approval(
        action_id=row.id,
        person_id=choice.person,
        slot=choice.slot,
        decision=choice.decision.value,
        method="ed25519",
        key_id=choice.key,
        assurance=SIGNATURE_ASSURANCE,
        signed_payload=signed.text(payload),
        signature=signature,
        reason=line(reason, 500) if reason else None,
        audit_head_seq=choice.audit_head_seq,
        audit_head_hash=choice.audit_head_hash,
        at=tx.at,
    )
