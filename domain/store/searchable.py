"""Searchables: the statements that find rows of a table by the words in their names.

A table that can be searched has the columns `tenant_id`, `folded` (the name as the search sees it,
or another column that `words` names) and `search_key` (search.new_key); migrations make its index
from them. Statements are text because
no ORM knows word search, and are made of the names that a module declares, never of anything typed.
"""

import re
from dataclasses import dataclass
from functools import cache
from typing import Final

from sqlalchemy import text

from domain.store.prepared import PreparedQuery

_NAME: Final = re.compile(r"[a-z][a-z_]*")
_OURS: Final = frozenset({"query", "most", "among", "own_tenant"})  # parameters of the statements


@dataclass(frozen=True, slots=True, kw_only=True)
class Searchable:
    """A table whose rows are found by words; `shown` are the columns that ranking needs.

    `filters` are columns of text by which a search may be narrowed.
    """

    table: str
    shown: tuple[str, ...] = ("id", "name", "folded")
    filters: tuple[str, ...] = ()
    words: str = "folded"

    def __post_init__(self) -> None:
        names = (self.table, self.words, *self.shown, *self.filters)
        assert all(_NAME.fullmatch(name) for name in names), names
        assert not _OURS & set(self.filters), self.filters

    @property
    def columns(self) -> tuple[str, ...]:
        """What the searcher of PostgreSQL reads."""
        return tuple(dict.fromkeys(("tenant_id", *self.shown, *self.filters)))


@cache
def matching(searched: Searchable) -> PreparedQuery:
    """SQLite: rows whose index matches `query`, at most `most`."""
    # The tenant is a word of the query itself, so that another tenant's names cost nothing. The
    # join is a CROSS one because SQLite then keeps its order: the index drives, rows are looked up.
    table = searched.table
    conditions = [f"(:{one} IS NULL OR {table}.{one} = :{one})" for one in searched.filters]
    wanted = " AND ".join([f"{table}.tenant_id = :own_tenant", *conditions])
    shown = ", ".join(f"{table}.{one}" for one in searched.shown)
    return PreparedQuery(
        text(
            f"SELECT {shown} FROM {table}_search"  # noqa: S608 - names that a module declares
            f" CROSS JOIN {table} ON {table}.search_key = {table}_search.rowid"
            f" WHERE {table}_search MATCH :query AND {wanted} LIMIT :most"
        )
    )


@cache
def among_first(searched: Searchable) -> PreparedQuery:
    """PostgreSQL: rows among the first `among` of the tenant that match `query`."""
    # Words that stand in one name of fifty are found among the first rows there are, sooner than an
    # index meets them all; and words go together, which the planner does not know. A few rows are
    # looked at to see whether it is worth while. In the order of ids, for which there is an index:
    # else a plan for any tenant reads those of all tenants, in hope of many of this one.
    table, shown = searched.table, ", ".join(searched.shown)
    read = ", ".join(dict.fromkeys((*searched.shown, *searched.filters, "search_words")))
    found = "search_words @@ CAST(CAST(:query AS text) AS tsquery)"
    return PreparedQuery(
        text(
            f"SELECT {shown} FROM ("  # noqa: S608 - names that a module declares
            f"SELECT {read} FROM {table}"
            f" WHERE {table}.tenant_id = :own_tenant ORDER BY id LIMIT :among) AS first_ones"
            f" WHERE {' AND '.join([found, *_narrowed(searched)])} LIMIT :most"
        )
    )


@cache
def as_searcher(searched: Searchable) -> PreparedQuery:
    """PostgreSQL, in the role of the searcher, to whom nothing else is shown than what matches."""
    table, shown = searched.table, ", ".join(searched.shown)
    wanted = " AND ".join([f"{table}.tenant_id = :own_tenant", *_narrowed(searched)])
    statement = f"SELECT {shown} FROM {table} WHERE {wanted} LIMIT :most"  # noqa: S608 - as above
    return PreparedQuery(text(statement))


def _narrowed(searched: Searchable) -> list[str]:
    return [
        f"(CAST(:{one} AS text) IS NULL OR {one} = CAST(:{one} AS text))"
        for one in searched.filters
    ]
