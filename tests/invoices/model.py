"""Naive billing: the same drafts kept in lists, by somebody who adds up with fractions each time.

Knows nothing of domain/invoices but its rules: a draft says what its entries say but for those left
out; a line holds all hours of one role, phase and rate and is rounded once; what is signed stays;
what a sent invoice bills is nobody else's.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from fractions import Fraction

from tests.vat import naive

Key = tuple[str, str | None, int]


@dataclass
class Entry:
    """Time that somebody logged."""

    id: str
    key: Key
    hours: int


@dataclass
class Line:
    """A line: which time it holds, and what it says if somebody worded it."""

    key: Key
    words: str | None = None


@dataclass
class Bill:
    """An invoice. `shown` is what was on it when it last changed."""

    number: int
    lines: list[Line] = field(default_factory=list)
    on: list[Entry] = field(default_factory=list)
    out: list[Entry] = field(default_factory=list)
    status: str = "draft"
    is_locked: bool = False
    version: int = 0
    shown: tuple[object, ...] = ()


@dataclass
class Month:
    """Work of one engagement in one month: its time, and its invoices in their order."""

    currency: str
    rate: str
    entries: list[Entry] = field(default_factory=list)
    bills: list[Bill] = field(default_factory=list)

    @property
    def draft(self) -> Bill | None:
        """The one that is not sent."""
        return next((bill for bill in self.bills if bill.status == "draft"), None)

    def free(self) -> list[Entry]:
        """What no sent invoice bills."""
        sent = [one.id for bill in self.bills if bill.status == "sent" for one in bill.on]
        return [one for one in self.entries if one.id not in sent]

    def ask(self, number: int) -> Bill | None:
        """The draft, asked for again or made under this number; None: there is nothing to bill."""
        bill = self.draft
        if bill is None:
            if not self.free():
                return None
            bill = Bill(number)
            self.bills.append(bill)
        if not bill.is_locked:
            out = [one.id for one in bill.out]
            bill.on = [one for one in self.free() if one.id not in out]
            self.settle(bill)
        return bill

    def settle(self, bill: Bill) -> None:
        """Put the lines in order and count a version if it says something else than before."""
        wanted = {one.key for one in bill.on}
        bill.lines = [line for line in bill.lines if line.key in wanted]
        known = [line.key for line in bill.lines]
        new = sorted(wanted - set(known), key=lambda key: (key[0], key[1] or "", key[2]))
        bill.lines += [Line(key) for key in new]
        says = self.says(bill)
        if says != bill.shown:
            bill.shown = says
            bill.version += 1

    def says(self, bill: Bill) -> tuple[object, ...]:
        """Lines, sums and entries."""
        rows = []
        for line in bill.lines:
            hours = sum(one.hours for one in bill.on if one.key == line.key)
            exact = Fraction(line.key[2] * hours, 100)
            rows.append((line.key, line.words, hours, naive.rounded(exact, self.currency)))
        amounts = [(row[3], self.rate) for row in rows]
        _, taxes = naive.taxes(amounts, self.currency)
        subtotal, tax = sum(amount for amount, _ in amounts), sum(taxes)
        sums = (subtotal, tax, subtotal + tax)
        return (tuple(rows), tuple(taxes), sums, _ids(bill.on), _ids(bill.out))

    def leave_out(self, bill: Bill, entry: Entry) -> None:
        """Take an entry from its line."""
        bill.on.remove(entry)
        bill.out.append(entry)
        self.settle(bill)

    def bring_back(self, bill: Bill, entry: Entry) -> None:
        """Put it back."""
        bill.out.remove(entry)
        bill.on.append(entry)
        self.settle(bill)

    def word(self, bill: Bill, place: int, words: str) -> None:
        """Say something else on a line, by its place from 0."""
        bill.lines[place].words = words
        self.settle(bill)

    def move(self, bill: Bill, place: int, to: int) -> None:
        """Move a line to a place from 1; behind the last is the last."""
        line = bill.lines.pop(place)
        bill.lines.insert(to - 1, line)
        self.settle(bill)

    def billed(self) -> frozenset[str]:
        """The ids of entries that stand on a line."""
        return frozenset(one.id for bill in self.bills for one in bill.on)


def _ids(entries: Iterable[Entry]) -> Sequence[str]:
    return tuple(sorted(one.id for one in entries))
