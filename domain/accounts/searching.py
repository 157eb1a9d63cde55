"""Searching of accounts: which are meant by a name, however it is shortened, or by a tax code?"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from datetime import date
from difflib import SequenceMatcher
from typing import Any

from domain.accounts import queries, ranking
from domain.accounts.rules import AccountType, check_tax_code
from domain.accounts.service import MOST_TYPED, AccountCard, cards
from domain.kernel.faults import Fault
from domain.store.tx import Tx
from domain.vn import syllables
from domain.vn.legal_forms import core_name
from domain.vn.tax_codes import digits_of
from domain.vn.trade_words import in_vietnamese

_CANDIDATES = 200
_FEWEST_DIGITS = 4  # of a tax code, to look for those that begin so
_MOST_READINGS = 4  # of a name that is written in one word
_NEAREST = 3
_NEAREST_CANDIDATES = 20
_MOST_LEFT_OUT = 5
_BEGINNING = 3  # letters of a word that may be misspelt behind them
_ALIKE = 0.6


@dataclass(frozen=True, slots=True)
class AccountPage:
    """A page of accounts. `next` continues it; `truncated` says that more match.

    `nearest` are what comes nearest where nothing fits.
    """

    accounts: list[AccountCard]
    next: tuple[int | str, ...] | None
    truncated: bool
    nearest: list[AccountCard] = field(default_factory=list)


async def find(
    tx: Tx,
    *,
    query: str | None,
    account_type: str | None,
    limit: int,
    after: Sequence[int | str] | None = None,
) -> AccountPage:
    """Accounts by name or tax code, best first; all of them by name when there is no query.

    A name fits when each word of the query begins a word of it, whatever the marks, the case and
    the order; words that only say what kind of company it is need not stand in it. Best are the
    same name with its marks, then without them, then names that begin so. If no name fits, those do
    that write apart what the query joins, and the other way round, or a trade in Vietnamese. At
    most a few hundred candidates are ranked: `truncated` without `next` asks for more words.
    `after` is `next` of the page before.
    """
    if query is None:
        return await _all(tx, account_type, limit, after)
    assert len(query) <= MOST_TYPED, "whoever takes the query bounds its length"
    wanted = ranking.Query.of(query)
    places, more = await _ranked(tx, wanted, query, account_type)
    if not places:
        places, more = await _read_otherwise(tx, wanted, account_type)
    if after is not None:
        places = [place for place in places if place > tuple(after)]
    page = places[:limit]
    next_ = page[-1] if len(places) > limit else None
    found = await of_ids(tx, [id for *_, id in page])
    return AccountPage(found, next_, more or next_ is not None)


async def of_ids(tx: Tx, ids: Sequence[str]) -> list[AccountCard]:
    """These accounts in this order."""
    rows = await queries.shown(tx, ids) if ids else {}
    return await cards(tx, [rows[id] for id in ids])


async def nearest(tx: Tx, query: str, account_type: str | None) -> list[AccountCard]:
    """Up to three accounts that fit best of those that do not fit: a word less, or misspelt."""
    wanted = tuple(core_name(query).split())
    found: dict[str, Any] = {}
    for words in _fewer(wanted):
        rows, _ = await queries.with_words(
            tx, words, account_type=account_type, limit=_NEAREST_CANDIDATES
        )
        found |= {row.id: row for row in rows}
    likeness = {row.id: _likeness(wanted, core_name(row.name)) for row in found.values()}
    close = [row for row in found.values() if likeness[row.id] >= _ALIKE]
    best = sorted(close, key=lambda row: (-likeness[row.id], row.folded, row.id))
    return await of_ids(tx, [row.id for row in best[:_NEAREST]])


async def _all(
    tx: Tx, account_type: str | None, limit: int, after: Sequence[int | str] | None
) -> AccountPage:
    last = (str(after[0]), str(after[1])) if after is not None else None
    rows = await queries.listed(tx, account_type=account_type, after=last, limit=limit + 1)
    more = len(rows) > limit
    page = rows[:limit]
    next_ = (page[-1].folded, page[-1].id) if more else None
    return AccountPage(await cards(tx, page), next_, more)


async def _ranked(
    tx: Tx, wanted: ranking.Query, typed: str, account_type: str | None
) -> tuple[list[ranking.Place], bool]:
    """The places of candidates in their order, and whether there were more than could be ranked."""
    found: Sequence[Any] = ()
    more = False
    if wanted.words:
        needed = core_name(wanted.folded).split()
        found, more = await queries.with_words(
            tx, needed, account_type=account_type, limit=_CANDIDATES
        )
        if more:  # else the names that begin with the query are among those with its words
            begun = await queries.named_from(
                tx, wanted.folded, account_type=account_type, limit=_CANDIDATES
            )
            found = [*begun, *found]
    places = ranking.places(wanted, found)
    for row in await _with_tax_code(tx, typed, account_type):
        places[row.id] = (ranking.TAX_CODE, 0, row.folded, row.id)
    return sorted(places.values()), more


async def _with_tax_code(tx: Tx, typed: str, account_type: str | None) -> Sequence[Any]:
    """The account with this tax code, else those whose tax codes begin with these digits."""
    if (tax_code := _as_tax_code(typed, tx.at.date())) is not None:
        found = await queries.named_by_tax_code(tx, tax_code, account_type)
        if found:
            return found
    digits = digits_of(typed)
    if digits is None or len(digits) < _FEWEST_DIGITS:
        return ()
    return await queries.named_by_tax_code_from(tx, digits, account_type, limit=_CANDIDATES)


def _as_tax_code(typed: str, on: date) -> str | None:
    try:
        return check_tax_code(AccountType.OTHER, typed, on)
    except Fault:
        return None


async def _read_otherwise(
    tx: Tx, wanted: ranking.Query, account_type: str | None
) -> tuple[list[ranking.Place], bool]:
    """The same for the first other way to read the query by which something is found."""
    for words in _readings(tuple(core_name(wanted.folded).split())):
        found, more = await queries.with_words(
            tx, words, account_type=account_type, limit=_CANDIDATES
        )
        if found:
            return sorted(ranking.places(wanted, found).values()), more
    return [], False


def _readings(words: tuple[str, ...]) -> Iterable[tuple[str, ...]]:
    """A trade in Vietnamese, joined words apart, and words joined."""
    if (translated := in_vietnamese(words)) != words:
        yield translated
    apart = [syllables.split(word, most=_MOST_READINGS) or [(word,)] for word in words]
    for number in range(_MOST_READINGS):
        read = tuple(part for ways in apart for part in ways[min(number, len(ways) - 1)])
        if read != words and any(number < len(ways) for ways in apart):
            yield read
    if len(words) > 1 and all(len(word) > 1 for word in words):
        yield ("".join(words),)


def _fewer(words: tuple[str, ...]) -> Iterable[tuple[str, ...]]:
    """The words without one of them, and the beginnings of all."""
    if len(words) > 1:
        for left_out in range(min(len(words), _MOST_LEFT_OUT)):
            yield (*words[:left_out], *words[left_out + 1 :])
    yield tuple(word[:_BEGINNING] for word in words)


def _likeness(wanted: tuple[str, ...], name: str) -> float:
    """How like they are: the share of words that begin one of the name, or letters in common."""
    there = name.split()
    hits = sum(any(one.startswith(word) for one in there) for word in wanted)
    letters = SequenceMatcher(None, " ".join(wanted), name, autojunk=False).ratio()
    return max(hits / len(wanted) if wanted else 0, letters)
