"""Which deals may this person see, and which of them are asked for?

Whoever asks for deals says who reads. A deal that is hidden from the reader is in no list, no
count and no answer about a single deal.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

from sqlalchemy import ColumnElement, Select, and_, bindparam, func, or_, select

from domain.deals.cards import DealCard, shown_deals
from domain.deals.tables import Deal, DealMember, StageMove
from domain.store.questions import Question, question
from domain.store.tx import Tx

_COUNT_MOVES = question(
    select(func.count(StageMove.n).label("moves")).where(StageMove.deal_id == bindparam("deal_id"))
)


@dataclass(frozen=True, slots=True)
class Reader:
    """Who looks: a person, or the person an agent acts for, and the workspaces she is in."""

    person_id: str
    workspace_ids: tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Filter:
    """Which deals are asked for; None means all."""

    account_id: str | None = None
    pipeline_ids: tuple[str, ...] | None = None
    stage_ids: tuple[str, ...] | None = None
    status: str | None = None
    owner_id: str | None = None


_CONDITIONS: Mapping[str, ColumnElement[bool]] = {
    "account_id": Deal.account_id == bindparam("account_id"),
    "pipeline_ids": Deal.pipeline_id.in_(bindparam("pipeline_ids", expanding=True)),
    "stage_ids": Deal.stage_id.in_(bindparam("stage_ids", expanding=True)),
    "status": Deal.status == bindparam("status"),
    "owner_id": Deal.owner_id == bindparam("owner_id"),
}


def visible_to(reader: Reader) -> ColumnElement[bool]:
    """The condition under which a deal exists for a reader.

    Her own deals, those she is listed on, and what is not private in her workspaces.
    """
    return visible_by(reader.person_id, reader.workspace_ids)


def visible_by(person_id: Any, workspace_ids: Any) -> ColumnElement[bool]:
    """The same with values or with parameters, for statements that are prepared."""
    listed = (
        select(DealMember.deal_id)
        .where(DealMember.deal_id == Deal.id, DealMember.person_id == person_id)
        .exists()
    )
    shared = and_(Deal.visibility == "workspace", Deal.workspace_id.in_(workspace_ids))
    return or_(shared, Deal.owner_id == person_id, listed)


def visible_ids(reader: Reader) -> "Select[str]":
    """The ids of all deals that exist for a reader, to be part of another question."""
    return select(Deal.id).where(visible_to(reader))


async def get(tx: Tx, deal_id: str, reader: Reader, *, lock: bool = False) -> Deal | None:
    """The deal, if it exists for the reader; `lock` holds it until the end."""
    statement = select(Deal).where(Deal.id == deal_id, visible_to(reader))
    if lock:
        statement = statement.with_for_update(of=Deal).execution_options(populate_existing=True)
    return await tx.first(statement)


async def listed(
    tx: Tx, reader: Reader, wanted: Filter, *, before: str | None, limit: int
) -> list[DealCard]:
    """Deals, newest first, from behind the id `before`."""
    asked = {name: value for name in _CONDITIONS if (value := getattr(wanted, name)) is not None}
    rows = await tx.ask(
        _listing(frozenset(asked), before is not None),
        person_id=reader.person_id,
        workspace_ids=reader.workspace_ids,
        limit=limit,
        **asked,
        **({"before": before} if before is not None else {}),
    )
    return [DealCard._make(row) for row in rows]


async def count_by_status(tx: Tx, reader: Reader, *, account_id: str) -> Mapping[str, int]:
    """How many deals of an account exist for the reader, by status."""
    rows = await tx.rows(
        select(Deal.status, func.count())
        .where(Deal.account_id == account_id, visible_to(reader))
        .group_by(Deal.status)
    )
    return {row[0]: row[1] for row in rows}


async def member_ids(tx: Tx, deal_id: str) -> Sequence[str]:
    """The people listed on a deal beside its owner."""
    return await tx.all(
        select(DealMember.person_id)
        .where(DealMember.deal_id == deal_id)
        .order_by(DealMember.person_id)
    )


async def moves(tx: Tx, deal_id: str) -> Sequence[StageMove]:
    """Every step the deal took, first to last."""
    return await tx.all(select(StageMove).where(StageMove.deal_id == deal_id).order_by(StageMove.n))


async def count_moves(tx: Tx, deal_id: str) -> int:
    """How many steps the deal took."""
    found = await tx.ask(_COUNT_MOVES, deal_id=deal_id)
    return int(found[0].moves)


@lru_cache(maxsize=64)
def _listing(asked: frozenset[str], continued: bool) -> Question:
    """The question for a page with these conditions, made once for every combination."""
    statement = shown_deals().where(
        visible_by(bindparam("person_id"), bindparam("workspace_ids", expanding=True)),
        *(_CONDITIONS[name] for name in sorted(asked)),
    )
    if continued:
        statement = statement.where(Deal.id < bindparam("before"))
    return question(statement.order_by(Deal.id.desc()).limit(bindparam("limit")))
