"""Queries of deals: which deals are asked for?

Whoever asks for deals says who reads. A deal that is hidden from the viewer is in no list, no
count and no answer about a single deal: the session sees to it (Deal.seen_if).
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from functools import lru_cache
from typing import Any, NamedTuple

from sqlalchemy import ColumnElement, Select, and_, bindparam, func, or_, select

from domain.accounts import queries as accounts
from domain.deals.cards import DealCard, shown_deals
from domain.deals.tables import Deal, DealMember, StageMove
from domain.store.prepared import PreparedQuery, prepared_query
from domain.store.tx import Tx
from domain.store.visibility import Viewer


@dataclass(frozen=True, slots=True, kw_only=True)
class Filter:
    """Which deals are asked for; None means all."""

    account_id: str | None = None
    pipeline_ids: tuple[str, ...] | None = None
    stage_ids: tuple[str, ...] | None = None
    status: str | None = None
    owner_id: str | None = None
    currency: str | None = None
    amount_from: int | None = None
    amount_to: int | None = None
    closes_from: date | None = None
    closes_to: date | None = None


class OpenDeal(NamedTuple):
    """What a forecast needs of a deal that is still open; the amount in minor units."""

    id: str
    name: str
    amount_minor: int
    currency: str
    probability_pct: int
    expected_close_date: date | None
    owner_id: str


class Ending(NamedTuple):
    """How a deal ended, if it did."""

    id: str
    status: str
    closed_date: date | None
    amount_minor: int
    currency: str


_CONDITIONS: Mapping[str, ColumnElement[bool]] = {
    "account_id": Deal.account_id == bindparam("account_id"),
    "pipeline_ids": Deal.pipeline_id.in_(bindparam("pipeline_ids", expanding=True)),
    "stage_ids": Deal.stage_id.in_(bindparam("stage_ids", expanding=True)),
    "status": Deal.status == bindparam("status"),
    "owner_id": Deal.owner_id == bindparam("owner_id"),
    "currency": Deal.currency == bindparam("currency"),
    "amount_from": Deal.amount_minor >= bindparam("amount_from"),
    "amount_to": Deal.amount_minor <= bindparam("amount_to"),
    "closes_from": Deal.expected_close_date >= bindparam("closes_from"),
    "closes_to": Deal.expected_close_date <= bindparam("closes_to"),
}


def visible_ids() -> "Select[str]":
    """The ids of all deals that exist for whoever asks, to be part of another query."""
    return select(Deal.id)


def ids_of(*, account_id: str | None, deal_id: str | None) -> "Select[str]":
    """The ids of one deal or of an account's deals, as far as they exist for whoever asks."""
    statement = visible_ids()
    if account_id is not None:
        statement = statement.where(Deal.account_id == account_id)
    return statement if deal_id is None else statement.where(Deal.id == deal_id)


def customer(deal_id: str) -> "Select[str]":
    """The id of the account that has this deal."""
    return select(Deal.account_id).where(Deal.id == deal_id)


def others_of_customer(deal_id: str) -> "Select[str, int]":
    """Ids and versions of the other deals of a deal's customer, whoever may see them.

    Only for judging what is asked for together: what is hidden counts too.
    """
    of_deal = customer(deal_id).scalar_subquery()
    return select(Deal.id, Deal.version).where(
        Deal.account_id.in_(accounts.of_same_customer(of_deal)), Deal.id != deal_id
    )


def others(deal_id: str) -> "Select[str, int, str]":
    """Ids, versions and customers of all other deals, for the same; whoever may see them."""
    customer = Deal.account_id.label("customer_id")
    return select(Deal.id, Deal.version, customer).where(Deal.id != deal_id)


async def get(tx: Tx, deal_id: str, viewer: Viewer, *, lock: bool = False) -> Deal | None:
    """The deal, if it exists for the viewer; `lock` holds it until the end."""
    with tx.looking_as(viewer):
        return await tx.get(Deal, deal_id, lock=lock)


async def is_seen(tx: Tx, deal_id: str, viewer: Viewer) -> bool:
    """Whether the deal exists for a viewer, who need not be whoever asks."""
    with tx.looking_as(viewer):
        return await tx.first(select(Deal.id).where(Deal.id == deal_id)) is not None


def open_ids(pipeline_id: str) -> "Select[str]":
    """The ids of the open deals of a pipeline, to be part of another query."""
    return select(Deal.id).where(Deal.pipeline_id == pipeline_id, Deal.status == "open")


async def last_step(tx: Tx, deal_id: str) -> int:
    """The number of the last step a deal took; 0 if it has taken none."""
    last: int = (await tx.fetch(_LAST_STEP, deal_id=deal_id))[0].n
    return last


async def listed(
    tx: Tx,
    viewer: Viewer,
    wanted: Filter,
    *,
    columns: tuple[str, ...] = DealCard._fields,
    before: str | None,
    limit: int,
) -> Sequence[Any]:
    """Deals as rows with these columns of DealCard, newest first, from behind the id `before`."""
    asked = {name: value for name in _CONDITIONS if (value := getattr(wanted, name)) is not None}
    with tx.looking_as(viewer):
        return await tx.fetch(
            _listing(columns, frozenset(asked), before is not None),
            limit=limit,
            **asked,
            **({"before": before} if before is not None else {}),
        )


async def amounts(
    tx: Tx,
    viewer: Viewer,
    currency: str,
    *,
    account_id: str | None = None,
    besides: str | None = None,
    limit: int,
) -> Sequence[int]:
    """What the newest deals that exist for the viewer are worth, of one account or all, where it
    is known.
    """
    statement = select(Deal.amount_minor).where(Deal.currency == currency, Deal.amount_minor > 0)
    if account_id is not None:
        statement = statement.where(Deal.account_id == account_id)
    if besides is not None:
        statement = statement.where(Deal.id != besides)
    with tx.looking_as(viewer):
        return await tx.all(statement.order_by(Deal.id.desc()).limit(limit))


