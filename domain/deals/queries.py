"""Which deals may this person see, and which of them are asked for?

Whoever asks for deals says who reads. A deal that is hidden from the reader is in no list, no
count and no answer about a single deal.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, TypeAlias

from sqlalchemy import ColumnElement, Select, and_, bindparam, func, or_, select

from domain.deals.tables import Deal, DealMember, StageMove
from domain.store.questions import question
from domain.store.tx import Tx

_Listing: TypeAlias = "Select[Any, *tuple[Any, ...]]"

_LISTED = (
    Deal.id,
    Deal.workspace_id,
    Deal.account_id,
    Deal.primary_contact_id,
    Deal.name,
    Deal.amount_minor,
    Deal.currency,
    Deal.pipeline_id,
    Deal.stage_id,
    Deal.probability_pct,
    Deal.probability_manual,
    Deal.expected_close_date,
    Deal.status,
    Deal.closed_date,
    Deal.lost_reason,
    Deal.visibility,
    Deal.owner_id,
    Deal.created_at,
    Deal.version,
)


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


def visible_to(reader: Reader) -> ColumnElement[bool]:
    """The condition under which a deal exists for a reader.

    Her own deals, those she is listed on, and what is not private in her workspaces.
    """
    listed = (
        select(DealMember.deal_id)
        .where(DealMember.deal_id == Deal.id, DealMember.person_id == reader.person_id)
        .exists()
    )
    shared = and_(Deal.visibility == "workspace", Deal.workspace_id.in_(reader.workspace_ids))
    return or_(shared, Deal.owner_id == reader.person_id, listed)


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
) -> Sequence[Any]:
    """Deals, newest first, from behind the id `before`."""
    statement: _Listing = select(*_LISTED).where(visible_to(reader), *_conditions(wanted))
    if before is not None:
        statement = statement.where(Deal.id < before)
    return await tx.rows(statement.order_by(Deal.id.desc()).limit(limit))


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


def _conditions(wanted: Filter) -> Iterable[ColumnElement[bool]]:
    if wanted.account_id is not None:
        yield Deal.account_id == wanted.account_id
    if wanted.pipeline_ids is not None:
        yield Deal.pipeline_id.in_(wanted.pipeline_ids)
    if wanted.stage_ids is not None:
        yield Deal.stage_id.in_(wanted.stage_ids)
    if wanted.status is not None:
        yield Deal.status == wanted.status
    if wanted.owner_id is not None:
        yield Deal.owner_id == wanted.owner_id
