"""The books beside a plain one: both databases know what a list of lines in Python knows.

Entries come through the service, and past it straight into the tables, sound ones and such as are
off by one: the database takes those that a naive reading of the rules takes, and no other.
"""

import asyncio
from collections import defaultdict
from dataclasses import dataclass, field, replace
from datetime import date, timedelta
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy.exc import IntegrityError

from domain.kernel.faults import Fault
from domain.kernel.ids import new_id
from domain.ledger import service
from domain.ledger.entries import Delta, Dimensions, Line, Source
from domain.ledger.roles import Role
from domain.ledger.tables import JournalEntry, JournalLine
from tests.ledger.books import DAY, posting
from tests.world import NOW

pytestmark = pytest.mark.both

DAYS = [DAY + timedelta(days=n) for n in range(3)]
ROLES = [Role.BANK, Role.RECEIVABLE, Role.REVENUE, Role.FX_GAIN]
Sums = dict[str, tuple[int, int]]


@dataclass(frozen=True)
class Written:
    """A line as somebody writes it who need not follow any rule."""

    role: Role
    currency: str
    debit: int
    credit: int
    book: int
    position: int
    count: int

    def is_sound(self) -> bool:
        """What a line has to be, read naively."""
        if self.debit < 0 or self.credit < 0 or (self.debit and self.credit):
            return False
        if not (self.debit or self.credit or self.book):
            return False
        if (self.debit and self.book < 0) or (self.credit and self.book > 0):
            return False
        return self.currency != "VND" or self.book == self.debit - self.credit


def is_entry(lines: list[Written]) -> bool:
    """Whether these lines are an entry, read naively."""
    sums: dict[str, int] = defaultdict(int)
    for one in lines:
        sums[one.currency] += one.debit - one.credit
    return (
        len(lines) >= 2
        and all(one.is_sound() for one in lines)
        and sorted(one.position for one in lines) == list(range(1, len(lines) + 1))
        and all(one.count == len(lines) for one in lines)
        and not any(sums.values())
        and sum(one.book for one in lines) == 0
    )


@dataclass
class PlainBook:
    """Every line there is, with its day."""

    lines: list[tuple[date, str, int]] = field(default_factory=list)

    def add(self, on: date, lines: list[Written]) -> None:
        self.lines += [(on, one.role.value, one.book) for one in lines]

    def sums(self, as_of: date) -> Sums:
        found: dict[str, tuple[int, int]] = {}
        for on, role, book in self.lines:
            if on <= as_of:
                debit, credit = found.get(role, (0, 0))
                found[role] = (debit + max(book, 0), credit + max(-book, 0))
        return found


@st.composite
def entries(draw: Any) -> list[Written]:
    """The lines of an entry that is sound: pairs of equal amounts, in dong or in dollars."""
    made: list[Written] = []
    for _ in range(draw(st.integers(1, 3))):
        currency = draw(st.sampled_from(["VND", "USD"]))
        minor, there = draw(st.integers(1, 4)), draw(st.integers(0, 4))
        book = minor if currency == "VND" else there
        first, second = draw(st.sampled_from(ROLES)), draw(st.sampled_from(ROLES))
        made += [
            Written(first, currency, minor, 0, book, 0, 0),
            Written(second, currency, 0, minor, -book, 0, 0),
        ]
    made = draw(st.permutations(made))
    return [replace(one, position=n, count=len(made)) for n, one in enumerate(made, 1)]


@st.composite
def forgeries(draw: Any) -> list[Written]:
    """An entry in which one number may be off, or a line may be missing or be there twice."""
    lines = list(draw(entries()))
    n = draw(st.integers(0, len(lines) - 1))
    change = draw(st.sampled_from(
        ["nothing", "debit", "credit", "book", "position", "count", "currency", "gone", "twice"]
    ))  # fmt: skip
    if change == "gone":
        del lines[n]
    elif change == "twice":
        lines.append(replace(lines[n], position=len(lines) + 1))
    elif change == "currency":
        lines[n] = replace(lines[n], currency=draw(st.sampled_from(["VND", "USD", "EUR"])))
    elif change != "nothing":
        step = draw(st.sampled_from([-2, -1, 1, 2]))
        lines[n] = replace(lines[n], **{change: getattr(lines[n], change) + step})
    return lines


STEPS = st.lists(
    st.tuples(
        st.sampled_from(["post", "again", "otherwise", "adjust", "forge", "add"]),
        st.sampled_from(DAYS),
        entries(),
        forgeries(),
    ),
    max_size=8,
)


