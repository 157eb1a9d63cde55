"""Action view: what must a person see before they sign? One action, whole, as data and as text.

The server's own summary comes first and the agent's words last, as a quotation. What is asked for
(call, summary, effects, amounts, taint, signatures needed, until when, for whom, the agent's words)
is bound by the signature; before the first one, call, effects, amounts, taint, signatures and the
agent's words are held against the audit entry of the proposal. Names are those of now. When it was
asked, how it stands and what came of it is what the database says, and what only
`cyberos audit verify` can judge.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from domain.approvals.facts import (
    ActionFact,
    ActorKind,
    ApprovalFact,
    Decision,
    KeyStanding,
    Slot,
    Voter,
)
from domain.approvals.machine import after_time, choose_slot
from domain.approvals.refusals import Refusal
from domain.approvals.tables import Approval, PendingAction
from domain.identity import queries as identity
from domain.identity.queries import PersonIdentity
from domain.kernel.clock import instant
from domain.store.tx import Tx
from policies.approvals import aggregation
from policies.approvals.binding import check_well_formed
from policies.approvals.evidence import ApprovalContext, Evidence, gather
from policies.gate.catalogue import CUSTOMER_SUM
from server.cli.context import Company
from server.cli.render import (
    Words,
    bold,
    effect,
    exact,
    indented,
    money,
    one_line,
    shown,
    table,
    warning,
)

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
    adds_up: bool  # whether policy judges it by all that the customer is asked for in a day
    customer_sum: int | None  # US cents, if so and known

    def open_slots(self) -> list[Slot]:
        """The signatures that are still missing."""
        filled = {fact.slot for fact in self.evidence.approvals if _says_yes(fact)}
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
    evidence = await gather(tx, row, approval_context)
    policy = approval_context.catalogue.by_id.get(row.tool) if approval_context.catalogue else None
    adds_up = policy is not None and policy.asks_about(CUSTOMER_SUM)
    return ActionView(
        company=company,
        row=row,
        evidence=evidence,
        requester=await _requester(tx, row),
        state=after_time(evidence.action, tx.at).value,  # a reader cannot write that time ran out
        at=tx.at,
        adds_up=adds_up,
        customer_sum=await aggregation.of_action(tx, row, seq, now=tx.at) if adds_up else None,
    )


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
            CUSTOMER_SUM: view.customer_sum,
        }
    return {
        "action_id": row.id,
        "tenant": view.company.code,
        "state": view.state,
        "tool": row.tool,
        "summary": row.summary,
        "effects": row.effects,
        "amount": amount,
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
        "counts": _counts(view.evidence.action, fact),
    }


# --- as text ---


def as_text(view: ActionView, words: Words) -> str:
    """The action for a person, in the order in which it should be read."""
    return "\n".join(
        [
            *_head(view, words),
            "",
            bold(f"{words['effects']}:"),
            *[f"  {n}. {effect(one)}" for n, one in enumerate(view.row.effects, start=1)],
            "",
            *_facts(view, words),
            "",
            f"{words['signatures']}:",
            *_signatures(view, words),
            "",
            f"{words['call']}:",
            f"  {view.row.tool}",
            *exact(view.row.args_json, "  "),
            *_claim(view, words),
        ]
    )


def as_lines(view: ActionView, words: Words, slot: str | None) -> str:
    """The action in a list: what, how long still, whose signature is missing."""
    row = view.row
    if view.state == "pending":
        missing = ", ".join(slot.name for slot in view.open_slots())
        where = f"{words['waits_for']}: {missing}"
        if slot is not None:
            where += f"; {words['your_slot']}: {slot}"
        until = f"{words['expires']} {instant(row.expires_at, view.company.zone)}"
        place = f"{until}; {where}"
    else:
        place = words.state(view.state)
    mark = [f"    {line}" for line in warnings(view, words)]
    title = f"{row.id}  {view.company.code}"
    return "\n".join([bold(title), *indented(row.summary, "    "), f"    {place}", *mark])


def result_lines(result: Mapping[str, Any]) -> list[str]:
    """What a tool answered when it was carried out: the outline, not every field of it."""
    lines: list[str] = []
    for key, value in result.items():
        if isinstance(value, Mapping):
            lines.append(f"  {one_line(key)}: {one_line(str(value.get('id', '')))}".rstrip())
        elif isinstance(value, list) and all(isinstance(item, Mapping) for item in value):
            lines += [f"  - {effect(item)}" for item in value]
        elif key != "untrusted_fields" and value is not None:
            lines.append(f"  {one_line(key)}: {shown(value)}")
    return lines


def _head(view: ActionView, words: Words) -> list[str]:
    lines = [bold(line) for line in indented(view.row.summary, "")]
    found = warnings(view, words)
    return [*lines, "", *found] if found else lines


def warnings(view: ActionView, words: Words) -> list[str]:
    """What should make whoever signs look twice, each a line."""
    standing = view.requester.standing
    warned = [warning(words["tainted"])] if view.row.taint else []
    return warned if standing == "good" else [*warned, warning(words[f"asker_{standing}"])]


def _facts(view: ActionView, words: Words) -> list[str]:
    row, zone = view.row, view.company.zone
    rows = [
        (words["company"], f"{one_line(view.company.name)} ({view.company.code})"),
        (words["about"], f"{row.entity_type} {row.entity_id}, {_version(row, words)}"),
        (words["amount"], _amount(row, words)),
        (words["together"], _together(view, words)),
        (words["asked_by"], _asked_by(view.requester, words)),
        (words["asked_at"], instant(row.created_at, zone)),
        (words["expires"], instant(row.expires_at, zone)),
        (words["state"], words.state(view.state)),
        (words["error"], row.error_code or ""),
        (words["policy"], f"{row.policy_version}:{row.policy_sha256[:12]}"),
    ]
    return table([(label, value) for label, value in rows if value])


def _version(row: PendingAction, words: Words) -> str:
    return f"{words['version']} {row.entity_version}"


def _amount(row: PendingAction, words: Words) -> str:
    if row.amount_minor is None or row.currency is None:
        return ""
    shown = money(row.amount_minor, row.currency, words.language)
    if row.amount_usd_minor is None:
        shown += f" ({words['usd_unknown']})"
    elif row.currency != "USD":
        shown += f" (≈ {money(row.amount_usd_minor, 'USD', words.language)})"
    return shown


def _together(view: ActionView, words: Words) -> str:
    """Why more people sign than this amount alone would need."""
    own, together = view.row.amount_usd_minor, view.customer_sum
    if not view.adds_up or own is None or together == own:
        return ""
    if together is None:
        return words["usd_unknown"]
    return f"≈ {money(together, 'USD', words.language)} ({words['with_this']})"


def _asked_by(requester: Requester, words: Words) -> str:
    person = f"{one_line(requester.person.display_name)} <{one_line(requester.person.email)}>"
    if requester.kind == "agent":
        return f"{words['agent']} {one_line(requester.name)}, {words['for']} {person}"
    return f"{words['person']} {person}"


def _signatures(view: ActionView, words: Words) -> list[str]:
    missing = {slot.name for slot in view.open_slots()}
    lines = []
    for slot in view.evidence.action.slots:
        label = f"  {slot.name} ({'|'.join(sorted(slot.roles))}):"
        if slot.name in missing:
            lines.append(f"{label} {words['open']}")
        lines += [
            f"{label} {_decision(view, one, fact, words)}"
            for one, fact in zip(view.evidence.rows, view.evidence.approvals, strict=True)
            if one.slot == slot.name
        ]
    return lines


def _decision(view: ActionView, one: Approval, fact: ApprovalFact, words: Words) -> str:
    person = view.evidence.people[one.person_id]
    verb = words["signed_by" if fact.decision is Decision.APPROVE else "rejected_by"]
    shown = (
        f"{verb} {one_line(person.display_name)} <{one_line(person.email)}>"
        f" {instant(one.at, view.company.zone)}"
    )
    if one.reason:
        shown += f": “{one_line(one.reason)}”"
    if not _counts(view.evidence.action, fact):
        shown += f" [{words['does_not_count']}]"
    return shown


def _claim(view: ActionView, words: Words) -> list[str]:
    """Last, labelled and behind a margin: nothing an agent writes looks like our words."""
    if not view.row.claim:
        return []
    return ["", f"{words['claim']}:", *indented(f"“{view.row.claim}”", "  > ")]


def _says_yes(fact: ApprovalFact) -> bool:
    return fact.decision is Decision.APPROVE


def _counts(action: ActionFact, fact: ApprovalFact) -> bool:
    """Whether a decision would still be accepted: signature, key, person and role."""
    roles: Mapping[str, frozenset[str]] = {slot.name: slot.roles for slot in action.slots}
    entitled = bool(fact.roles_now & roles.get(fact.slot, frozenset()))
    return fact.valid_signature and fact.key_ok_now and fact.active_now and entitled
