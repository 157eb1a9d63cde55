"""A call that needs people becomes a pending action, once."""

import secrets
from collections.abc import Mapping
from datetime import timedelta
from typing import Any

from domain.approvals import queries, service, signed
from domain.approvals.events import Moved, Proposed
from domain.approvals.facts import State
from domain.approvals.tables import PendingAction
from domain.kernel.canonical import normalised, sha256_hex
from domain.kernel.faults import Fault, Kind
from domain.kernel.ids import new_id
from domain.kernel.text import clean_outgoing
from domain.store.tx import Tx
from policies.approvals.binding import proposed
from policies.approvals.reevaluation import entity_digest, schema_sha256, slot_rows
from policies.gate.answers import PendingAnswer, SlotView
from policies.gate.catalogue import Catalogue, ToolPolicy
from policies.gate.contract import Arguments, Principal, Proposal, Tool
from policies.gate.decide import PolicyDecision

MOST_PENDING = 20  # of one requester: an inbox nobody can read protects nobody
MOST_A_DAY = 200  # also taken back: each stays in the chain for good
_DAY = timedelta(days=1)
UNBOUND = frozenset({"idempotency_key", "note_to_approver", "dry_run"})
# What a caller expects to find does not make another approval request of the same one.
EXPECTATIONS = frozenset({"expected_version", "expected_stage"})
_CLAIM_CHARS = 500


def content(arguments: Arguments) -> dict[str, Any]:
    """Everything that was given, as JSON with every text in NFC."""
    given = normalised(arguments.model_dump(mode="json", exclude_none=True))
    assert isinstance(given, dict)
    return given


def bound_json(given: Mapping[str, Any], without: frozenset[str] = UNBOUND) -> tuple[str, str]:
    """What of it is stored, hashed, signed and executed: canonical text and digest."""
    bound = {name: value for name, value in given.items() if name not in without}
    return signed.arguments_text(bound)


async def propose(
    tx: Tx,
    principal: Principal,
    tool: Tool,
    policy: ToolPolicy,
    catalogue: Catalogue,
    decision: PolicyDecision,
    arguments: Arguments,
    proposal: Proposal,
    *,
    request_id: str,
) -> PendingAction:
    """Store the action people are asked about, or give back the one that already waits for it.

    Raises ALREADY_PROPOSED when somebody else asked for it, RATE_LIMITED, PROPOSALS_USED_UP.
    """
    given = content(arguments)
    args_json, args_sha256 = bound_json(given)
    _, requested = bound_json(given, UNBOUND | EXPECTATIONS)
    dedupe_key = signed.dedupe_key(tool.id, requested, proposal.entity_version)
    waiting = await queries.live_with_dedupe_key(tx, dedupe_key)
    if waiting is not None and not (waiting.state == "pending" and waiting.expires_at <= tx.at):
        if waiting.requester != principal.reference:
            raise _asked_already()
        return waiting
    if waiting is not None:
        await service.step(tx, waiting, State.EXPIRED, closed_at=tx.at, closed_by="system:clock")
        Moved(State.EXPIRED).record(tx, waiting, principal.actor)
    row = _row(tx, principal, tool, policy, catalogue, decision, proposal, arguments)
    row.args_json, row.args_sha256, row.dedupe_key = args_json, args_sha256, dedupe_key
    await service.supersede(tx, row, principal.actor)
    waits, begun = await queries.counts_of_requester(tx, principal.reference, tx.at - _DAY)
    if begun >= MOST_A_DAY:
        raise Fault(
            "PROPOSALS_USED_UP",
            Kind.CONFLICT,
            f"You asked people for {MOST_A_DAY} actions within a day, which is as many as you may.",
            "tell the user; asking is possible again a day after the first of them.",
        )
    if waits >= MOST_PENDING:
        raise Fault(
            "RATE_LIMITED",
            Kind.CONFLICT,
            f"{MOST_PENDING} of your actions already wait for people.",
            "cancel what is no longer wanted with approvals_cancel, or wait for decisions.",
        )
    tx.add(row)
    await tx.flush()
    Proposed(proposed(row)).record(tx, row, principal.actor, request=request_id)
    return row


def _row(
    tx: Tx,
    principal: Principal,
    tool: Tool,
    policy: ToolPolicy,
    catalogue: Catalogue,
    decision: PolicyDecision,
    proposal: Proposal,
    arguments: Arguments,
) -> PendingAction:
    action_id, summary = new_id(), proposal.summary(principal.locale)
    return PendingAction(
        id=action_id,
        tool=tool.id,
        tool_schema_sha256=schema_sha256(tool.arguments),
        entity_type=proposal.entity_type,
        entity_id=proposal.entity_id,
        entity_version=proposal.entity_version,
        entity_digest=entity_digest(proposal),
        effects=[dict(effect) for effect in proposal.effects],
        display=proposal.display.as_json(),
        summary=summary,
        summary_sha256=sha256_hex(summary.encode()),
        claim=_claim(arguments),
        amount_minor=proposal.amount_minor,
        currency=proposal.currency,
        amount_usd_minor=proposal.amount_usd_minor,
        fx_rate_id=proposal.fx_rate_id,
        policy_version=catalogue.version,
        policy_sha256=catalogue.sha256,
        slots=slot_rows(decision),
        slots_needed=len(decision.slots),
        self_rule=decision.self_rule,
        min_assurance=decision.assurance,
        taint=int(principal.tainted),
        requester=principal.reference,
        requester_person=principal.person_id,
        nonce=secrets.token_hex(32),
        created_at=tx.at,
        expires_at=tx.at + timedelta(minutes=policy.ttl_minutes),
        state="pending",
        state_seq=1,
        idem_key=f"act_{action_id}",
    )


def _asked_already() -> Fault:
    return Fault(
        "ALREADY_PROPOSED",
        Kind.CONFLICT,
        "Somebody else has asked for exactly this already, and people are deciding about it.",
        "there is nothing to do; the person you act for can follow it in the inbox.",
    )


def _claim(arguments: Arguments) -> str | None:
    """What the agent says in its own words: shown as a quotation, never as our summary."""
    note = getattr(arguments, "note_to_approver", None)
    return clean_outgoing(note)[:_CLAIM_CHARS] if note else None


def pending_answer(
    row: PendingAction, *, filled: frozenset[str] = frozenset(), inbox_url: str | None = None
) -> PendingAnswer:
    """The answer an agent gets while people think."""
    return PendingAnswer(
        status="pending_approval" if row.state == "pending" else row.state,
        action_id=row.id,
        summary=row.summary,
        slots=[
            SlotView(slot=slot["slot"], roles=slot["roles"], filled=slot["slot"] in filled)
            for slot in row.slots
        ],
        expires_at=row.expires_at,
        how_to_approve=f"cyberos approve {row.id} --as E-MAIL --key FILE",
        inbox_url=f"{inbox_url}/{row.id}" if inbox_url else None,
    )
