"""Authorship: which words of an answer did somebody else write than the agent that reads them?

What an agent typed itself is not foreign to it (docs/decisions/0052): a row that the audit chain
binds to no transaction but its own, and no word of a registry, a mail or another program in it.
Whatever nobody can tell the author of counts as foreign.
"""

from collections.abc import Collection, Iterator, Mapping
from typing import Any, Final, NamedTuple

from domain.store.authors import authors
from domain.store.tx import Tx

_TABLES: Final = (
    "account", "activity", "billing_profile", "contact", "deal", "engagement", "pending_action",
    "task", "time_entry",
)  # fmt: skip
# Names of other rows, and where an answer says which row that is.
_NAMED_BY: Final = {"account_name": "account_id", "deal_name": "deal_id"}
_OF_A_REGISTRY: Final = frozenset({"legal_name", "gdt_status", "memo"})
_OURS: Final = "agent"  # the source of an activity that the agent tells of in its own words
_ID_LENGTH: Final = 26
_MOST_NAMED: Final = 5


class Words(NamedTuple):
    """A field with words of somebody, and the rows they stand in; none: nobody knows."""

    field: str
    rows: frozenset[str]


async def foreign(
    tx: Tx, agent_id: str, structured: Mapping[str, Any], *, new: str = ""
) -> tuple[str, ...]:
    """What of an answer others wrote: `name of 01H…`; `new` is a row that this very call made."""
    words = list(_words(structured))
    known = await authors(tx, _TABLES, {id for one in words for id in one.rows})
    mine = frozenset({("agent", agent_id)})

    def is_own(id: str) -> bool:
        return known.get(id) == mine or (id == new and id not in known)

    told = dict.fromkeys(
        f"{one.field} of {' '.join(sorted(one.rows)) or 'others'}"
        for one in words
        if not one.rows or not all(map(is_own, one.rows))
    )
    return tuple(told)


def told(what: Collection[str]) -> str:
    """The same in one line, as the audit chain keeps it."""
    named = list(what)[:_MOST_NAMED]
    more = len(what) - len(named)
    return "; ".join([*named, *([f"{more} more"] if more else [])])


def _words(value: Any) -> Iterator[Words]:
    """Everything in an answer that is marked as words of somebody."""
    if isinstance(value, Mapping):
        for pointer in value.get("untrusted_fields") or ():
            *path, field = pointer.strip("/").split("/")
            if pointer != "/summary":  # the words of an action are ours
                yield from (_in_row(field, row) for row in _rows(value, path) if field in row)
        for name, one in value.items():
            if isinstance(one, Mapping) and one.get("untrusted") is True:
                yield _in_row(name, value)
            yield from _words(one)
    elif isinstance(value, list):
        for one in value:
            yield from _words(one)


def _rows(value: Any, path: list[str]) -> Iterator[Mapping[str, Any]]:
    """What a pointer leads to, `*` being each of a list."""
    if not path:
        if isinstance(value, Mapping):
            yield value
        return
    step, *rest = path
    if isinstance(value, list):
        for one in value if step == "*" else value[int(step) : int(step) + 1]:
            yield from _rows(one, rest)
    elif isinstance(value, Mapping) and step in value:
        yield from _rows(value[step], rest)


def _in_row(field: str, row: Mapping[str, Any]) -> Words:
    if field in _OF_A_REGISTRY or row.get("source", _OURS) != _OURS:
        return Words(field, frozenset())
    named = row.get(_NAMED_BY.get(field, "id")) or ""
    rows = {str(named)[:_ID_LENGTH]} if named else set()
    if field == "reason" and "evidence" in row:  # it speaks of the deal and of what it rests on
        rows = {str(row.get("deal_id")), *map(str, row["evidence"])}
    if field == "name" and not named and "deal_id" in row:
        rows = {str(row["deal_id"])}
    return Words(field, frozenset(rows))
