"""Queries of lead scores: which do deals have, and which did they have when they ended?"""

from collections.abc import Sequence
from datetime import date

from sqlalchemy import Select, and_, func, select

from domain.insight.tables import LeadScore, NightlyRun
from domain.store.tx import Tx


async def in_force(tx: Tx, deal_ids: "Select[str]") -> Sequence[LeadScore]:
    """The latest score of each of these deals, best first."""
    latest = (
        select(LeadScore.deal_id, func.max(LeadScore.scored_on).label("scored_on"))
        .where(LeadScore.deal_id.in_(deal_ids))
        .group_by(LeadScore.deal_id)
        .subquery()
    )
    same = and_(latest.c.deal_id == LeadScore.deal_id, latest.c.scored_on == LeadScore.scored_on)
    return await tx.all(
        select(LeadScore).join(latest, same).order_by(LeadScore.score.desc(), LeadScore.deal_id)
    )


async def all_of(tx: Tx, deal_ids: "Select[str]") -> Sequence[LeadScore]:
    """Every score these deals ever had, in the order of the days."""
    return await tx.all(
        select(LeadScore)
        .where(LeadScore.deal_id.in_(deal_ids))
        .order_by(LeadScore.scored_on, LeadScore.deal_id)
    )


async def last_night(tx: Tx, job: str) -> date | None:
    """The last day for which a nightly job was done."""
    return await tx.first(select(func.max(NightlyRun.day)).where(NightlyRun.job == job))
