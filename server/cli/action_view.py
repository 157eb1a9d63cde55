"""Action view: what must a person see before they sign? One action, whole, as data.

How it stands on a page is said by server/cli/action_text.py. What is asked for (call, display,
effects, amounts, taint, signatures needed, until when, for whom, the agent's words) is bound by the
signature; before the first one, call, display, effects, amounts, taint, signatures and the agent's
words are held against the audit entry of the proposal. Names of people and agents are those of now.
When it was asked, how it stands and what came of it is what the database says, and what only
`cyberos audit verify` can judge.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any

from domain.approvals import queries as approvals
from domain.approvals.facts import (
    ActionFact,
    ActorKind,
    ApprovalFact,
    Decision,
    KeyStanding,
    Slot,
    Voter,
)
from domain.approvals.machine import choose_slot
from domain.approvals.queries import Worth
from domain.approvals.refusals import Refusal
from domain.approvals.service import standing
from domain.approvals.tables import Approval, PendingAction
from domain.dispatches import queries as dispatches
from domain.dispatches.tables import Dispatch
from domain.fx import service as fx
from domain.fx.service import FxRate
from domain.identity import queries as identity
from domain.identity.events import UntrustedRead
from domain.identity.queries import PersonIdentity
from domain.store.tx import Tx
from policies.approvals import aggregation
from policies.approvals.aggregation import SimilarCustomer
from policies.approvals.binding import check_lifetime, check_well_formed
from policies.approvals.evidence import ApprovalContext, Evidence, gather
from policies.approvals.reevaluation import AS_ASKED, SinceAsked, since_asked
from policies.gate.catalogue import SUMS
from policies.gate.principals import MARK_STAYS_FRESH, TAINT_LASTS
from server.cli.context import Company

MOST_OTHERS = 5  # shown beside one
_ASSURANCE = 3  # of a signature made in a terminal


@dataclass(frozen=True, slots=True)
class Requester:
    """Who asked, and for whom."""

    kind: str
    id: str
    name: str
    person: PersonIdentity
    standing: str  # "good", or why nobody could ask so any more: "revoked", "expired" or "left"


@dataclass(frozen=True, slots=True)
class ActionView:
    """An action on the table of the person who decides."""

    company: Company
    row: PendingAction
    evidence: Evidence
    requester: Requester
    state: str
    at: datetime
    worth: Worth | None  # what policy judges it by, if by all that is asked for in a day
    following: Sequence[Dispatch] = ()
    # Shown to whoever signs, and not in a list.
    similar: Sequence[SimilarCustomer] = ()
    rates: Sequence[FxRate] = ()
    since: SinceAsked = AS_ASKED
    replaced: Sequence[PendingAction] = ()
    others: Sequence[PendingAction] = ()
    read: Sequence[tuple[datetime, UntrustedRead]] = ()  # words of others, before it was asked

    @property
    def handed_over(self) -> bool:
        """Whether the other side has it and will answer."""
        return self.state == "unknown" and self.row.provider_ref is not None

    def open_slots(self) -> list[Slot]:
        """The signatures that are still missing."""
        filled = {fact.slot for fact in self.evidence.approvals if says_yes(fact)}
        return [slot for slot in self.evidence.action.slots if slot.name not in filled]

    def slot_for(self, person: PersonIdentity) -> str | None:
        """The slot this person would fill now, or None if there is nothing for them to sign."""
        voter = Voter(
            kind=ActorKind.HUMAN,
            person=person.id,
            roles_now=person.roles,
            active_now=person.active,
            key=KeyStanding.GOOD,
            assurance=_ASSURANCE,
        )
        if self.state != "pending" or not person.active:
            return None
        try:
            return choose_slot(self.evidence.action, self.evidence.approvals, voter).name
        except Refusal:
            return None


async def build(
    tx: Tx, company: Company, row: PendingAction, approval_context: ApprovalContext
) -> ActionView:
    """Everything about one action, its signatures weighed anew.

    ARGS_TAMPERED when it is not as it was proposed: such an action must not even be shown as if
    it were whole.
    """
    seq = await check_well_formed(tx, row)
    check_lifetime(row, approval_context.catalogue)
    evidence = await gather(tx, row, approval_context)
    policy = approval_context.catalogue.by_id.get(row.tool) if approval_context.catalogue else None
    adds_up = policy is not None and not policy.asked.isdisjoint(SUMS)
    return ActionView(
        company=company,
        row=row,
        evidence=evidence,
        requester=await _requester(tx, row),
        state=(await standing(tx, [row]))[row.id].value,
        at=tx.at,
        worth=await aggregation.of_action(tx, row, seq, now=tx.at) if adds_up else None,
        following=await dispatches.of_action(tx, row.id) if row.state == "succeeded" else (),
        read=await _read_before(tx, row),
    )


async def with_details(tx: Tx, view: ActionView, approval_context: ApprovalContext) -> ActionView:
    """The view for whoever signs: also with what has changed since, what else is asked about the
    same, customers that look alike, and the rates of its worth.
    """
    row, day = view.row, view.row.created_at.astimezone(view.company.zone).date()
    rates: Sequence[FxRate] = ()
    if row.fx_rate_id is not None and row.currency is not None:
        rates = await fx.behind(tx, row.fx_rate_id, row.currency, day)
    waits = view.state in ("pending", "approved", "stale")
    return replace(
        view,
        similar=await aggregation.similar_customers(tx, row),
        rates=rates,
        since=await since_asked(tx, row, approval_context) if waits else AS_ASKED,
        replaced=await approvals.superseded_by(tx, row),
        others=await approvals.others_about(tx, row, limit=MOST_OTHERS),
    )


async def _read_before(tx: Tx, row: PendingAction) -> list[tuple[datetime, UntrustedRead]]:
    """Which words of others the agent read before it asked, where that taints what it asked."""
    kind, _, id = row.requester.partition(":")
    if not row.taint or kind != "agent":
        return []
    since = row.created_at - (TAINT_LASTS + MARK_STAYS_FRESH)
    return await identity.foreign_reads(tx, id, since, row.created_at)


async def _requester(tx: Tx, row: PendingAction) -> Requester:
    kind, _, id = row.requester.partition(":")
    person = (await identity.people(tx, [row.requester_person]))[row.requester_person]
    name, standing = person.display_name, "good"
    if kind == "agent":
        agent = {one.id: one for one in await identity.agents(tx)}.get(id)
        name = agent.name if agent is not None else id
        if agent is None or agent.revoked_at is not None:
            standing = "revoked"
        elif agent.expires_at <= tx.at:
            standing = "expired"
    if not person.active:
        standing = "left"
    return Requester(kind, id, name, person, standing)


# --- as data ---


def as_object(view: ActionView) -> dict[str, Any]:
    """The action for a program."""
    row = view.row
    amount = None
    if row.amount_minor is not None:
        amount = {
            "amount_minor": row.amount_minor,
            "currency": row.currency,
            "amount_usd_minor": row.amount_usd_minor,
            **aggregation.facts(view.worth or aggregation.UNKNOWN),
        }
    return {
        "action_id": row.id,
        "tenant": view.company.code,
        "state": view.state,
        "tool": row.tool,
        "display": row.display,
        "summary": row.summary,
        "effects": row.effects,
        "amount": amount,
        "similar_customers": [
            {"id": one.id, "name": one.name, "usd_minor_24h": one.usd_minor} for one in view.similar
        ],
        "since_asked": since_object(view.since),
        "supersedes": [one.id for one in view.replaced],
        "others": [one.id for one in view.others],
        "entity": {"type": row.entity_type, "id": row.entity_id, "version": row.entity_version},
        "requester": {
            "kind": view.requester.kind,
            "id": view.requester.id,
            "name": view.requester.name,
            "for_person": view.requester.person.display_name,
            "for_email": view.requester.person.email,
            "standing": view.requester.standing,
        },
        "tainted": bool(row.taint),
        "read_untrusted": [
            {"at": at.isoformat(), "tool": one.tool, "what": one.what} for at, one in view.read
        ],
        "slots": [_slot_object(view, slot) for slot in view.evidence.action.slots],
        "decisions": [
            _decision_object(view, one, fact)
            for one, fact in zip(view.evidence.rows, view.evidence.approvals, strict=True)
        ],
        "created_at": row.created_at.isoformat(),
        "expires_at": row.expires_at.isoformat(),
        "args": row.args_json,
        "args_sha256": row.args_sha256,
        "policy": f"{row.policy_version}:{row.policy_sha256}",
        "claim": row.claim,
        "result": row.result,
        "error_code": row.error_code,
        **({"awaits_answer": True} if view.handed_over else {}),
        **({"dispatches": [_follower(one) for one in view.following]} if view.following else {}),
    }


def since_object(since: SinceAsked) -> dict[str, Any]:
    """What has changed since people were asked, for a program."""
    said = [
        {
            "label": dict(one.label),
            "before": one.before.as_json() if one.before else None,
            "now": one.now.as_json() if one.now else None,
        }
        for one in since.differences
    ]
    return {"differences": said, "refused": since.refused.code if since.refused else None}


def _follower(one: Dispatch) -> dict[str, Any]:
    return {
        "kind": one.kind,
        "state": one.state,
        "attempts": one.attempts,
        "error_code": one.error_code,
        "done_at": one.done_at.isoformat() if one.done_at else None,
    }


def _slot_object(view: ActionView, slot: Slot) -> dict[str, Any]:
    return {
        "slot": slot.name,
        "roles": sorted(slot.roles),
        "filled": slot not in view.open_slots(),
    }


def _decision_object(view: ActionView, one: Approval, fact: ApprovalFact) -> dict[str, Any]:
    person = view.evidence.people[one.person_id]
    return {
        "slot": one.slot,
        "decision": one.decision,
        "by": person.display_name,
        "email": person.email,
        "at": one.at.isoformat(),
        "reason": one.reason,
        "counts": counts(view.evidence.action, fact),
    }


def says_yes(fact: ApprovalFact) -> bool:
    return fact.decision is Decision.APPROVE


def counts(action: ActionFact, fact: ApprovalFact) -> bool:
    """Whether a decision would still be accepted: signature, key, person and role."""
    roles: Mapping[str, frozenset[str]] = {slot.name: slot.roles for slot in action.slots}
    entitled = bool(fact.roles_now & roles.get(fact.slot, frozenset()))
    return fact.valid_signature and fact.key_ok_now and fact.active_now and entitled
