"""Queries of activities: what happened with an account or a deal, as far as the viewer may know?"""

from collections.abc import Mapping, Sequence
from functools import lru_cache
from typing import Any

from sqlalchemy import ColumnElement, and_, bindparam, func, or_, select

from domain.activities.tables import Activity
from domain.store.prepared import PreparedQuery, prepared_query
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
