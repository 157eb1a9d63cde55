"""Timelines: what every module has to tell of an account or a deal becomes one list."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from domain.accounts import queries as accounts
from domain.accounts import service as account_service
from domain.deals import service as deal_service
from domain.identity import queries as identity
from domain.kernel.clock import from_stamp, stamp
from domain.store import declarations
from domain.store.declarations import About, TimelineSource
from domain.store.descriptor import modules
from domain.store.tx import Tx
from domain.store.visibility import Viewer

# Before and behind every id of ours: they begin with a digit up to 7.
_FIRST_ID, _LAST_ID = "", "8"

Position = tuple[int | str, ...]  # of an entry in a cursor: instant, source, id, part of it


@dataclass(frozen=True, slots=True)
class Entry:
    """Something that happened: when, by whom (a name), and facts by the names of the answer."""

    position: Position
    facts: Mapping[str, Any]


async def of(
    tx: Tx,
    viewer: Viewer,
    *,
    account_id: str | None = None,
    deal_id: str | None = None,
    after: Sequence[int | str] | None = None,
    limit: int,
) -> tuple[list[Entry], bool]:
    """A page of what happened with an account or a deal, newest first, and whether there is more.

    What belongs to a deal that is hidden from the viewer is not there. `after` is the position of
    the entry seen last. Raises NOT_FOUND.
    """
    if deal_id is not None:
        await deal_service.load(tx, deal_id, viewer)
    elif account_id is None or await accounts.get(tx, account_id) is None:
        raise account_service.unknown()
    about = About(viewer, account_id, deal_id)
    last = _Place.of_position(after) if after is not None else None
    found: list[tuple[_Place, TimelineSource, Any]] = []
    for source in sources():
        start = _start(source, last)
        for row in await source.before(tx, about, start, limit + 1):
            at, id, sub = source.place(row)
            found.append((_Place(at, source.number, id, sub), source, row))
    found.sort(key=lambda one: one[0], reverse=True)
    return await _named(tx, found[:limit]), len(found) > limit


def sources() -> list[TimelineSource]:
    """Every source that a module declares, in the order of their numbers."""
    declared = [source for module in modules() for source in module.timeline]
    assert len({one.number for one in declared}) == len(declared), "sources share a number"
    return sorted(declared, key=lambda one: one.number)


def is_position(position: Position) -> bool:
    """Whether one of the sources has such a place; any other could not be compared with its own."""
    _, number, _, sub = position
    return any(one.number == number and type(one.first) is type(sub) for one in sources())


@dataclass(frozen=True, slots=True, order=True)
class _Place:
    """Where an entry stands among all: two entries never stand in one place."""

    at: Any
    source: int
    id: str
    sub: int | str

    def as_position(self) -> Position:
        return stamp(self.at), self.source, self.id, self.sub

    @staticmethod
    def of_position(position: Sequence[int | str]) -> "_Place":
        at, source, id, sub = position
        return _Place(from_stamp(str(at)), int(source), str(id), sub)


def _start(source: TimelineSource, after: _Place | None) -> declarations.Place | None:
    """From behind which place a source has entries that come after one of all."""
    if after is None:
        return None
    if source.number == after.source:
        return declarations.Place(after.at, after.id, after.sub)
    id = _LAST_ID if source.number < after.source else _FIRST_ID
    return declarations.Place(after.at, id, source.first)


async def _named(tx: Tx, page: Sequence[tuple[_Place, TimelineSource, Any]]) -> list[Entry]:
    """The entries as they are shown, with the names of those who acted."""
    facts: dict[_Place, Mapping[str, Any]] = {}
    for source in sources():
        mine = [(place, row) for place, its, row in page if its is source]
        if mine:
            shown = await source.shown(tx, [row for _, row in mine])
            facts |= zip([place for place, _ in mine], shown, strict=True)
    names = await identity.names(tx, {one["by"] for one in facts.values()})
    return [
        Entry(
            place.as_position(),
            {**facts[place], "at": place.at, "by": names.get(facts[place]["by"])},
        )
        for place, _, _ in page
    ]
