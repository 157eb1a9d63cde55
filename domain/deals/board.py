"""Pipeline board: how does a pipeline stand, stage by stage?

Open deals only: a deal that has ended waits for nobody. Everything is counted for one viewer, so
that a deal hidden from them is in no column, no count and no total.
"""

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Any, NamedTuple

from sqlalchemy import and_, bindparam, case, func, select

from domain.deals.tables import Deal
from domain.kernel.rounding import Rounding, divide
from domain.pipelines import service as pipelines
from domain.pipelines.service import PipelineShape
from domain.store.prepared import prepared_query
from domain.store.references import last_of, referred
from domain.store.tx import Tx
from domain.store.visibility import Viewer

# Days without a move or a contact from which on a deal is called stagnant, mildest first: the
# first is a warning, the second reminds its owner, the third its manager.
STAGNANT_DAYS = (7, 14, 30)
WEIGHT = 100  # a probability is a percentage
# Sums are taken in two parts, so that no number of amounts leaves the 64 bits of a database.
_PART = 1_000_000_000


class Card(NamedTuple):
    """An open deal on the board; `last_contact_at` is None if nobody was in touch yet."""

    id: str
    stage_id: str
    name: str
    account_id: str
    account_name: str
    amount_minor: int
    currency: str
    stage_entered_at: datetime
    expected_close_date: date | None
    last_contact_at: datetime | None

    def days_in_stage(self, at: datetime) -> int:
        """Whole days since it came into its stage."""
        return max(0, (at - self.stage_entered_at).days)

    def quiet_days(self, at: datetime) -> int:
        """Whole days since it moved or somebody was in touch, whatever came later."""
        last = self.stage_entered_at
        if self.last_contact_at is not None and self.last_contact_at > last:
            last = self.last_contact_at
        return max(0, (at - last).days)


@dataclass(frozen=True, slots=True)
class Worth:
    """Amounts of one currency added up, and the same with each deal's probability counted in.

    The weighted amount is exact for a column up to one rounding, half to even.
    """

    currency: str
    amount_minor: int
    weighted_minor: int


@dataclass(frozen=True, slots=True)
class Column:
    """One open stage with what stands in it; `cards` are the first of `count` deals."""

    stage: Any  # a row of pipelines' `queries.stages`
    count: int
    stagnant: int
    worth: Sequence[Worth]
    cards: Sequence[Card]


@dataclass(frozen=True, slots=True)
class Board:
    """A pipeline with its open stages in their order; `worth` adds up the columns."""

    shape: PipelineShape
    columns: Sequence[Column]
    worth: Sequence[Worth]


_IN_PIPELINE = (
    Deal.pipeline_id == bindparam("pipeline_id"),
    Deal.status == "open",
)
# Somebody was in touch: a note or a task is no contact, and a deal stands still in spite of it.
_CONTACTS = ("call", "email", "meeting")
_LAST_CONTACT = last_of("activity", "occurred_at", by="deal_id", of=Deal.id, kinds=_CONTACTS)
_SINCE = bindparam("quiet_since", type_=Deal.stage_entered_at.type)
_IS_STAGNANT = and_(
    Deal.stage_entered_at <= _SINCE,
    func.coalesce(_LAST_CONTACT, Deal.stage_entered_at) <= _SINCE,
)
# Deals of one probability together, so that the weighing itself is done on exact numbers here.
_SUMS = prepared_query(
    select(
        Deal.stage_id,
        Deal.currency,
        Deal.probability_pct,
        func.count().label("count"),
        func.sum(case((_IS_STAGNANT, 1), else_=0)).label("stagnant"),
        func.sum(Deal.amount_minor // _PART).label("upper"),
        func.sum(Deal.amount_minor % _PART).label("lower"),
    )
    .where(*_IN_PIPELINE)
    .group_by(Deal.stage_id, Deal.currency, Deal.probability_pct)
    .order_by(Deal.stage_id, Deal.currency)
)
_LONGEST_FIRST = (Deal.stage_entered_at, Deal.id)
_PLACES = (
    select(
        Deal.id,
        func.row_number().over(partition_by=Deal.stage_id, order_by=_LONGEST_FIRST).label("place"),
    )
    .where(*_IN_PIPELINE)
    .subquery()
)
_ACCOUNT = referred("account", "name", by=Deal.account_id)
_CARDS = prepared_query(
    select(
        Deal.id,
        Deal.stage_id,
        Deal.name,
        Deal.account_id,
        _ACCOUNT.columns.name.label("account_name"),
        Deal.amount_minor,
        Deal.currency,
        Deal.stage_entered_at,
        Deal.expected_close_date,
        _LAST_CONTACT.label("last_contact_at"),
    )
    .join(_PLACES, _PLACES.c.id == Deal.id)
    .join(_ACCOUNT.table, _ACCOUNT.condition)
    .where(_PLACES.c.place <= bindparam("most"))
    .order_by(*_LONGEST_FIRST)
)


def stagnation(quiet_days: int) -> int | None:
    """The mark a deal has passed (7, 14 or 30 days without a move or a contact), or None."""
    if quiet_days < STAGNANT_DAYS[0]:
        return None
    return max(days for days in STAGNANT_DAYS if quiet_days >= days)


async def board(tx: Tx, viewer: Viewer, reference: str | None, *, cards: int) -> Board:
    """The board of the pipeline with this id or code; without one, the viewer's first.

    At most `cards` deals in each column, those longest in it first; counts and sums are those of
    all. A fixed number of statements, however many deals there are. Raises PIPELINE_UNKNOWN.
    """
    shape = await pipelines.find(tx, reference, viewer.workspace_ids)
    id = shape.pipeline.id
    since = tx.at - timedelta(days=STAGNANT_DAYS[0])
    sums: dict[str, list[Any]] = defaultdict(list)
    shown: dict[str, list[Card]] = defaultdict(list)
    with tx.looking_as(viewer):
        for row in await tx.fetch(_SUMS, quiet_since=since, pipeline_id=id):
            sums[row.stage_id].append(row)
        for row in await tx.fetch(_CARDS, most=cards, pipeline_id=id):
            shown[row.stage_id].append(Card._make(row))
    columns = [
        _column(stage, sums[stage.id], shown[stage.id])
        for stage in shape.stages
        if stage.category == "open"
    ]
    return Board(shape, columns, _added(columns))


def _column(stage: Any, sums: Sequence[Any], cards: Sequence[Card]) -> Column:
    amounts: dict[str, int] = defaultdict(int)
    weighted: dict[str, int] = defaultdict(int)
    for row in sums:
        amount = int(row.upper) * _PART + int(row.lower)
        amounts[row.currency] += amount
        weighted[row.currency] += amount * row.probability_pct
    return Column(
        stage=stage,
        count=sum(row.count for row in sums),
        stagnant=sum(int(row.stagnant) for row in sums),
        worth=[
            Worth(currency, amount, divide(weighted[currency], WEIGHT, Rounding.HALF_EVEN))
            for currency, amount in amounts.items()
        ],
        cards=cards,
    )


def _added(columns: Sequence[Column]) -> list[Worth]:
    """What the columns come to: the sum of what each shows, so that the board adds up."""
    amounts: dict[str, int] = defaultdict(int)
    weighted: dict[str, int] = defaultdict(int)
    for column in columns:
        for worth in column.worth:
            amounts[worth.currency] += worth.amount_minor
            weighted[worth.currency] += worth.weighted_minor
    return [Worth(currency, amounts[currency], weighted[currency]) for currency in sorted(amounts)]