async def with_ids(
    tx: Tx, viewer: Viewer, ids: Sequence[str], *, columns: tuple[str, ...]
) -> Sequence[Any]:
    """Those of these deals that exist for the viewer, as such rows, newest first."""
    with tx.looking_as(viewer):
        return await tx.fetch(_of_ids(columns), ids=list(ids))


async def open_deals(tx: Tx, viewer: Viewer, wanted: Filter) -> list[OpenDeal]:
    """Every open deal that exists for the viewer and fits, oldest first."""
    asked = {name: value for name in _CONDITIONS if (value := getattr(wanted, name)) is not None}
    with tx.looking_as(viewer):
        rows = await tx.fetch(_still_open(frozenset(asked)), **asked)
    return [OpenDeal._make(row) for row in rows]


async def endings(tx: Tx, viewer: Viewer, deal_ids: Sequence[str]) -> list[Ending]:
    """How those of these deals stand that exist for the viewer."""
    found: list[Ending] = []
    with tx.looking_as(viewer):
        for first in range(0, len(deal_ids), _MOST_NAMED):
            rows = await tx.fetch(_ENDINGS, ids=deal_ids[first : first + _MOST_NAMED])
            found += [Ending._make(row) for row in rows]
    return found


async def count_by_status(tx: Tx, viewer: Viewer, *, account_id: str) -> Mapping[str, int]:
    """How many deals of an account exist for the viewer, by status."""
    with tx.looking_as(viewer):
        rows = await tx.fetch(_BY_STATUS, account_id=account_id)
    return {row.status: row.deals for row in rows}


async def counts(tx: Tx, account_id: str, viewer: Viewer) -> Mapping[str, int]:
    """How many deals, and open ones, an account has for the viewer, as part of an overview."""
    by_status = await count_by_status(tx, viewer, account_id=account_id)
    return {"deals": sum(by_status.values()), "open_deals": by_status.get("open", 0)}


async def member_ids(tx: Tx, deal_id: str) -> Sequence[str]:
    """The people listed on a deal beside its owner."""
    return await tx.all(
        select(DealMember.person_id)
        .where(DealMember.deal_id == deal_id, DealMember.removed_at.is_(None))
        .order_by(DealMember.person_id)
    )


async def memberships(tx: Tx, deal_id: str) -> Sequence[DealMember]:
    """Everybody who is or was listed on a deal."""
    return await tx.all(select(DealMember).where(DealMember.deal_id == deal_id))


async def moves(tx: Tx, deal_id: str) -> Sequence[StageMove]:
    """Every step the deal took, first to last."""
    return await tx.all(select(StageMove).where(StageMove.deal_id == deal_id).order_by(StageMove.n))


async def moves_before(
    tx: Tx, deal_ids: "Select[str]", before: tuple[datetime, str, int] | None, *, limit: int
) -> Sequence[StageMove]:
    """Steps of these deals, latest first, from behind instant, deal and number of a step."""
    statement = select(StageMove).where(StageMove.deal_id.in_(deal_ids))
    if before is not None:
        at, deal_id, n = before
        same_time = or_(
            StageMove.deal_id < deal_id, and_(StageMove.deal_id == deal_id, StageMove.n < n)
        )
        statement = statement.where(or_(StageMove.at < at, and_(StageMove.at == at, same_time)))
    latest_first = (StageMove.at.desc(), StageMove.deal_id.desc(), StageMove.n.desc())
    return await tx.all(statement.order_by(*latest_first).limit(limit))


@lru_cache(maxsize=64)
def _still_open(asked: frozenset[str]) -> PreparedQuery:
    """The query for open deals with these conditions, made once for every combination."""
    return prepared_query(
        select(
            Deal.id,
            Deal.name,
            Deal.amount_minor,
            Deal.currency,
            Deal.probability_pct,
            Deal.expected_close_date,
            Deal.owner_id,
        )
        .where(
            Deal.status == "open",
            *(_CONDITIONS[name] for name in sorted(asked)),
        )
        .order_by(Deal.id)
    )


@lru_cache(maxsize=64)
def _listing(columns: tuple[str, ...], asked: frozenset[str], continued: bool) -> PreparedQuery:
    """The query for such a page with these conditions, made once for every combination."""
    statement = shown_deals(columns).where(
        *(_CONDITIONS[name] for name in sorted(asked)),
    )
    if continued:
        statement = statement.where(Deal.id < bindparam("before"))
    return prepared_query(statement.order_by(Deal.id.desc()).limit(bindparam("limit")))


@lru_cache(maxsize=16)
def _of_ids(columns: tuple[str, ...]) -> PreparedQuery:
    """The query for such rows by their ids, made once for each choice of columns."""
    named = shown_deals(columns).where(Deal.id.in_(bindparam("ids", expanding=True)))
    return prepared_query(named.order_by(Deal.id.desc()))


_BY_STATUS = prepared_query(
    select(Deal.status, func.count().label("deals"))
    .where(
        Deal.account_id == bindparam("account_id"),
    )
    .group_by(Deal.status)
)
_LAST_STEP = prepared_query(
    select(func.coalesce(func.max(StageMove.n), 0).label("n")).where(
        StageMove.deal_id == bindparam("deal_id")
    )
)
_MOST_NAMED = 10_000  # ids in one statement; both databases take three times as many
_ENDINGS = prepared_query(
    select(Deal.id, Deal.status, Deal.closed_date, Deal.amount_minor, Deal.currency).where(
        Deal.id.in_(bindparam("ids", expanding=True)),
    )
)
