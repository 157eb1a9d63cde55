"""Activities, steps of deals, and what people were asked and said become one list."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import IntEnum
from typing import Any

from domain.accounts import queries as accounts
from domain.accounts import service as account_service
from domain.activities import queries as activities
from domain.approvals import queries as approvals
from domain.deals import queries as deals
from domain.deals import service as deal_service
from domain.deals.queries import Reader
from domain.identity import queries as identity
from domain.kernel.clock import from_stamp, stamp
from domain.pipelines import queries as pipelines
from domain.store.tx import Tx

# Before and behind every id of ours: they begin with a digit up to 7.
_FIRST_ID, _LAST_ID = "", "8"


class Source(IntEnum):
    """Which table an entry comes from; of one instant, the later source is the newer entry."""

    ACTIVITY = 1
    STEP = 2
    ACTION = 3
    DECISION = 4


@dataclass(frozen=True, slots=True, order=True)
class Place:
    """Where an entry stands among all: two entries never stand in one place."""

    at: datetime
    source: int
    id: str
    sub: int | str = 0

    def as_position(self) -> list[int | str]:
        """The same for a cursor."""
        return [stamp(self.at), self.source, self.id, self.sub]

    @staticmethod
    def of_position(position: Sequence[int | str]) -> "Place":
        """What `as_position` made."""
        at, source, id, sub = position
        return Place(from_stamp(str(at)), int(source), str(id), sub)


@dataclass(frozen=True, slots=True)
class Entry:
    """Something that happened: the row, who did it, and what its stages are called."""

    place: Place
    row: Any
    by: str | None = None
    from_stage: str | None = None
    to_stage: str | None = None
    ends: bool = False


async def of(
    tx: Tx,
    reader: Reader,
    *,
    account_id: str | None = None,
    deal_id: str | None = None,
    after: Place | None = None,
    limit: int,
) -> tuple[list[Entry], bool]:
    """A page of what happened with an account or a deal, newest first, and whether there is more.

    What belongs to a deal that is hidden from the reader is not there. `after` is the place of
    the entry seen last. Raises NOT_FOUND.
    """
    if deal_id is not None:
        await deal_service.load(tx, deal_id, reader)
    elif account_id is None or await accounts.get(tx, account_id) is None:
        raise account_service.unknown()
    whose = deals.ids_of(reader, account_id=account_id, deal_id=deal_id)
    most = limit + 1
    found = [
        (Place(row.occurred_at, Source.ACTIVITY, row.id), row)
        for row in await activities.recent(
            tx,
            reader,
            account_id=account_id,
            deal_id=deal_id,
            after=_after(after, Source.ACTIVITY),
            limit=most,
        )
    ]
    step_after = _after(after, Source.STEP)
    n = int(after.sub) if after is not None and after.source == Source.STEP else 0
    steps = await deals.moves_before(tx, whose, step_after and (*step_after, n), limit=most)
    found += [(Place(row.at, Source.STEP, row.deal_id, row.n), row) for row in steps]
    found += [
        (Place(row.created_at, Source.ACTION, row.id), row)
        for row in await approvals.proposed_before(
            tx, whose, _after(after, Source.ACTION), limit=most
        )
    ]
    decision_after = _after(after, Source.DECISION)
    person = str(after.sub) if after is not None and after.source == Source.DECISION else ""
    decisions = await approvals.decided_before(
        tx, whose, decision_after and (*decision_after, person), limit=most
    )
    found += [
        (Place(row.at, Source.DECISION, row.action_id, row.person_id), row) for row in decisions
    ]
    found.sort(key=lambda one: one[0], reverse=True)
    return await _named(tx, found[:limit]), len(found) > limit


def _after(after: Place | None, source: Source) -> tuple[datetime, str] | None:
    """Instant and id from behind which a source has entries that come after a place."""
    if after is None:
        return None
    if source == after.source:
        return after.at, after.id
    return after.at, _LAST_ID if source < after.source else _FIRST_ID


async def _named(tx: Tx, page: Sequence[tuple[Place, Any]]) -> list[Entry]:
    """The entries with the names of stages and of those who acted, in two statements."""
    steps = [row for place, row in page if place.source == Source.STEP]
    ids = {row.from_stage_id for row in steps} | {row.to_stage_id for row in steps}
    labels = await pipelines.labels(tx, ids - {None})
    names = await identity.names(tx, {_actor(place, row) for place, row in page})
    return [_entry(place, row, labels, names) for place, row in page]


def _actor(place: Place, row: Any) -> str:
    match place.source:
        case Source.ACTIVITY:
            return str(row.logged_by)
        case Source.STEP:
            return str(row.moved_by)
        case Source.ACTION:
            return str(row.requester)
    return f"human:{row.person_id}"


def _entry(place: Place, row: Any, labels: Any, names: Any) -> Entry:
    by = names.get(_actor(place, row))
    if place.source != Source.STEP:
        return Entry(place, row, by)
    start, end = labels.get(row.from_stage_id), labels[row.to_stage_id]
    return Entry(
        place,
        row,
        by,
        from_stage=start.stage if start is not None else None,
        to_stage=end.stage,
        ends=end.category != "open",
    )
