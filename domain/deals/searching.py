"""Searching of deals: which are meant by words of their own or their account's name?"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from domain.deals import queries, service
from domain.deals.queries import Filter
from domain.kernel.folding import fold
from domain.store.tx import Tx
from domain.store.visibility import Viewer

# A deal may be hidden from the asker, which no index of words knows. So names are looked through,
# newest first: that of a company with more deals than this is continued with `next`.
MOST_LOOKED_AT = 5_000
_NAMED = ("id", "name", "account_name")


@dataclass(frozen=True, slots=True)
class DealPage:
    """A page of deals as rows; `next` is the id behind which it goes on, if it does."""

    deals: Sequence[Any]
    next: str | None


async def find(
    tx: Tx,
    viewer: Viewer,
    sought: service.Sought,
    *,
    words: str | None,
    columns: tuple[str, ...],
    before: str | None = None,
    limit: int,
) -> DealPage:
    """Deals that fit, newest first; with `words`, those whose name or account's name has a word
    that begins with each. A page may be empty and go on: it ends after so many deals looked at.

    Raises what `service.find` raises.
    """
    wanted = await service.wanted_of(tx, viewer, sought)
    if words is None:
        rows = await queries.listed(
            tx, viewer, wanted, columns=columns, before=before, limit=limit + 1
        )
        return DealPage(rows[:limit], rows[limit - 1].id if len(rows) > limit else None)
    ids, next_ = await _named(tx, viewer, wanted, fold(words).split(), before, limit)
    rows = await queries.with_ids(tx, viewer, ids, columns=columns) if ids else ()
    return DealPage(rows, next_)


async def _named(
    tx: Tx, viewer: Viewer, wanted: Filter, words: list[str], before: str | None, limit: int
) -> tuple[list[str], str | None]:
    """The ids of the next deals with these words, and where to go on if there may be more."""
    rows = await queries.listed(
        tx, viewer, wanted, columns=_NAMED, before=before, limit=MOST_LOOKED_AT + 1
    )
    looked_at = rows[:MOST_LOOKED_AT]
    found = [row.id for row in looked_at if words and _has(row, words)]
    if len(found) > limit:
        return found[:limit], found[limit - 1]
    return found, looked_at[-1].id if len(rows) > MOST_LOOKED_AT else None


def _has(row: Any, words: list[str]) -> bool:
    there = f" {fold(row.name)} {fold(row.account_name)}"
    return all(f" {word}" in there for word in words)
