"""Queries of activities: what happened with an account or a deal, as far as the viewer may know?"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import lru_cache
from typing import Any

from sqlalchemy import ColumnElement, and_, bindparam, func, or_, select

from domain.activities.tables import Activity
from domain.store.prepared import PreparedQuery, prepared_query
from domain.store.references import referred
from domain.store.tx import Tx
from domain.store.visibility import SYSTEM, Viewer

_LISTED = (
    Activity.id,
    Activity.kind,
    Activity.account_id,
    Activity.contact_id,
    Activity.deal_id,
    Activity.subject,
    Activity.body,
    Activity.occurred_at,
    Activity.source,
    Activity.source_event_id,
    Activity.logged_by,
    Activity.created_at,
)
_ABOUT: Mapping[str, ColumnElement[bool]] = {
    "account_id": Activity.account_id == bindparam("account_id"),
    "deal_id": Activity.deal_id == bindparam("deal_id"),
}


_CONTACT = referred("contact", "display_name", by=Activity.contact_id)
_ACCOUNT = referred("account", "name", by=Activity.account_id)
# An activity is seen with its deal, so whoever sees it may read what the deal is called.
_DEAL = referred("deal", "name", by=Activity.deal_id)
_FOUND = (
    select(
        *_LISTED,
        _CONTACT.columns.display_name.label("contact_name"),
        _ACCOUNT.columns.name.label("account_name"),
        _DEAL.columns.name.label("deal_name"),
    )
    .join(_ACCOUNT.table, _ACCOUNT.condition)
    .outerjoin(_CONTACT.table, _CONTACT.condition)
    .outerjoin(_DEAL.table, _DEAL.condition)
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Filter:
    """Which activities are asked for; None means all. `until` is the first instant too late."""

    account_id: str | None = None
    contact_id: str | None = None
    deal_id: str | None = None
    kind: str | None = None
    since: datetime | None = None
    until: datetime | None = None


async def listed(
    tx: Tx,
    viewer: Viewer,
    wanted: Filter,
    *,
    after: tuple[datetime, str] | None = None,
    limit: int,
) -> Sequence[Any]:
    """Activities that fit with the names of whom they were with, latest first."""
    chosen = _FOUND.where(*_conditions(wanted))
    if after is not None:
        at, id = after
        same_time = and_(Activity.occurred_at == at, Activity.id < id)
        chosen = chosen.where(or_(Activity.occurred_at < at, same_time))
    latest_first = (Activity.occurred_at.desc(), Activity.id.desc())
    with tx.looking_as(viewer):
        return await tx.rows(chosen.order_by(*latest_first).limit(limit))


def _conditions(wanted: Filter) -> list[ColumnElement[bool]]:
    same = {
        Activity.account_id: wanted.account_id,
        Activity.contact_id: wanted.contact_id,
        Activity.deal_id: wanted.deal_id,
        Activity.kind: wanted.kind,
    }
    found = [column == value for column, value in same.items() if value is not None]
    if wanted.since is not None:
        found.append(Activity.occurred_at >= wanted.since)
    if wanted.until is not None:
        found.append(Activity.occurred_at < wanted.until)
    return found


async def with_event(tx: Tx, source: str, source_event_id: str) -> Activity | None:
    """The activity that is the record of this event, whoever may see it."""
    with tx.looking_as(SYSTEM):
        return await tx.first(
            select(Activity).where(
                Activity.source == source, Activity.source_event_id == source_event_id
            )
        )


async def recent(
    tx: Tx,
    viewer: Viewer,
    *,
    account_id: str | None = None,
    deal_id: str | None = None,
    after: tuple[Any, str] | None = None,
    limit: int,
) -> Sequence[Any]:
    """Activities of an account or a deal, latest first; `after` is (occurred_at, id) seen last."""
    about = _about(account_id, deal_id)
    before = {"occurred_at": after[0], "last_id": after[1]} if after is not None else {}
    asked = _recent(frozenset(about), after is not None)
    with tx.looking_as(viewer):
        return await tx.fetch(asked, **about, **before, limit=limit)


async def count(
    tx: Tx, viewer: Viewer, *, account_id: str | None = None, deal_id: str | None = None
) -> int:
    """How many activities of an account or a deal the viewer may see."""
    about = _about(account_id, deal_id)
    with tx.looking_as(viewer):
        found = await tx.fetch(_count(frozenset(about)), **about)
    return int(found[0].activities)


async def counts(tx: Tx, account_id: str, viewer: Viewer) -> Mapping[str, int]:
    """The same for an account, as part of an overview."""
    return {"activities": await count(tx, viewer, account_id=account_id)}


@lru_cache(maxsize=16)
def _recent(about: frozenset[str], continued: bool) -> PreparedQuery:
    """The query for a page about an account, a deal or both, made once for each."""
    statement = select(*_LISTED).where(*(_ABOUT[name] for name in sorted(about)))
    if continued:
        same_time = Activity.occurred_at == bindparam("occurred_at")
        statement = statement.where(
            or_(
                Activity.occurred_at < bindparam("occurred_at"),
                and_(same_time, Activity.id < bindparam("last_id")),
            )
        )
    latest_first = (Activity.occurred_at.desc(), Activity.id.desc())
    return prepared_query(statement.order_by(*latest_first).limit(bindparam("limit")))


@lru_cache(maxsize=8)
def _count(about: frozenset[str]) -> PreparedQuery:
    """The query for their number, made once for each."""
    number = select(func.count(Activity.id).label("activities"))
    return prepared_query(number.where(*(_ABOUT[name] for name in sorted(about))))


def _about(account_id: str | None, deal_id: str | None) -> dict[str, str]:
    asked = {"account_id": account_id, "deal_id": deal_id}
    return {name: id for name, id in asked.items() if id is not None}
