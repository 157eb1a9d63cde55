"""Audit laws of engagements: did people allow every one, and every rate that time was worked at?

One with a deal was made by the closing of the deal; one without was set by people, or was there
before the first agent. How each is set now is what the effects say that the last action about it
was signed for, whatever private value was erased.
"""

from collections.abc import Mapping, Sequence
from typing import Any

from sqlalchemy import and_, exists, func, or_, select

from domain.engagements.events import EngagementBegun
from domain.engagements.on_won import KIND
from domain.engagements.tables import Engagement, EngagementRate, TimeEntry
from domain.identity.events import AgentAdded
from domain.kernel.canonical import LARGEST_INTEGER
from domain.store.audit_claims import entries_of
from domain.store.audit_laws import Approved, CarriedOut, Written, last_written, pages, sealed_with
from domain.store.audit_report import Report
from domain.store.references import referred
from domain.store.tx import Tx

_CLOSE, _SET = "deal.close", "engagement.set"
_WON = "won"
_SHOWN = 100
_DEAL = referred("deal", "account_id", by=Engagement.deal_id)
_ROW = (
    *(Engagement.id, Engagement.account_id, Engagement.deal_id, Engagement.code, Engagement.title),
    *(Engagement.amount_minor, Engagement.currency, Engagement.billing_mode, Engagement.status),
    *(Engagement.vat_category, Engagement.vat_evidence, Engagement.card, Engagement.version),
    _DEAL.columns.account_id.label("of_deal"),
)
_ROWS = select(*_ROW).outerjoin(_DEAL.table, _DEAL.condition)


async def allowed_by_people(tx: Tx, report: Report, approved: Approved) -> None:
    """Every engagement is there, and is set as it is, because people allowed it."""
    early, _ = await _before_agents(tx)
    async for page in pages(tx, _ROWS, Engagement.id):
        ids = [row.id for row in page]
        closings = await approved.about(_CLOSE, [row.deal_id for row in page if row.deal_id])
        settings = await approved.about(_SET, ids)
        written = await last_written(tx, Engagement, ids)
        cards = await _cards(tx, page)
        for row in page:
            closing, action = closings.get(row.deal_id), settings.get(row.id)
            _check_born(report, row, closing, action, row.id in early)
            _check_written(report, row, written.get(row.id), action or closing)
            if closing is not None and closing.arguments.get("outcome") == _WON:
                _check_won(report, row, closing)
            _check_set(report, row, cards.get(row.id, []), action)


def _check_born(
    report: Report,
    row: Any,
    closing: CarriedOut | None,
    setting: CarriedOut | None,
    is_early: bool,
) -> None:
    place = f"engagement {row.id}"
    if row.deal_id is not None:
        if closing is None or closing.arguments.get("outcome") != _WON:
            report.found(place, "is there, and nobody allowed that its deal was won")
    elif setting is None and not is_early:
        report.found(place, "was set without an approval that was carried out")


def _check_written(
    report: Report, row: Any, written: Written | None, made_by: CarriedOut | None
) -> None:
    if written is not None and made_by is not None and not written.is_effect_of(made_by):
        by = "the last action about it" if row.version > 1 else "its deal's action"
        what = f"was written by entry {written.seq}, and not by {by}"
        report.found(f"engagement {row.id}", what)


def _check_won(report: Report, row: Any, closing: CarriedOut) -> None:
    """What was made of a won deal is for its customer, and worth what people signed for."""
    signed = closing.effect(KIND)
    others = [name for name in ("title", "billing_mode", "currency") if _other(signed, name, row)]
    if signed.get("amount_minor") != str(row.amount_minor):
        others.append("amount_minor")
    if row.account_id != row.of_deal:
        others.append("account_id")
    if others:
        what = f"was won with another {', '.join(others)}, by action {closing.action_id}"
        report.found(f"engagement {row.id}", what)


def _check_set(report: Report, row: Any, card: Sequence[Any], setting: CarriedOut | None) -> None:
    place = f"engagement {row.id}"
    if setting is None:
        if row.version > 1:
            report.found(place, "was changed without an approval that was carried out")
        return
    allowed: Mapping[str, Any] = setting.effect("engagement").get("after", {})
    names = ("code", "account_id", "currency", "billing_mode", "status", "vat_category")
    others = [name for name in names if _other(allowed, name, row)]
    if allowed.get("evidence") != row.vat_evidence:
        others.append("vat_evidence")
    if allowed.get("rates") != card:
        others.append("rates")
    if others:
        report.found(place, f"was allowed with another {', '.join(others)}")


