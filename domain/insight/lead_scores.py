"""Lead scores: open deals are scored every night, and the score that is in force is shown."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta, tzinfo
from typing import Any

from domain.activities import latest as activities
from domain.deals import reviews
from domain.deals import service as deal_service
from domain.deals.cards import DealCard
from domain.deals.reviews import Reviewed
from domain.fx.service import USD
from domain.fx.snapshot import Snapshot, snapshot
from domain.insight import lead_score_queries as queries
from domain.insight.lead_score_rules import (
    OpenDealFacts,
    Past,
    Reason,
    Score,
    pasts,
    score,
    usual_amount,
)
from domain.insight.tables import LeadScore
from domain.store.tx import Tx
from domain.store.visibility import Viewer

JOB = "lead_scores"


@dataclass(frozen=True, slots=True)
class ScoredDeal:
    """A deal that the viewer sees, with the score in force; None until the next night."""

    deal: Reviewed
    score: LeadScore | None


@dataclass(frozen=True, slots=True)
class Scores:
    """Deals with their scores, best first, and the last night that was scored."""

    deals: list[ScoredDeal]
    night: date | None


async def score_open(tx: Tx, on: date, zone: tzinfo) -> int:
    """Score every open deal as of this day in a zone; how many scores are new or changed.

    A score that did not change is not written again: the row before it stays in force.
    """
    rates = await snapshot(tx, on)
    open_deals = await reviews.reviewed(tx, *reviews.still_open())
    # What ended today may have a score of today: only what had ended before is known.
    ended = await reviews.reviewed(tx, *reviews.ended(until=on - timedelta(days=1)))
    past = pasts((deal, _usd(rates, deal)) for deal in ended)
    usual = {workspace_id: usual_amount(one) for workspace_id, one in past.items()}
    touched = await _last_contacts(tx)
    before = {
        one.deal_id: one
        for one in await queries.in_force(tx, reviews.ids_of(*reviews.still_open()))
    }
    written = 0
    for deal in open_deals:
        contacts = [touched[id] for id in (deal.id, deal.account_id) if id in touched]
        present = OpenDealFacts(
            account_id=deal.account_id,
            industry=deal.industry,
            on=on,
            created_on=deal.created_at.astimezone(zone).date(),
            contact_on=max(contacts).astimezone(zone).date() if contacts else None,
            usd_minor=_usd(rates, deal),
            usual_usd_minor=usual.get(deal.workspace_id),
        )
        row = _row(tx, deal, on, score(present, past.get(deal.workspace_id, Past())))
        old = before.get(deal.id)
        if old is not None and (old.scored_on >= on or _same(old, row)):
            continue
        tx.add(row)
        written += 1
    await tx.flush()
    return written


async def shown(
    tx: Tx, viewer: Viewer, *, deal_id: str | None = None, pipeline_id: str | None = None
) -> Scores:
    """Open deals of the viewer's workspaces with their scores, best first, unscored ones last.

    A score speaks of how deals of its workspace ended, so it is for the people of the workspace:
    whoever sees a deal of another one, because it is shared, sees it without a score.

    Raises NOT_FOUND for a deal that does not exist for the viewer.
    """
    if deal_id is not None:
        await deal_service.load(tx, deal_id, viewer)
    chosen = reviews.still_open(pipeline_id=pipeline_id, deal_id=deal_id)
    with tx.looking_as(viewer):
        deals = await reviews.reviewed(tx, *chosen)
        scores = {one.deal_id: one for one in await queries.in_force(tx, reviews.ids_of(*chosen))}
    found = [
        ScoredDeal(deal, scores.get(deal.id) if deal.workspace_id in viewer.workspace_ids else None)
        for deal in deals
    ]
    found.sort(key=lambda one: (one.score is None, -(one.score.score if one.score else 0)))
    return Scores(found, await queries.last_night(tx, JOB))


async def of_deal(tx: Tx, viewer: Viewer, deal: DealCard) -> LeadScore | None:
    """The score in force of an open deal that the viewer sees; for their workspaces, as above."""
    if deal.status != "open" or deal.workspace_id not in viewer.workspace_ids:
        return None
    chosen = reviews.still_open(deal_id=deal.id)
    with tx.looking_as(viewer):
        return next(iter(await queries.in_force(tx, reviews.ids_of(*chosen))), None)


async def _last_contacts(tx: Tx) -> dict[str, datetime]:
    """When somebody was in touch about a deal, or with an account about no deal, by their ids."""
    found: dict[str, datetime] = {}
    about_deals: Sequence[Any] = await activities.contacts(
        tx, reviews.ids_of(*reviews.still_open())
    )
    pairs = [(row.deal_id, row.occurred_at) for row in about_deals]
    pairs += [
        (row.account_id, row.occurred_at) for row in await activities.contacts_of_accounts(tx)
    ]
    for id, at in pairs:
        found[id] = max(at, found.get(id, at))
    return found


def _usd(rates: Snapshot, deal: Reviewed) -> int | None:
    return rates.minor(deal.amount_minor, deal.currency, USD)


def _row(tx: Tx, deal: Reviewed, on: date, made: Score) -> LeadScore:
    return LeadScore(
        deal_id=deal.id,
        scored_on=on,
        computed_at=tx.at,
        base=made.base,
        score=made.score,
        band=made.band.value,
        history=made.history.value,
        reasons=[_told(reason) for reason in made.reasons],
    )


def _told(reason: Reason) -> dict[str, Any]:
    facts = {name: value for name, value in reason._asdict().items() if value is not None}
    if reason.contact_on is not None:
        facts["contact_on"] = reason.contact_on.isoformat()
    return facts


def _same(old: LeadScore, new: LeadScore) -> bool:
    return (old.score, old.history, old.reasons) == (new.score, new.history, new.reasons)
