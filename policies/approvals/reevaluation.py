"""Re-evaluation: would the stored call, made now, still ask people for the same?

The proposal is run once more with the stored arguments, and policy is weighed with the facts of
now; what differs makes an action stale or asks for other signatures.
"""

import json
from dataclasses import dataclass, replace
from datetime import timedelta
from functools import lru_cache
from typing import Any, Final

from pydantic import ValidationError

from domain.approvals.facts import PolicyRelation, Present
from domain.approvals.tables import PendingAction
from domain.kernel.canonical import canonical, normalised, sha256_hex
from domain.kernel.faults import Fault
from domain.store.tx import Tx
from policies.approvals import aggregation
from policies.approvals.binding import check_lifetime, check_well_formed
from policies.approvals.evidence import ApprovalContext
from policies.gate import decide, principals
from policies.gate.catalogue import Catalogue, ToolPolicy
from policies.gate.contract import Arguments, Call, Proposal, Tool
from policies.gate.display import Difference, Display, differences


@dataclass(frozen=True, slots=True)
class Reevaluation:
    """The world around an action now, and the call that would run if it ran."""

    present: Present
    call: Call | None
    arguments: Arguments | None


@dataclass(frozen=True, slots=True)
class SinceAsked:
    """What is no longer as it was when people were asked; nothing at all if all of it is.

    `refused` says why the call could not even be asked for now.
    """

    differences: tuple[Difference, ...] = ()
    refused: Fault | None = None


AS_ASKED: Final = SinceAsked()


async def since_asked(tx: Tx, row: PendingAction, approval_context: ApprovalContext) -> SinceAsked:
    """Ask for the same once more, and compare what people would be shown now."""
    tool = approval_context.registry.get(row.tool)
    if tool is None or tool.propose is None:
        return AS_ASKED
    call = await requesting_call(tx, row)
    try:
        with tx.looking_as(call.principal.viewer):
            proposal = await tool.propose(call, tool.arguments.model_validate_json(row.args_json))
    except Fault as fault:
        return SinceAsked(refused=fault)
    except ValidationError:
        return AS_ASKED
    before = (Display.of_json(row.display), row.amount_minor, row.currency)
    now = (proposal.display, proposal.amount_minor, proposal.currency)
    return SinceAsked(tuple(differences(before, now)))


async def situation(
    tx: Tx,
    row: PendingAction,
    approval_context: ApprovalContext,
    *,
    hold: bool = False,
    port_error: Fault | None = None,
) -> Reevaluation:
    """Propose the stored arguments once more, and see whether they still mean the same.

    `hold` keeps what it is about from changing until the transaction ends: for whoever is about to
    carry it out; `port_error` says why nobody outside could be asked first. ARGS_TAMPERED when it
    is not as it was proposed.
    """
    seq = await check_well_formed(tx, row)
    check_lifetime(row, approval_context.catalogue)
    tool = approval_context.registry.get(row.tool)
    gone = Reevaluation(_gone(tx, PolicyRelation.UNAVAILABLE), None, None)
    if tool is None or tool.propose is None or approval_context.catalogue is None:
        return gone
    call = replace(await requesting_call(tx, row), holds=hold, port_error=port_error)
    try:
        arguments = tool.arguments.model_validate_json(row.args_json)
        with tx.looking_as(call.principal.viewer):
            proposal = await tool.propose(call, arguments)
    except (Fault, ValidationError):
        # Refused now, so it is not what people signed: gone, closed, hidden or never valid.
        return Reevaluation(_gone(tx, PolicyRelation.SAME), None, None)
    if not _shows_the_same(row, proposal, call):
        # Something else than what is true now was shown: stale, whichever of the two was changed.
        return Reevaluation(_gone(tx, PolicyRelation.SAME), None, None)
    relation = await _policy_relation(tx, row, seq, tool, proposal, approval_context.catalogue)
    present = Present(
        now=tx.at,
        entity_version=proposal.entity_version,
        entity_digest=entity_digest(proposal),
        policy=relation,
    )
    return Reevaluation(present, call, arguments)


def _shows_the_same(row: PendingAction, proposal: Proposal, call: Call) -> bool:
    """Whether a proposal of now has the words, amounts and effects that people are shown.

    Every new rate moves the worth in dollars, and policy is weighed with that of now; but one and
    the same rate cannot have given two of them.
    """
    one_rate = row.fx_rate_id == proposal.fx_rate_id
    return (
        (row.summary, row.amount_minor, row.currency)
        == (proposal.summary(call.principal.locale), proposal.amount_minor, proposal.currency)
        and canonical(row.display) == canonical(proposal.display.as_json())
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
    return Call(person, tx, requester=row.requester, asked_at=row.created_at)


async def _policy_relation(
    tx: Tx, row: PendingAction, seq: int, tool: Tool, proposal: Proposal, catalogue: Catalogue
) -> PolicyRelation:
    if schema_sha256(tool.arguments) != row.tool_schema_sha256:
        return PolicyRelation.STRICTER
    policy = catalogue.by_id.get(row.tool)
    if policy is None:
        return PolicyRelation.STRICTER
    if _lives_too_long(row, policy):
        return PolicyRelation.STRICTER
    facts = await aggregation.judged(
        tx, policy, proposal, person_id=row.requester_person, asked=(row.created_at, seq)
    )
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


def _lives_too_long(row: PendingAction, policy: ToolPolicy) -> bool:
    """Whether it waits for people longer than its policy lets it."""
    return row.expires_at - row.created_at > timedelta(minutes=policy.ttl_minutes)


def slot_rows(decision: decide.PolicyDecision) -> list[dict[str, Any]]:
    """The slots as an action stores them."""
    return [
        {"slot": slot.slot, "roles": sorted(slot.roles), "self": slot.self}
        for slot in decision.slots
    ]
