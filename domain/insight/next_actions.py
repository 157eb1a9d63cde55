"""Next actions: suggestions made while they are asked for, dismissed, and acted on."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta, tzinfo

from sqlalchemy import ColumnElement

from domain.activities import latest as activities
from domain.contacts import queries as contacts
from domain.deals import queries as deals
from domain.deals import reviews
from domain.deals import service as deal_service
from domain.fx.snapshot import snapshot
from domain.insight import next_action_queries as queries
from domain.insight.next_actions_rules import (
    COLLECT_FOR_DAYS,
    LIVES,
    DealEvent,
    DealSituation,
    NextStep,
    Suggestion,
    best_of_each,
    ranked,
    stake,
    suggestions,
)
from domain.insight.tables import DismissedAction, SuggestedAction
from domain.kernel.faults import Fault, Kind
from domain.kernel.ids import new_id
from domain.payments import queries as payments
from domain.store import audit_queries, outbox
from domain.store.tx import Tx
from domain.store.visibility import Viewer
from domain.tasks import queries as tasks
from domain.tasks.queries import NEXT_ACTION

_VND = "VND"


@dataclass(frozen=True, slots=True)
class Proposed:
    """What is proposed, most at stake first; `deals` were looked at.

    `unrated` are currencies without a known rate: what is in them was ranked by its rule alone.
    """

    actions: list[Suggestion]
    deals: int
    unrated: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Acceptance:
    """What became of the suggestions of a time, by their ids."""

    suggested: tuple[str, ...]
    accepted: tuple[str, ...]
    dismissed: tuple[str, ...]


async def propose(
    tx: Tx, viewer: Viewer | None, *, on: date, deal_id: str | None = None
) -> Proposed:
    """Everything that should be done about the deals a viewer sees, whatever their number.

    Without a viewer, about those that whoever began the transaction sees: at night all.
    Raises NOT_FOUND for a deal that does not exist for the viewer.
    """
    if deal_id is not None:
        assert viewer is not None
        await deal_service.load(tx, deal_id, viewer)
    with tx.looking_as(viewer or tx.viewer):
        situations, acted_on = await _situations(tx, on, _reviewed(on, deal_id))
        away = {(row.deal_id, row.proposal_id) for row in await queries.dismissed(tx)}
    gone = away | acted_on
    deals_with_gone = {id for id, _ in gone}
    found = [
        one
        for situation in situations
        for one in suggestions(situation, tx.at, on)
        if one.deal.id not in deals_with_gone or (one.deal.id, one.id) not in gone
    ]
    unrated = {one.deal.currency for one in found if one.vnd_minor is None}
    return Proposed(ranked(found), len(situations), tuple(sorted(unrated)))


async def standing(
    tx: Tx, viewer: Viewer, proposal_id: str, *, on: date, deal_id: str | None = None
) -> Suggestion:
    """The proposal of this id, about this deal if one is named, as long as it stands.

    Raises NOT_FOUND, also for the deal.
    """
    made = (await propose(tx, viewer, on=on, deal_id=deal_id)).actions
    wanted = next((one for one in made if one.id == proposal_id), None)
    if wanted is None:
        raise Fault(
            "NOT_FOUND",
            Kind.NOT_FOUND,
            "There is no such proposal now.",
            "Ask {next_actions} again; a proposal goes when its reason does.",
        )
    return wanted


async def dismiss(
    tx: Tx, viewer: Viewer, proposal_id: str, *, on: date, reason: str, days: int, by: str
) -> DismissedAction:
    """Keep a proposal away for some days, or until its reason changes. Again is no change.

    Raises NOT_FOUND for a proposal that does not stand for this viewer.
    """
    with tx.looking_as(viewer):
        there = await queries.dismissal(tx, proposal_id, reviews.ids_of(*_reviewed(on)))
    if there is not None:
        return there
    wanted = await standing(tx, viewer, proposal_id, on=on)
    row = DismissedAction(
        id=new_id(),
        proposal_id=wanted.id,
        deal_id=wanted.deal.id,
        rule=wanted.rule.value,
        reason=reason,
        dismissed_by=by,
        dismissed_at=tx.at,
        until=tx.at + timedelta(days=days),
    )
    tx.add(row)
    await tx.flush()
    outbox.emit(tx, "action.dismissed", proposal_id=row.proposal_id, deal_id=row.deal_id)
    return row


async def record_standing(tx: Tx, on: date) -> int:
    """Write down the best suggestion of every deal as it stands this night; how many were new.

    Nobody is shown anything here: it is what acceptance is counted against later.
    """
    best = best_of_each((await propose(tx, None, on=on)).actions)
    known = await queries.known(tx, reviews.ids_of(*_reviewed(on)))
    new = [one for one in best if one.id not in known]
    for one in new:
        tx.add(
            SuggestedAction(
                id=one.id,
                deal_id=one.deal.id,
                rule=one.rule.value,
                step=one.step.value,
                suggested_at=tx.at,
                expires_at=tx.at + LIVES,
            )
        )
    await tx.flush()
    return len(new)


async def record_night(tx: Tx, day: date, _zone: tzinfo) -> int:
    """The nightly job of `record_standing`."""
    return await record_standing(tx, day)


async def acceptance(
    tx: Tx, viewer: Viewer, *, since: datetime, events: Mapping[NextStep, str]
) -> Acceptance:
    """What became of the suggestions about deals this viewer sees, from an instant on.

    Accepted means provably acted on before it expired: the audit chain has the event of the
    proposed step about the deal, or a task of that deal was created that follows the suggestion.
    """
    seen = deals.visible_ids()
    with tx.looking_as(viewer):
        suggested = await queries.suggested(tx, seen, since=since)
        proposed = {events[NextStep(one.step)] for one in suggested}
        calls = await audit_queries.calls_about(tx, proposed, seen, since=since)
        planned: dict[tuple[str, str | None], list[datetime]] = {}
        for task in await tasks.asked_for_by(tx, NEXT_ACTION, seen):
            planned.setdefault((task.deal_id, task.source_event_id), []).append(task.created_at)
        refused = await queries.dismissals(tx, seen, since=since)
    called: dict[tuple[str, str], list[datetime]] = {}
    for call in calls:
        called.setdefault((call.event, call.object), []).append(call.at)

    def acted_on(one: SuggestedAction) -> bool:
        times = [*called.get((events[NextStep(one.step)], one.deal_id), ())]
        times += planned.get((one.deal_id, one.id), ())
        return any(one.suggested_at <= at <= one.expires_at for at in times)

    accepted = tuple(one.id for one in suggested if acted_on(one))
    dismissed = {one.proposal_id for one in refused}
    everything = dict.fromkeys([*(one.id for one in suggested), *sorted(dismissed)])
    return Acceptance(tuple(everything), accepted, tuple(sorted(dismissed - set(accepted))))


def _reviewed(on: date, deal_id: str | None = None) -> tuple[ColumnElement[bool], ...]:
    """The deals that something may have to be done about."""
    since = on - timedelta(days=COLLECT_FOR_DAYS)
    return reviews.open_or_won(won_since=since, deal_id=deal_id)


async def _situations(
    tx: Tx, on: date, chosen: Sequence[ColumnElement[bool]]
) -> tuple[list[DealSituation], set[tuple[str, str]]]:
    """The deals as the rules see them, and (deal, suggestion) where an open task follows it."""
    ids = reviews.ids_of(*chosen)
    rates = await snapshot(tx, on)
    primaries = await contacts.primaries(tx)
    asked = await payments.asked_to_pay(tx, ids)
    contacted: dict[str, DealEvent] = {}
    mailed: dict[str, DealEvent] = {}
    for row in await activities.contacts(tx, ids):
        event = DealEvent(row.id, row.occurred_at)
        if row.kind == "email":
            mailed[row.deal_id] = event
        before = contacted.get(row.deal_id)
        if before is None or (before.at, before.id) < (event.at, event.id):
            contacted[row.deal_id] = event
    planned: set[str] = set()
    acted_on: set[tuple[str, str]] = set()
    for row in await tasks.open_of_deals(tx, ids):
        planned.add(row.deal_id)
        if row.source == NEXT_ACTION:
            acted_on.add((row.deal_id, row.source_event_id))
    found = [
        DealSituation(
            deal=deal,
            contact=contacted.get(deal.id),
            mail=mailed.get(deal.id),
            is_planned=deal.id in planned,
            account_contact_id=primaries.get(deal.account_id),
            asked_to_pay=deal.id in asked,
            vnd_minor=rates.minor(stake(deal), deal.currency, _VND),
        )
        for deal in await reviews.reviewed(tx, *chosen)
    ]
    return found, acted_on
