"""Refusals: how is a no about an action worded, and where does the action go because of it?"""

from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Final

from domain.approvals.facts import State
from domain.kernel.faults import Fault, Kind


@dataclass(eq=False)
class Refusal(Fault):
    """A guard said no. `target` is the state the action belongs in now; None leaves it alone.

    The caller moves the row to `target`, commits that, and answers with the fault.
    """

    target: State | None = None


# code: what the caller can do, what is wrong, the next useful step
WORDS: Final[Mapping[str, tuple[Kind, str, str]]] = MappingProxyType(
    {
        "ACTION_CANCELLED": (
            Kind.CONFLICT,
            "The action was cancelled.",
            "Propose it again if it is still wanted.",
        ),
        "ACTION_CONFLICT": (
            Kind.CONFLICT,
            "The action has moved on meanwhile; it is {state} now.",
            "Read it again.",
        ),
        "ACTION_EXPIRED": (
            Kind.CONFLICT,
            "The action has expired.",
            "Propose it again; new approvals are needed.",
        ),
        "ACTION_NOT_PENDING": (
            Kind.CONFLICT,
            "The action is already {state}.",
            "Read it again; if it is still wanted, propose it anew.",
        ),
        "ACTION_POSTDATED": (
            Kind.CONFLICT,
            "The action was asked for at a time that is still to come.",
            "Set the clocks of the agent's machine and of this one right; then propose it again.",
        ),
        "ACTION_REJECTED": (
            Kind.CONFLICT,
            "The action was rejected.",
            "Read the reason, change what is wrong, and propose it anew.",
        ),
        "AGENT_CANNOT_APPROVE": (
            Kind.FORBIDDEN,
            "Only people decide on actions.",
            "Ask a person to open the inbox.",
        ),
        "ALREADY_DECIDED": (
            Kind.CONFLICT,
            "This person has already decided on this action.",
            "One person decides once, whatever their roles and keys; somebody else must go on.",
        ),
        "ALREADY_RESOLVED": (
            Kind.CONFLICT,
            "Somebody has already said what became of this action.",
            "Read it again; a worker writes the end of it down.",
        ),
        "APPROVER_KEY_REVOKED": (
            Kind.FORBIDDEN,
            "This key has been revoked.",
            "Sign with another enrolled key.",
        ),
        "APPROVER_KEY_UNKNOWN": (
            Kind.FORBIDDEN,
            "This key is not enrolled for this person, or nobody has vouched for it.",
            "Enrol the key and have it endorsed.",
        ),
        "ASSURANCE_TOO_LOW": (
            Kind.FORBIDDEN,
            "This action needs assurance A{need}; this is A{have}.",
            "Sign with a stronger means, such as a key of your own.",
        ),
        "EFFECT_UNKNOWN": (
            Kind.CONFLICT,
            "The action was sent and nobody knows yet what became of it.",
            "Ask the provider; until its settle window is over a second try may act twice.",
        ),
        "ENTITY_CHANGED": (
            Kind.CONFLICT,
            "What the action is about has changed since it was proposed.",
            "Read it again and propose the action anew.",
        ),
        "INVALID_ARGS": (
            Kind.INVALID,
            "The action has no slot of that name.",
            "Use one of these slots: {slots}.",
        ),
        "NOT_APPROVED": (
            Kind.CONFLICT,
            "The action is {state}, not approved.",
            "People must fill the open slots first.",
        ),
        "POLICY_CHANGED": (
            Kind.CONFLICT,
            "More signatures are needed now than when the action was proposed.",
            "Propose it again: the policy changed, or more is asked about the same customer.",
        ),
        "POLICY_DENIED": (
            Kind.FORBIDDEN,
            "Only who asked for this action, or one of its approvers, may take it back.",
            "Ask one of them.",
        ),
        "POLICY_UNAVAILABLE": (
            Kind.UNAVAILABLE,
            "The policy in force cannot be read, so nothing is approved or carried out.",
            "Try again later.",
        ),
        "QUORUM_NOT_MET": (
            Kind.CONFLICT,
            "The approvals of this action no longer fill every slot.",
            "Somebody lost a role or a key, or a signature is not genuine; propose it again.",
        ),
        "ROLE_NOT_ELIGIBLE": (
            Kind.FORBIDDEN,
            "This person does not hold a role that may decide here.",
            "Ask somebody who does.",
        ),
        "SELF_APPROVAL": (
            Kind.FORBIDDEN,
            "Whoever asked for this action may not fill this slot.",
            "Another person with the role must approve.",
        ),
        "SLOT_FILLED": (
            Kind.CONFLICT,
            "Somebody else has filled this slot.",
            "Read the action again to see which slots are open.",
        ),
    }
)


def refusal(code: str, target: State | None = None, **facts: str | int) -> Refusal:
    """The refusal of that code, ready to raise; `facts` fill the words and travel with it."""
    kind, message, hint = WORDS[code]
    return Refusal(code, kind, message.format(**facts), hint.format(**facts), facts, target)