def _other(signed: Mapping[str, Any], name: str, row: Any) -> bool:
    return bool(signed.get(name) != getattr(row, name))


async def rates_were_allowed(tx: Tx, report: Report, approved: Approved) -> None:
    """Every line of every rate card, old ones too, stands among what people signed for."""
    early, provisioned = await _before_agents(tx)
    lines = select(
        EngagementRate.id,
        EngagementRate.engagement_id,
        EngagementRate.role,
        EngagementRate.phase,
        EngagementRate.rate_minor,
    )
    async for page in pages(tx, lines, EngagementRate.id):
        written = await last_written(tx, EngagementRate, [row.id for row in page])
        actions = await approved.among(one.action_id for one in written.values() if one.action_id)
        for row in page:
            entry = written.get(row.id)
            if entry is None:
                continue  # that no entry tells of it is said where rows are compared
            action = actions.get(entry.action_id or "") if entry.is_effect else None
            of_it = action is not None and action.entity_id == row.engagement_id
            allowed = action.effect("engagement").get("after", {}) if action and of_it else {}
            is_early = row.engagement_id in early and entry.seq <= provisioned
            if not is_early and _line(row) not in allowed.get("rates", []):
                report.found(f"engagement {row.engagement_id}", f"nobody allowed rate {row.id}")


async def won_deals_have_one(tx: Tx, report: Report, approved: Approved) -> None:
    """A deal that people won has an engagement."""
    async for page in approved.carried_out(_CLOSE):
        won = [each for each in page if each.arguments.get("outcome") == _WON]
        deal_ids = [each.entity_id for each in won]
        there = await tx.all(select(Engagement.deal_id).where(Engagement.deal_id.in_(deal_ids)))
        for each in won:
            if each.entity_id not in there:
                what = f"was won by action {each.action_id}, and has no engagement"
                report.found(f"deal {each.entity_id}", what)


async def time_has_a_rate_of_a_card(tx: Tx, report: Report, _: Approved) -> None:
    """No time is billed at a rate that was on none of the engagement's cards."""
    on_a_card = exists().where(
        EngagementRate.tenant_id == TimeEntry.tenant_id,
        EngagementRate.engagement_id == TimeEntry.engagement_id,
        EngagementRate.role == TimeEntry.role,
        or_(EngagementRate.phase.is_(None), EngagementRate.phase == TimeEntry.phase),
        EngagementRate.rate_minor == TimeEntry.rate_minor,
    )
    async for page in pages(tx, select(TimeEntry.id).where(~on_a_card), TimeEntry.id):
        for row in page:
            report.found(f"time entry {row.id}", "has a rate that nobody allowed")


async def days_have_24_hours(tx: Tx, report: Report, _: Approved) -> None:
    """Nobody worked more than a day has."""
    long = await tx.rows(
        select(TimeEntry.member, TimeEntry.worked_on)
        .group_by(TimeEntry.member, TimeEntry.worked_on)
        .having(func.sum(TimeEntry.hours_hundredths) > 2_400)
        .order_by(TimeEntry.worked_on, TimeEntry.member)
        .limit(_SHOWN)
    )
    for row in long:
        report.found(f"time of {row.worked_on}", "is more than 24 hours of one member")


async def _before_agents(tx: Tx) -> tuple[frozenset[str], int]:
    """The engagements that a company began with, and the entry that the row of the first agent
    stands with: who can append could tell of one later.
    """
    agents = await entries_of(tx, AgentAdded.EVENT)
    begun = await entries_of(tx, EngagementBegun.EVENT)
    first_agent = agents[0][0] if agents else LARGEST_INTEGER
    early = (EngagementBegun.read(entry).engagement_id for seq, entry in begun if seq < first_agent)
    return frozenset(early), await sealed_with(tx, first_agent)


async def _cards(tx: Tx, rows: Sequence[Any]) -> Mapping[str, list[dict[str, Any]]]:
    """The rate card in force of each of these, as people are shown it."""
    found: dict[str, list[dict[str, Any]]] = {}
    lines = select(
        EngagementRate.engagement_id,
        EngagementRate.role,
        EngagementRate.phase,
        EngagementRate.rate_minor,
    ).join(
        Engagement,
        and_(Engagement.id == EngagementRate.engagement_id, Engagement.card == EngagementRate.card),
    )
    among = lines.where(EngagementRate.engagement_id.in_([row.id for row in rows]))
    for line in await tx.rows(among.order_by(EngagementRate.position)):
        found.setdefault(line.engagement_id, []).append(_line(line))
    return found


def _line(row: Any) -> dict[str, Any]:
    return {"role": row.role, "phase": row.phase, "rate_minor": str(row.rate_minor)}
