"""Searching of contacts: who is meant by a name, a phone number, an e-mail address or a title?"""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from difflib import SequenceMatcher
from typing import Any

from domain.accounts import queries as accounts
from domain.accounts import searching as account_search
from domain.accounts import service as account_service
from domain.accounts.searching import AccountPage
from domain.contacts import queries
from domain.kernel.email import spelling
from domain.kernel.faults import Fault
from domain.kernel.folding import fold
from domain.store.tx import Tx
from domain.vn.phones import phone_e164

_CANDIDATES = 200
_FEWEST_DIGITS = 8  # of what may be a phone number
_DIALLED = re.compile(r"[0-9+().\-/\s]+")
_DOMAIN = re.compile(r"(?:[^\s@]*@)?((?:[\w-]+\.)+[^\W\d]{2,})")
_NEAREST = 3
_NEAREST_CANDIDATES = 20
_MOST_LEFT_OUT = 5
_BEGINNING = 3
_ALIKE = 0.6

# Best first: who is reached so, who is called so, whose name has the words, and the others.
_REACHED, _CALLED, _NAMED, _OTHER = range(4)
Place = tuple[int, str, str]


@dataclass(frozen=True, slots=True)
class ContactPage:
    """A page of contacts with the names of their accounts. `next` continues it; `truncated` says
    that more match; `nearest` are what comes nearest where nobody fits.
    """

    contacts: list[Any]
    next: Place | None
    truncated: bool
    nearest: list[Any]


async def find(
    tx: Tx,
    *,
    query: str,
    account_id: str | None,
    limit: int,
    after: Sequence[int | str] | None = None,
) -> ContactPage:
    """Contacts by phone number or e-mail address in any spelling, its domain, or beginnings of
    words of name, title and address in any order; best first. Raises NOT_FOUND for the account.

    At most a few hundred candidates are ranked: `truncated` without `next` asks for more words.
    """
    if account_id is not None and await accounts.get(tx, account_id) is None:
        raise account_service.unknown()
    rows, more = await _reached(tx, query, account_id)
    if not rows:
        rows = await queries.with_words(
            tx, fold(query).split(), account_id=account_id, limit=_CANDIDATES
        )
        more = len(rows) == _CANDIDATES
    places = sorted(_place(query, row) for row in rows)
    if after is not None:
        places = [place for place in places if place > tuple(after)]
    page = places[:limit]
    next_ = page[-1] if len(places) > limit else None
    found = await _shown(tx, [id for *_, id in page])
    close = [] if rows else await _nearest(tx, query, account_id)
    return ContactPage(found, next_, more or next_ is not None, close)


async def customers(
    tx: Tx,
    *,
    query: str | None,
    account_type: str | None,
    limit: int,
    after: Sequence[int | str] | None = None,
) -> AccountPage:
    """Accounts by name or tax code, else by somebody who works there: a phone number, an e-mail
    address, its domain or a name; else those that come nearest.
    """
    page = await account_search.find(
        tx, query=query, account_type=account_type, limit=limit, after=after
    )
    if page.accounts or query is None or after is not None:
        return page
    rows, more = await _reached(tx, query, None)
    if not rows:
        words = fold(query).split()
        called = await queries.with_words(tx, words, limit=_CANDIDATES)
        rows = [row for row in called if _begin_words(words, row.folded)]
        more = len(called) == _CANDIDATES
    by_name = sorted(rows, key=lambda row: (row.folded, row.id))
    ids = list(dict.fromkeys(row.account_id for row in by_name))
    found = [
        card
        for card in await account_search.of_ids(tx, ids)
        if account_type in (None, card.account_type)
    ]
    if found:
        return AccountPage(found[:limit], None, more or len(found) > limit)
    close = await account_search.nearest(tx, query, account_type)
    return AccountPage([], None, truncated=False, nearest=close)


async def _reached(tx: Tx, query: str, account_id: str | None) -> tuple[Sequence[Any], bool]:
    """Who is reached by what was typed, if it is a number, an address or a domain."""
    rows: Sequence[Any] = ()
    if (number := _as_phone(query)) is not None:
        rows = await queries.with_phone(tx, number, limit=_CANDIDATES)
    elif (typed := _DOMAIN.fullmatch(query.strip())) is not None:
        address = query.strip()
        if not address.startswith("@") and "@" in address:
            rows = await queries.with_email(tx, address, limit=_CANDIDATES)
        else:
            rows = await _at_domain(tx, typed[1], account_id)
    fitting = [row for row in rows if account_id in (None, row.account_id)]
    return fitting, len(rows) == _CANDIDATES


async def _at_domain(tx: Tx, typed: str, account_id: str | None) -> Sequence[Any]:
    domain = spelling(f"x@{typed}").partition("@")[2]
    rows = await queries.with_words(
        tx, fold(domain).split(), account_id=account_id, limit=_CANDIDATES
    )
    return [row for row in rows if (row.email_key or "").endswith((f"@{domain}", f".{domain}"))]


def _as_phone(query: str) -> str | None:
    if not _DIALLED.fullmatch(query) or sum(map(str.isdigit, query)) < _FEWEST_DIGITS:
        return None
    try:
        return phone_e164(query)
    except Fault:
        return None


def _place(query: str, row: Any) -> Place:
    words = fold(query).split()
    if not words or not any(word.isalpha() for word in words) or "@" in query:
        kind = _REACHED
    elif sorted(words) == sorted(row.folded.split()):
        kind = _CALLED
    else:
        kind = _NAMED if _begin_words(words, row.folded) else _OTHER
    return kind, row.folded, row.id


def _begin_words(words: Sequence[str], folded: str) -> bool:
    there = folded.split()
    return all(any(one.startswith(word) for one in there) for word in words)


async def _nearest(tx: Tx, query: str, account_id: str | None) -> list[Any]:
    """Up to three people who fit best of those who do not: a word less, or misspelt."""
    words = fold(query).split()
    fewer = [words[:n] + words[n + 1 :] for n in range(min(len(words), _MOST_LEFT_OUT))]
    found: dict[str, Any] = {}
    for some in [*filter(None, fewer), [word[:_BEGINNING] for word in words]]:
        for row in await queries.with_words(
            tx, some, account_id=account_id, limit=_NEAREST_CANDIDATES
        ):
            found[row.id] = row
    wanted = " ".join(sorted(words))
    likeness = {
        row.id: SequenceMatcher(None, wanted, " ".join(sorted(row.folded.split()))).ratio()
        for row in found.values()
    }
    best = sorted(found, key=lambda id: (-likeness[id], id))
    return await _shown(tx, [id for id in best if likeness[id] >= _ALIKE][:_NEAREST])


async def _shown(tx: Tx, ids: Sequence[str]) -> list[Any]:
    rows = await queries.shown(tx, ids)
    return [rows[id] for id in ids]