async def everything(world, company=None) -> list[Sums]:
    found = []
    async with world.looking(company) as tx:
        for day in DAYS:
            balance = await service.trial_balance(tx, day)
            assert balance.difference_minor == 0
            found.append({
                one.account.role.value: (one.debit_minor, one.credit_minor) for one in balance.sums
            })  # fmt: skip
    return found


def together(one: Sums, other: Sums) -> Sums:
    return {
        role: tuple(map(sum, zip(one.get(role, (0, 0)), other.get(role, (0, 0)), strict=True)))
        for role in one.keys() | other.keys()
    }  # type: ignore[return-value]


@settings(
    max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(steps=STEPS)
async def test_the_books_say_what_a_plain_list_of_lines_says(world, steps):
    before, theirs = await everything(world), await everything(world, world.theirs)
    plain = PlainBook()
    posted: list[tuple[Source, date, list[Written], str]] = []

    for what, on, sound, forged in steps:
        if what == "forge":
            if await taken(world, on, forged):
                plain.add(on, forged)
            continue
        if what == "post" or not posted:
            source = Source("person", new_id())
            entry = await through(world, source, on, sound)
            posted.append((source, on, sound, entry.id))
            plain.add(on, sound)
            continue
        source, day, lines, id = posted[-1]
        if what == "again":
            assert (await through(world, source, day, lines)).id == id
        elif what == "otherwise":
            if (day, lines) != (on, sound):
                with pytest.raises(Fault, match="LEDGER_CONFLICT"):
                    await through(world, source, on, sound)
        elif what == "adjust":
            async with posting(world) as tx:
                await service.adjust(tx, source, Delta(on, tuple(map(as_line, sound)), new_id()))
            plain.add(on, sound)
        else:
            assert not await added(world, id, forged)

    expected = [together(before[n], plain.sums(day)) for n, day in enumerate(DAYS)]
    assert await everything(world) == expected
    assert await everything(world, world.theirs) == theirs


def as_line(one: Written) -> Line:
    return Line(one.role, one.currency, one.debit, one.credit, one.book, Dimensions())


async def through(world, source: Source, on: date, lines: list[Written]) -> JournalEntry:
    async with posting(world) as tx:
        return await service.post(tx, on, [as_line(one) for one in lines], source)


async def taken(world, on: date, lines: list[Written]) -> bool:
    """Whether the database takes an entry that comes past the service; it must know an entry."""
    entry_id = new_id()
    try:
        async with world.owning() as tx:
            tx.session.add_all([row(entry_id, one) for one in lines])
            await tx.flush()
            tx.add(head(entry_id, on, len(lines)))
        is_there = True
    except IntegrityError:
        is_there = False
    assert is_there == is_entry(lines), lines
    return is_there


async def added(world, entry_id: str, lines: list[Written]) -> bool:
    """Whether the database lets lines be added to an entry that is there."""
    try:
        async with world.owning() as tx:
            tx.session.add_all([row(entry_id, one) for one in lines])
            await tx.flush()
    except IntegrityError:
        return False
    return bool(lines)


def row(entry_id: str, one: Written) -> JournalLine:
    return JournalLine(
        entry_id=entry_id, position=one.position, line_count=one.count, role=one.role,
        currency=one.currency, debit_minor=one.debit, credit_minor=one.credit, book_minor=one.book,
    )  # fmt: skip


def head(entry_id: str, on: date, count: int) -> JournalEntry:
    return JournalEntry(
        id=entry_id, on_date=on, source_kind="person", source_id=new_id(), cause="",
        line_count=count, posted_by="somebody", posted_at=NOW,
    )  # fmt: skip


@pytest.mark.parametrize("count", [2, 3])
async def test_nobody_adds_a_line_while_the_head_is_being_written(world, count):
    """Who writes at the same time sees no head yet: then the places are taken, or the count."""
    if world.is_sqlite:
        pytest.skip("SQLite has one writer at a time")
    entry_id, lines_are_there = new_id(), asyncio.Event()
    bank = Written(Role.BANK, "VND", 5, 0, 5, 1, 2)
    sound = [bank, Written(Role.REVENUE, "VND", 0, 5, -5, 2, 2)]

    async def honest() -> None:
        async with world.owning() as tx:
            tx.session.add_all([row(entry_id, one) for one in sound])
            await tx.flush()
            tx.add(head(entry_id, DAY, 2))
            await tx.flush()
            lines_are_there.set()
            await asyncio.sleep(0.2)

    async def forger() -> bool:
        await lines_are_there.wait()
        return await added(world, entry_id, [replace(bank, position=count, count=count)])

    _, was_added = await asyncio.gather(honest(), forger())

    assert not was_added
    assert (await everything(world))[0] == {"bank": (5, 0), "revenue": (0, 5)}
