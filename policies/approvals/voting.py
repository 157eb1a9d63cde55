"""Voting: a person says yes or no; what do they sign, and what becomes of the action?

Two steps with their key between them: `prepare` gives the exact bytes, `record` checks the
signature over bytes it rebuilds itself, and everything else once more, before it writes anything
down.
"""

from dataclasses import dataclass

from sqlalchemy.exc import IntegrityError

from domain.approvals import machine, signed
from domain.approvals.events import Voted
from domain.approvals.facts import ActorKind, Decision, State, Voter
from domain.approvals.refusals import Refusal, refusal
from domain.approvals.service import (
    Recorded,
    check_head,
    load,
    move,
    signature_invalid,
)
from domain.approvals.tables import Approval, PendingAction
from domain.identity import queries as identity
from domain.identity.keys import verify
from domain.kernel.text import line
from domain.store import audit_queries
from domain.store.chain import Actor
from domain.store.tx import Tx
from policies.approvals import trust
from policies.approvals.binding import bound
from policies.approvals.evidence import ApprovalContext, Evidence, gather
from policies.approvals.reevaluation import situation

SIGNATURE_ASSURANCE = 3  # a key of their own, opened with a passphrase


@dataclass(frozen=True, slots=True)
class PreparedVote:
    """What a person is about to sign; `to_be_signed` are the exact bytes."""

    action_id: str
    person_id: str
    choice: signed.Choice
    payload: signed.Payload

    @property
    def to_be_signed(self) -> bytes:
        return signed.tbs(self.payload)


async def prepare(
    tx: Tx,
    approval_context: ApprovalContext,
    action_id: str,
    *,
    email: str,
    key_id: str,
    decision: Decision,
    slot: str | None = None,
) -> PreparedVote:
    """Build what this person signs for this decision, refusing early what cannot be accepted."""
    row = await load(tx, action_id)
    person = await identity.person_by_email(tx, email)
    here = await situation(
        tx, row, approval_context
    )  # first of all: is it the action that was proposed?
    evidence = await gather(tx, row, approval_context)
    voter = _voter(evidence, person, key_id, approval_context)
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
    return PreparedVote(
        row.id, person.id, choice, signed.payload(bound(row, approval_context.trust.deploy), choice)
    )


async def record(
    tx: Tx,
    approval_context: ApprovalContext,
    prepared: PreparedVote,
    signature: bytes,
    *,
    reason: str | None = None,
) -> Recorded:
    """Write the decision down if everything still holds, and move the action on.

    A refusal that settles the action (expired, stale) is an answer, not an exception, because
    what it settles must be committed.
    """
    row = await load(tx, prepared.action_id, lock=True)
    try:
        return await decide(tx, approval_context, row, prepared, signature, reason)
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
    approval_context: ApprovalContext,
    row: PendingAction,
    prepared: PreparedVote,
    signature: bytes,
    reason: str | None = None,
    batch: tuple[list[str], int] | None = None,
) -> Recorded:
    """Write the decision down, or raise what stands against it.

    `batch` says among which digests, and where, this one is covered by the signature.
    """
    choice = prepared.choice
    here = await situation(tx, row, approval_context)
    evidence = await gather(tx, row, approval_context)
    person = (await identity.people(tx, [choice.person])).get(choice.person)
    if person is None:
        raise refusal("ROLE_NOT_ELIGIBLE")
    voter = _voter(evidence, person, choice.key, approval_context)
    machine.check_vote(
        evidence.action, evidence.approvals, voter, choice.slot, choice.decision, here.present
    )
    await check_head(tx, choice.audit_head_seq, choice.audit_head_hash)
    payload = signed.payload(bound(row, approval_context.trust.deploy), choice)
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
    Voted(choice.decision).record(tx, row, choice.person, approval.reason)
    after = await gather(tx, row, approval_context)
    target = machine.after_vote(after.action, after.approvals)
    if target is not State.PENDING:
        await move(tx, row, target, actor)
    return Recorded(row.state)


def _voter(
    evidence: Evidence,
    person: identity.PersonIdentity,
    key_id: str,
    approval_context: ApprovalContext,
) -> Voter:
    return Voter(
        kind=ActorKind.HUMAN,
        person=person.id,
        roles_now=person.roles,
        active_now=person.active,
        key=trust.standing(
            evidence.keys.get(key_id),
            person.id,
            approval_context.trust,
            evidence.row.tenant_id,
        ),
        assurance=SIGNATURE_ASSURANCE,
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
