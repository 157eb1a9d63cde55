"""View of an action: how does an agent see an action that waits for people?"""

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from pydantic import Field

from domain.approvals import queries
from domain.approvals.facts import ActionFact, Slot, State
from domain.approvals.machine import self_rule_kept
from domain.approvals.service import action_fact, standing
from domain.approvals.shape import corrupt
from domain.approvals.tables import Approval, PendingAction
from domain.dispatches import queries as dispatches
from domain.identity import queries as identity
from domain.identity.queries import PersonIdentity
from domain.kernel.clock import instant
from policies.gate.answers import SlotView
from policies.gate.contract import About, Call, wire_name
from tools.shapes import View

_SHOWN = {"leased": "waiting"}  # who works on it is nothing that an agent has to know
_NEXT = {
    "pending": "wait: people decide; look again with approvals_get and wait_seconds",
    "approved": "wait: it is about to be carried out",
    "executing": "wait: it is being carried out",
    "unknown": "wait: people are finding out what happened; do not propose it again",
    "handed over": "wait: the other side has it and will answer; do not propose it again",
    "succeeded": "done: result holds what happened",
    "failed": "nothing was done; error_code says why; propose it again if still wanted",
    "rejected": "people said no; read the reason before proposing anything similar",
    "expired": "nobody decided in time; propose it again if still wanted",
    "cancelled": "it was taken back",
    "stale": "what it was about has changed; read it again, and propose it anew if still wanted",
    "superseded": "a newer request of yours took its place: follow that one",
}


class DecisionView(View):
    """One person's yes or no."""

    slot: str
    decision: str
    by: str
    at: datetime
    reason: str | None = None


class DispatchView(View):
    """Something that follows outside, and how far it is: waiting, done, failed or unknown."""

    kind: str
    state: str
    error_code: str | None = None


class ActionLine(View):
    """An action of yours, where it stands, and what to do next."""

    action_id: str
    tool: str
    state: str
    summary: str
    slots: list[SlotView]
    expires_at: datetime
    next: str
    untrusted_fields: list[str] = Field(default_factory=list)

    leads = ("action_id", "tool", "state")

    @property
    def settled(self) -> bool:
        """Whether nothing will change any more."""
        return self.state in {"succeeded", "failed", "rejected", "expired", "cancelled", "stale"}

    def text(self) -> str:
        """What it is and where it stands; who signs until when; the next step."""
        said = ("action_id", "state", "summary", "slots", "expires_at", "next", "tool")
        slots = "; ".join(slot.text() for slot in self.slots)
        return self.telling(
            f"{self.action_id} {self.state}: {self.summary}",
            f"{self.tool}, until {instant(self.expires_at, self.clock())}, signatures: {slots}",
            but=said,
            then=(f"Next: {self.next}.",),
        )

    def about(self) -> About:
        """The pending action."""
        return About("pending_action", self.action_id)


class ActionDetail(ActionLine):
    """The same with who decided what, and what came of it."""

    decisions: list[DecisionView]
    created_at: datetime
    result: dict[str, Any] | None = None
    error_code: str | None = None
    awaits_answer: bool | None = None
    dispatches: list[DispatchView] | None = None
    supersedes: list[str] | None = Field(
        default=None, description="Earlier requests of yours whose place it took."
    )
    superseded_by: str | None = None

    @property
    def line(self) -> ActionLine:
        """Without the details."""
        shown = {name: getattr(self, name) for name in ActionLine.model_fields}
        return ActionLine(**{**shown, "untrusted_fields": ["/summary"]})


async def action_view(call: Call, row: PendingAction) -> ActionDetail:
    """One action with its decisions; ACTION_DAMAGED if one of these cannot be read."""
    views, broken = await action_views(call, [row])
    if broken:
        raise corrupt(row.id)
    replaced = [one.id for one in await queries.superseded_by(call.tx, row)]
    view = views[0].model_copy(
        update={
            "supersedes": replaced or None,
            "superseded_by": await queries.successor(call.tx, row),
        }
    )
    if row.state != "succeeded":
        return view
    following = [
        DispatchView(
            kind=one.kind, state=_SHOWN.get(one.state, one.state), error_code=one.error_code
        )
        for one in await dispatches.of_action(call.tx, row.id)
    ]
    return view.model_copy(update={"dispatches": following or None})


async def action_views(
    call: Call, rows: list[PendingAction]
) -> tuple[list[ActionDetail], list[str]]:
    """The actions with their decisions, in four statements whatever their number.

    And the ids of those whose decisions cannot be read.
    """
    decided, broken = await queries.decisions(call.tx, [row.id for row in rows])
    wanted = {role for row in rows for slot in row.slots for role in slot["roles"]}
    able = await identity.holders(call.tx, wanted)
    people = await identity.people(call.tx, able | {one.person_id for one in decided})
    states = await standing(call.tx, rows)
    views = [
        _view(row, states[row.id], [one for one in decided if one.action_id == row.id], people)
        for row in rows
        if row.id not in broken
    ]
    return views, broken


def _view(
    row: PendingAction,
    state: State,
    decided: list[Approval],
    people: Mapping[str, PersonIdentity],
) -> ActionDetail:
    fact = action_fact(row)
    waits = state is State.PENDING
    filled = {one.slot for one in decided if one.decision == "approve"}
    reasons = [f"/decisions/{n}/reason" for n, one in enumerate(decided) if one.reason]
    return ActionDetail(
        action_id=row.id,
        tool=wire_name(row.tool),
        state=state.value,
        summary=row.summary,
        slots=[
            SlotView(
                slot=row_slot["slot"],
                roles=row_slot["roles"],
                filled=slot.name in filled,
                people=_who(fact, slot, people) if waits and slot.name not in filled else None,
            )
            for row_slot, slot in zip(row.slots, fact.slots, strict=True)
        ],
        decisions=[
            DecisionView(
                slot=one.slot,
                decision=one.decision,
                by=people[one.person_id].display_name if one.person_id in people else "",
                at=one.at,
                reason=one.reason,
            )
            for one in decided
        ],
        created_at=row.created_at,
        expires_at=row.expires_at,
        result=row.result,
        error_code=row.error_code,
        awaits_answer=_handed_over(row, state) or None,
        next=_NEXT[_step(row, state)],
        untrusted_fields=["/summary", *reasons],
    )


def _handed_over(row: PendingAction, state: State) -> bool:
    return state is State.UNKNOWN and row.provider_ref is not None


def _step(row: PendingAction, state: State) -> str:
    if _handed_over(row, state):
        return "handed over"
    return "superseded" if row.error_code == queries.SUPERSEDED else state.value


def _who(fact: ActionFact, slot: Slot, people: Mapping[str, PersonIdentity]) -> list[str] | None:
    """Who may fill a slot now, by name: whoever is here, has a role of it, and did not ask."""
    return [
        person.display_name
        for person in people.values()
        if person.active
        and not person.roles.isdisjoint(slot.roles)
        and self_rule_kept(fact, slot, person.id)
    ] or None
