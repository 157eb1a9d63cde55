"""Word search: which rows have these words in their name? The same on both databases.

A module declares what of it can be searched (searchable.py).

Both indexes hold the words of `folded` exactly as they stand between its spaces: SQLite by the
`ascii` tokenizer (every letter beyond ASCII belongs to a word), PostgreSQL by an array of lexemes
(its own parser would make numbers of words like `2e3a`). So a word is found by each of its
prefixes and by nothing else, whatever the version of Unicode of the database. Both keep the
prefixes of up to seven letters ready.

On PostgreSQL row level security would come before the index and never let it be asked. So for the
one statement the transaction becomes a role that sees only what it searches for; a policy of that
role holds the condition, and it comes before the tenant's (docs/decisions/0019).
"""

import secrets
import threading
from collections.abc import Mapping, Sequence
from typing import Any

from sqlalchemy import text

from domain.kernel.clock import milliseconds
from domain.kernel.folding import fold
from domain.store.engine import SEARCHER
from domain.store.searchable import Searchable, among_first, as_searcher, matching
from domain.store.tx import Tx

_RANDOM_BITS = 21
_KEPT_LETTERS = 7  # of the prefixes in the indexes
_LONGEST_BYTES = 2_046  # of a word to PostgreSQL, which refuses longer ones; no name has one
_MOST_WORDS = 1_000  # far beyond any query of the length that callers accept

_FEW, _MANY = 2_000, 16_000  # rows that are looked at before the index is asked
# A plan made for common words would read every row for a rare one.
_BEGIN = text(
    "SELECT current_setting('role') AS role, current_setting('plan_cache_mode') AS plans,"
    " set_config('app.search', CAST(:query AS text), true),"
    " set_config('plan_cache_mode', 'force_custom_plan', true),"
    " set_config('role', CAST(:searcher AS text), true)"
)
_END = text(
    "SELECT set_config('role', CAST(:role AS text), true), set_config('app.search', '', true),"
    " set_config('plan_cache_mode', CAST(:plans AS text), true)"
)


async def candidates(
    tx: Tx, searched: Searchable, words: Sequence[str], *, limit: int, **wanted: str | None
) -> Sequence[Any]:
    """Rows with the shown columns that have, for every word, a word that begins with it.

    Words are folded (kernel/folding.py) if they are not yet. `wanted` are values of filter columns;
    None takes all. At most `limit` rows, in no order: ranking millions of matches is what makes a
    search slow, so the caller ranks the few it gets. No words, no rows. Nothing in a word is an
    operator of a query language.
    """
    needed = _needed(words)
    if not needed or limit < 1:
        return []
    assert len(needed) <= _MOST_WORDS, "whoever takes the query bounds its length"
    filters = {name: wanted.get(name) for name in searched.filters}
    assert filters.keys() >= wanted.keys(), "no filter column of what is searched"
    if tx.is_sqlite:
        query = " AND ".join(
            [f"tenant_id : {_quoted(tx.tenant_id)}"]
            + [f"{searched.words} : {_quoted(word)} *" for word in needed]
        )
        return await tx.fetch(matching(searched), query=query, most=limit, **filters)
    if any(len(word.encode()) > _LONGEST_BYTES for word in needed):
        return []
    return await _indexed(tx, searched, " & ".join(map(_lexeme, needed)), filters, limit)


async def _indexed(
    tx: Tx, searched: Searchable, query: str, filters: Mapping[str, str | None], limit: int
) -> Sequence[Any]:
    """The same on PostgreSQL, for a query of lexemes."""
    asked = {"query": query, "most": limit, **filters}
    some = await tx.fetch(among_first(searched), among=_FEW, **asked)
    if limit > len(some) >= limit * _FEW // _MANY > 0:
        some = await tx.fetch(among_first(searched), among=_MANY, **asked)
    if len(some) == limit:
        return some
    connection = await tx.session.connection()
    was = (await connection.execute(_BEGIN, {"query": query, "searcher": SEARCHER})).one()
    found = await tx.fetch(as_searcher(searched), most=limit, **filters)
    await connection.execute(_END, {"role": was.role, "plans": was.plans})
    return found


class _Keys:
    """Numbers for search indexes: new ones are greater, so an index grows at its end."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._last = 0

    def next(self) -> int:
        fresh = milliseconds() << _RANDOM_BITS | secrets.randbits(_RANDOM_BITS)
        with self._lock:
            self._last = max(fresh, self._last + 1)
            return self._last


_KEYS = _Keys()


def new_key() -> int:
    """A key for the next row of a search index; unique over all tenants, 63 bits."""
    return _KEYS.next()


def _needed(words: Sequence[str]) -> list[str]:
    """The words without those that another one implies: who has `cong` has `co`."""
    chosen: list[str] = []
    folded = {part for word in words for part in fold(word).split()}
    for word in sorted(folded, reverse=True):  # a word comes right after those it begins
        if not (chosen and chosen[-1].startswith(word)):
            chosen.append(word)
    return chosen


def _quoted(word: str) -> str:
    """An FTS5 string: only the quotation mark means anything inside, and doubled it is itself."""
    return '"' + word.replace('"', '""') + '"'


def _lexeme(word: str) -> str:
    """A tsquery lexeme: in quotation marks, with the mark and the backslash doubled."""
    lexeme = "'" + word.replace("\\", "\\\\").replace("'", "''") + "'"
    return lexeme if len(word) <= _KEPT_LETTERS else f"{lexeme}:*"
