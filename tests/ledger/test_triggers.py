"""Triggers of the ledger: what does the database itself refuse its owner, in plain SQL?"""

import pytest
import pytest_asyncio
from sqlalchemy import text
from sqlalchemy.exc import IntegrityError

from domain.kernel.faults import Fault
from domain.ledger import rules, service
from tests.ledger.books import DAY, invoice, posting, source
from tests.world import World

pytestmark = [pytest.mark.asyncio(loop_scope="module"), pytest.mark.both]

LINE = (
    "insert into journal_line (tenant_id, id, entry_id, position, line_count, role, currency,"
    " debit_minor, credit_minor, book_minor) values (:tenant, 'LINE{number}', 'NEW', {values})"
)
HEAD = (
    "insert into journal_entry (tenant_id, id, on_date, source_kind, source_id, cause, line_count,"
    " posted_by, posted_at) select tenant_id, 'NEW', on_date, source_kind, 'OTHER', cause, {count},"
    " posted_by, posted_at from journal_entry where id = :entry"
)


def line(number: int, values: str) -> str:
    return LINE.format(number=number, values=values)


BANK = line(1, "1, 2, 'bank', 'VND', 5, 0, 5")
REVENUE = line(2, "2, 2, 'revenue', 'VND', 0, 5, -5")

REFUSED = {
    "an entry is changed": (["update journal_entry set on_date = on_date"], "is append-only"),
    "an entry is deleted": (["delete from journal_entry where id = :entry"], "is append-only"),
    "a line is changed": (["update journal_line set book_minor = 1"], "is append-only"),
    "a line is deleted": (["delete from journal_line where entry_id = :entry"], "is append-only"),
    "a head without lines": ([HEAD.format(count=2)], "comes after its lines"),
    "a head of one line": (
        [BANK.replace("1, 2,", "1, 1,"), HEAD.format(count=1)],
        "journal_entry ",
    ),
    "a head that counts other lines": ([BANK, REVENUE, HEAD.format(count=3)], "comes after its"),
    "a line that is missing": (
        [line(1, "1, 2, 'bank', 'USD', 1, 0, 0"), HEAD.format(count=2)], "journal_entry ",
    ),
    "one side": (
        [BANK, line(2, "2, 2, 'revenue', 'VND', 5, 0, 5"), HEAD.format(count=2)],
        "is not balanced",
    ),
    "one dong less": (
        [BANK, line(2, "2, 2, 'revenue', 'VND', 0, 4, -4"), HEAD.format(count=2)],
        "is not balanced",
    ),
    "two currencies, equal in the books": (
        [BANK, line(2, "2, 2, 'revenue', 'USD', 0, 1, -5"), HEAD.format(count=2)],
        "is not balanced",
    ),
    "dollars that are balanced, and not in the books": (
        [line(1, "1, 2, 'bank', 'USD', 1, 0, 5"), line(2, "2, 2, 'revenue', 'USD', 0, 1, -4"),
         HEAD.format(count=2)],
        "is not balanced",
    ),
    "both sides of a line": ([line(1, "1, 2, 'bank', 'VND', 5, 5, 0")], "stands on one side"),
    "an amount below zero": ([line(1, "1, 2, 'bank', 'VND', -5, 0, -5")], "stands on one side"),
    "a line of nothing": ([line(1, "1, 2, 'bank', 'USD', 0, 0, 0")], "stands on one side"),
    "dong that the books know differently": (
        [line(1, "1, 2, 'bank', 'VND', 5, 0, 6")], "stands on one side",
    ),
    "a debit that the books know as a credit": (
        [line(1, "1, 2, 'bank', 'USD', 5, 0, -6")], "stands on one side",
    ),
    "a place outside": ([line(1, "3, 2, 'bank', 'VND', 5, 0, 5")], "has a place among"),
    "a place before the first": ([line(1, "0, 2, 'bank', 'VND', 5, 0, 5")], "has a place among"),
    "a line more for an entry that is there": (
        [BANK.replace("'NEW'", ":entry")], "whose head is still to come",
    ),
    "a place that is taken": (
        [BANK, line(2, "1, 2, 'revenue', 'VND', 0, 5, -5")], "unique",
    ),
    "a source a second time": (
        [BANK, REVENUE, HEAD.format(count=2).replace("'OTHER'", "source_id")], "unique",
    ),
    "lines of another tenant's entry": (
        [BANK.replace(":tenant", ":other"), REVENUE.replace(":tenant", ":other"),
         HEAD.format(count=2)],
        ("comes after its lines", "DATABASE_ROLE_DENIED"),
    ),
}  # fmt: skip


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def names(shared: World) -> dict[str, str]:
    """An entry that is in the books."""
    async with posting(shared) as tx:
        entry = await service.post(tx, DAY, rules.accepted(invoice((5, 1))), source(shared))
    return {"entry": entry.id, "tenant": shared.ours.id, "other": shared.theirs.id}


async def attempt(world: World, names: dict[str, str], statements: list[str]) -> str:
    """The message with which one of the statements is refused; "" when all are carried out."""
    try:
        async with world.owning() as tx:
            for statement in statements:
                await tx.session.execute(
                    text(statement), {k: v for k, v in names.items() if f":{k}" in statement}
                )
            raise _Undone
    except IntegrityError as error:
        return str(error.orig)
    except Fault as error:
        return error.code
    except _Undone:
        return ""


class _Undone(Exception):
    """Ends a transaction that was not refused, without leaving anything."""


async def test_an_entry_that_is_sound_is_taken(shared, names):
    assert await attempt(shared, names, [BANK, REVENUE, HEAD.format(count=2)]) == ""


@pytest.mark.parametrize("what", REFUSED)
async def test_the_database_refuses(shared, names, what):
    statements, words = REFUSED[what]

    refused = await attempt(shared, names, statements)

    wanted = (words,) if isinstance(words, str) else words
    assert any(one in refused or one in refused.lower() for one in wanted), refused


@pytest.mark.parametrize("lines", [[BANK], [BANK, REVENUE]])
async def test_lines_do_not_stay_without_a_head_and_the_next_transaction_begins(
    shared, names, lines
):
    async def left() -> None:
        async with shared.owning() as tx:
            for statement in lines:
                await tx.session.execute(text(statement), {"tenant": names["tenant"]})

    with pytest.raises(IntegrityError):
        await left()
    assert await attempt(shared, names, [BANK, REVENUE, HEAD.format(count=2)]) == ""
