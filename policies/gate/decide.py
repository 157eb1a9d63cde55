"""Policy decision: may this call go on? Pure, total, and asked before anything is touched."""

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum

from policies.gate.catalogue import Confirm, Effect, Escalation, Predicate, Slot, ToolPolicy

TAINTED_ASSURANCE = 3


class Verdict(StrEnum):
    """The three answers."""

    ALLOW = "allow"
    DENY = "deny"
    NEEDS_PEOPLE = "needs_people"


@dataclass(frozen=True, slots=True)
class PolicyDecision:
    """The answer and, where people are needed, who and how surely."""

    verdict: Verdict
    code: str = ""
    slots: tuple[Slot, ...] = ()
    self_rule: str = "never"
    assurance: int = 0


Facts = Mapping[str, int | str | bool | None]


def admit(row: ToolPolicy | None, *, scopes: frozenset[str], read_only: bool) -> PolicyDecision:
    """The first question, before arguments are read: is this tool there for this caller?"""
    if row is None:
        return PolicyDecision(Verdict.DENY, "UNKNOWN_TOOL")
    if row.scope not in scopes:
        return PolicyDecision(Verdict.DENY, "SCOPE_MISSING")
    if read_only and row.effect is not Effect.READ:
        return PolicyDecision(Verdict.DENY, "READ_ONLY_MODE")
    return PolicyDecision(Verdict.ALLOW)


def weigh(row: ToolPolicy, facts: Facts, *, tainted: bool) -> PolicyDecision:
    """The second question, with the computed fields: go on, stop, or ask whom?"""
    if any(holds(predicate, facts) for predicate in row.deny):
        return PolicyDecision(Verdict.DENY, "POLICY_DENIED")
    if row.confirm is Confirm.NEVER:
        return PolicyDecision(Verdict.ALLOW)
    if row.confirm is Confirm.PREDICATE and not any(holds(p, facts) for p in row.ask):
        return PolicyDecision(Verdict.ALLOW)
    further = [slot for step in row.escalate if escalates(step, facts) for slot in step.slots]
    assurance = max(row.assurance, TAINTED_ASSURANCE) if tainted else row.assurance
    return PolicyDecision(Verdict.NEEDS_PEOPLE, "", (*row.slots, *further), row.self, assurance)


def escalates(step: Escalation, facts: Facts) -> bool:
    """Whether one of the limits is passed."""
    return any(holds(predicate, facts) for predicate in step.when)


def holds(predicate: Predicate, facts: Facts) -> bool:
    """Whether the comparison is true. What is unknown, or no whole number, is the worst case."""
    value = facts.get(predicate.field)
    if not isinstance(value, int):
        return True
    match predicate.op:
        case ">":
            return value > predicate.value
        case ">=":
            return value >= predicate.value
        case "==":
            return value == predicate.value
        case "<":
            return value < predicate.value
        case _:
            return value <= predicate.value
