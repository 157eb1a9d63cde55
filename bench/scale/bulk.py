"""Bulk rows: a company of a million accounts in minutes, in rows that are those of the service.

One account is made by the service. The others are copies of its row with what has to differ: id,
name, folded name and search key, made by the functions the service calls. Triggers and generated
columns of the database fill the search index, as ever. `check` holds rows against the service.
"""

from collections.abc import Callable, Iterator, Mapping, Sequence
from itertools import islice
from typing import Any

from sqlalchemy import insert, text

from bench.company import names
from domain.accounts import service as accounts
from domain.accounts.queries import SEARCHED
from domain.accounts.rules import AccountType
from domain.accounts.tables import Account
from domain.contacts.tables import Contact
from domain.kernel.clock import VIETNAM, Clock
from domain.kernel.ids import new_id
from domain.store import search
from domain.store.chain import SYSTEM, Event
from domain.store.engine import Database
from domain.store.tx import Tx, writing

BATCH = 10_000
KEPT = 1_000  # how many accounts are remembered, evenly from all
# What no two rows share, or what says when the row was made.
_OWN = {"id", "search_key", "created_at", "updated_at"}
_ROWS = text("SELECT * FROM account WHERE tenant_id = :tenant AND id IN (:one, :other)")

Known = list[tuple[str, str]]  # id and name of some accounts


class _DryRun(Exception):
    pass


async def fill(
    database: Database,
    tenant_id: str,
    clock: Clock,
    count: int,
    progress: Callable[[int], None] = lambda _: None,
) -> Known:
    """Add that many accounts; some of them, evenly from all."""
    known: Known = []
    todo, step, done = names(count), max(1, count // KEPT), 0
    async with writing(database, tenant_id, clock) as tx:
        pattern = await _made_by_the_service(tx, next(todo), clock)
        tx.record(Event("bench.made", SYSTEM))
    known.append((pattern["id"], pattern["name"]))
    while batch := list(_copies(pattern, islice(todo, BATCH))):
        async with writing(database, tenant_id, clock) as tx:
            connection = await tx.session.connection()
            await connection.execute(insert(Account), batch)
            await connection.execute(
                insert(Contact), [somebody(row, done + n) for n, row in enumerate(batch)]
            )
        known += [(row["id"], row["name"]) for row in batch[step - 1 :: step]]
        done += len(batch)
        progress(done)
    return known


async def check(
    database: Database, tenant_id: str, clock: Clock, known: Sequence[tuple[str, str]]
) -> None:
    """Let the service write an account of each of these names, compare, and leave no trace."""
    try:
        async with writing(database, tenant_id, clock) as tx:
            for id, name in known:
                await _check_one(tx, clock, id, name)
            raise _DryRun
    except _DryRun:
        return


async def _check_one(tx: Tx, clock: Clock, id: str, name: str) -> None:
    other = (await _made_by_the_service(tx, name, clock))["id"]
    connection = await tx.session.connection()
    rows = await connection.execute(_ROWS, {"tenant": tx.tenant_id, "one": id, "other": other})
    copied, written = sorted(rows.mappings().all(), key=lambda row: row["id"] == other)
    for column in written:
        same = type if column in _OWN else _itself
        assert same(copied[column]) == same(written[column]), f"{column} of {name}"
    assert copied["search_key"] < written["search_key"]
    # Found by the same words, whole and cut short: the index has the same of both.
    words = copied["folded"].split()
    for short in (words, [word[:2] for word in words[:-1]] + words[-1:]):
        found = {row.id for row in await search.candidates(tx, SEARCHED, short, limit=100_000)}
        assert {id, other} <= found, f"the index lacks {name}"


async def _made_by_the_service(tx: Tx, name: str, clock: Clock) -> Mapping[str, Any]:
    card = await accounts.create(
        tx, name=name, account_type=AccountType.LLC, on=clock.now().astimezone(VIETNAM).date()
    )
    row = await tx.get(Account, card.id)
    assert row is not None
    return {column.key: getattr(row, column.key) for column in Account.__mapper__.column_attrs}


def _copies(pattern: Mapping[str, Any], todo: Iterator[str]) -> Iterator[dict[str, Any]]:
    for name in todo:
        yield {
            **pattern,
            "id": new_id(),
            "name": name,
            "folded": accounts.folded(name),
            "search_key": search.new_key(),
        }


_FAMILIES = ("Nguyễn", "Trần", "Lê", "Phạm", "Hoàng", "Vũ", "Đặng", "Bùi", "Đỗ", "Hồ")
_MIDDLES = ("Thị", "Văn", "Minh", "Thu", "Đức", "Ngọc", "Quang")
_GIVENS = ("Hòa", "An", "Mai", "Hùng", "Lan", "Khoa", "Thảo", "Tuấn", "Vy", "Sơn", "Hà")


def named(number: int) -> str:
    """The name of somebody at the account of this number; many are called alike."""
    family, middle = _FAMILIES[number % 10], _MIDDLES[number // 10 % 7]
    return f"{family} {middle} {_GIVENS[number // 70 % 11]} {number // 770}"


def phone_of(number: int) -> str:
    """Their number."""
    return f"+849{number:08}"


def somebody(account: Mapping[str, Any], number: int) -> dict[str, Any]:
    """Who works at an account, as the service would keep them."""
    name = named(number)
    family, middle, given = name.split(" ", 2)
    return {
        "tenant_id": account["tenant_id"],
        "id": new_id(),
        "account_id": account["id"],
        "family_name": family,
        "middle_name": middle,
        "given_name": given,
        "display_name": name,
        "folded": accounts.folded(name),
        "email": None,
        "phone_e164": phone_of(number),
        "salutation": "neutral",
        "is_primary": True,
        "created_at": account["created_at"],
        "updated_at": account["updated_at"],
    }


def _itself(value: Any) -> Any:
    return value
