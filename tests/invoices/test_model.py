"""Whatever is logged, drafted, cut, signed and sent in any order: do the real invoices say what
somebody says who adds everything up anew each time?
"""

import asyncio
from collections.abc import Iterator
from contextlib import AsyncExitStack
from dataclasses import dataclass
from datetime import date
from typing import Any

import pytest
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import (
    RuleBasedStateMachine,
    initialize,
    invariant,
    precondition,
    rule,
    run_state_machine_as_test,
)

from domain.engagements import queries as engagements
from domain.engagements import time_entries
from domain.engagements.time_entries import Worked
from domain.invoices import audit, drafting, editing, queries, service
from domain.invoices.editing import DraftChanges, LineChange
from domain.invoices.rules import LineKey, described
from domain.kernel.faults import Fault
from domain.store.audit_report import Report
from domain.store.visibility import SYSTEM
from tests.invoices.ground import TODAY, Work, being_sent, log, work
from tests.invoices.model import Bill, Entry, Month
from tests.world import World, opened

pytestmark = pytest.mark.both

PERIOD, DAY, TITLE = "2026-04", date(2026, 4, 7), "Nền tảng Acme"
# Hours of which rates make halves, and rates that differ by one.
HOURS = st.sampled_from([1, 25, 33, 50, 150, 2400])
RATES = st.sampled_from([1, 3, 15_000, 700_001])
PLACES = st.integers(0, 7)


@dataclass
class Scene:
    """A world for all examples, a loop to reach it by, and how many numbers of April are taken."""

    runner: asyncio.Runner
    world: World
    numbers: int = 0


@pytest.fixture
def scene(base: str) -> Iterator[Scene]:
    """Of a database of each kind."""
    with asyncio.Runner() as runner:
        stack = AsyncExitStack()
        world = runner.run(stack.enter_async_context(opened(base)))
        try:
            yield Scene(runner, world)
        finally:
            runner.run(stack.aclose())


class Billing(RuleBasedStateMachine):
    """One engagement in April, real and naive."""

    scene: Scene

    @initialize(dong=st.booleans())
    def begin(self, dong: bool) -> None:
        self.world = self.scene.world
        made = work(
            self.world,
            currency="VND" if dong else "USD",
            vat_category="standard" if dong else "reduced",
        )
        self.work: Work = self.run(made)
        self.month = Month(self.work.currency, "10%" if dong else "8%")
        self.ids: dict[int, str] = {}  # of the real invoices, by the number of the naive one

    def run(self, doing: Any) -> Any:
        return self.scene.runner.run(doing)

    # --- time ---

    @rule(
        hours=HOURS,
        rate=RATES,
        role=st.sampled_from(["a", "b"]),
        phase=st.sampled_from([None, "x"]),
    )
    def time_is_logged(self, hours: int, rate: int, role: str, phase: str | None) -> None:
        fields = {"role": role, "phase": phase, "rate_minor": rate, "worked_on": DAY}
        id = self.run(
            log(
                self.world, self.work, hours, member=self._member(len(self.month.entries)), **fields
            )
        )
        self.month.entries.append(Entry(id, (role, phase, rate), hours))

    @precondition(lambda self: self.month.entries)
    @rule(place=PLACES, hours=HOURS)
    def time_is_corrected_unless_it_is_billed(self, place: int, hours: int) -> None:
        entry = self.month.entries[place % len(self.month.entries)]
        code = self.run(self._corrected(entry, hours))
        is_fixed = entry.id in self.month.billed() and hours != entry.hours
        assert code == ("ENTRY_BILLED" if is_fixed else None)
        if code is None:
            entry.hours = hours

    def _member(self, place: int) -> str:
        """One for each entry and example, because nobody works more than a day in a day."""
        return f"{self.work.code}-{place}"

    async def _corrected(self, entry: Entry, hours: int) -> str | None:
        member = self._member(self.month.entries.index(entry))
        said = Worked(
            engagement=self.work.code, member=member, worked_on=DAY, hours_hundredths=hours,
            role=entry.key[0], phase=entry.key[1], entry_id=entry.id,
        )  # fmt: skip
        try:
            async with self.world.owning() as tx:
                await time_entries.log(tx, [said], recorded_by="human:x")
        except Fault as fault:
            return fault.code
        return None

    # --- drafts ---

    @rule()
    def the_month_is_drafted(self) -> None:
        was = self.month.draft
        before = was.version if was else 0
        bill = self.month.ask(self.scene.numbers + 1)
        made = self.run(self._drafted())
        if bill is None:
            assert made == "NOTHING_TO_BILL"
            return
        assert (made.is_new, made.changed) == (was is None, bill.version > before)
        if made.is_new:
            self.scene.numbers += 1
            self.ids[bill.number] = made.invoice.id

    async def _drafted(self) -> Any:
        try:
            async with self.world.owning() as tx:
                return await drafting.draft(
                    tx, SYSTEM, self.work.code, PERIOD, on=TODAY, by="human:x"
                )
        except Fault as fault:
            return fault.code

    @precondition(lambda self: self.month.draft and self.month.draft.on)
    @rule(place=PLACES)
    def an_entry_is_left_out(self, place: int) -> None:
        bill = self.month.draft
        entry = bill.on[place % len(bill.on)]
        line = [one.key for one in bill.lines].index(entry.key)
        if self._changed(bill, line=line, leave_out=(entry.id,)):
            self.month.leave_out(bill, entry)

    @precondition(lambda self: self.month.draft and self.month.draft.out)
    @rule(place=PLACES)
    def an_entry_is_brought_back(self, place: int) -> None:
        bill = self.month.draft
        entry = bill.out[place % len(bill.out)]
        if self._changed(bill, bring_back=(entry.id,)):
            self.month.bring_back(bill, entry)

    @precondition(lambda self: self.month.draft and self.month.draft.lines)
    @rule(place=PLACES, words=st.sampled_from(["Thiết kế", "Xây dựng"]))
    def a_line_is_worded(self, place: int, words: str) -> None:
        bill = self.month.draft
        line = place % len(bill.lines)
        if self._changed(bill, line=line, description=words):
            self.month.word(bill, line, words)

    @precondition(lambda self: self.month.draft and self.month.draft.lines)
    @rule(place=PLACES, to=st.integers(1, 9))
    def a_line_is_moved(self, place: int, to: int) -> None:
        bill = self.month.draft
        line = place % len(bill.lines)
        if self._changed(bill, line=line, position=to):
            self.month.move(bill, line, to)

    def _changed(self, bill: Bill, *, line: int | None = None, **change: Any) -> bool:
        """Change the real draft; whether it could be changed, which the naive one foretells."""
        code = self.run(self._updated(self.ids[bill.number], line, change))
        assert (code == "INVOICE_LOCKED") == bill.is_locked, code
        return code is None

    async def _updated(self, id: str, line: int | None, change: dict[str, Any]) -> str | None:
        try:
            async with self.world.owning() as tx:
                lines = await queries.lines_of(tx, [id])
                changes = (
                    DraftChanges(**change)
                    if line is None
                    else DraftChanges(lines=(LineChange(line_id=lines[line].id, **change),))
                )
                await editing.update(tx, SYSTEM, id, changes, on=TODAY)
        except Fault as fault:
            return fault.code
        return None

    # --- signing and sending ---

    @precondition(lambda self: self.month.draft)
    @rule()
    def it_is_signed_or_refused_again(self) -> None:
        bill = self.month.draft
        self.run(self._turned(self.ids[bill.number], lock=not bill.is_locked))
        bill.is_locked = not bill.is_locked

    async def _turned(self, id: str, *, lock: bool) -> None:
        async with self.world.owning() as tx:
            if lock:
                await service.lock(tx, id, issued_on=TODAY, terms_days=30)
            else:
                await service.unlock(tx, id)

    @precondition(lambda self: self.month.draft and self.month.draft.is_locked)
    @rule()
    def it_is_sent(self) -> None:
        bill = self.month.draft
        self.run(self._sent(self.ids[bill.number]))
        bill.status = "sent"
        bill.version += 1

    async def _sent(self, id: str) -> None:
        async with being_sent(self.world, id), self.world.owning() as tx:
            await service.mark_sent(tx, id, at=tx.at)

    # --- what must hold ---

    @invariant()
    def both_say_the_same(self) -> None:
        real = self.run(self._real())
        assert real == [
            (bill.number, bill.status, bill.is_locked, bill.version, bill.shown)
            for bill in self.month.bills
        ]

    async def _real(self) -> list[tuple[Any, ...]]:
        found = []
        async with self.world.looking() as tx:
            for bill in self.month.bills:
                invoice = await queries.by_reference(tx, SYSTEM, self.ids[bill.number])
                lines = await queries.lines_of(tx, [invoice.id])
                time = await queries.time_of(tx, invoice.id)
                rows = tuple(
                    (key := (one.role, one.phase, one.rate_minor),
                     None if one.description == self._plain(key) else one.description,
                     one.hours_hundredths, one.amount_minor)
                    for one in lines
                )  # fmt: skip
                sums = (invoice.subtotal_minor, invoice.vat_minor, invoice.total_minor)
                on, out = (
                    tuple(sorted(one.entry_id for one in time if (one.line_id is None) is gone))
                    for gone in (False, True)
                )
                says = (rows, tuple(one.vat_minor for one in lines), sums, on, out)
                is_locked = invoice.locked_at is not None
                found.append((invoice.label_no, invoice.status, is_locked, invoice.version, says))
        return found

    def _plain(self, key: Any) -> str:
        return described(TITLE, PERIOD, LineKey(*key))

    def teardown(self) -> None:
        assert self.run(self._unlawful()) == []

    async def _unlawful(self) -> list[Any]:
        report = Report(self.world.ours.id)
        async with self.world.looking() as tx:
            ids = [one.id for one in self.month.entries]
            assert set(await engagements.billed(tx, ids)) == self.month.billed()
            for law in (
                audit.amounts_add_up, audit.entries_are_billed_once, audit.numbers_have_no_gap,
            ):  # fmt: skip
                await law(tx, report, None)
        return list(report.findings)


def test_real_invoices_say_what_naive_ones_say(scene: Scene) -> None:
    machine = type("Machine", (Billing,), {"scene": scene})
    run_state_machine_as_test(
        machine,
        settings=settings(
            max_examples=4,
            stateful_step_count=20,
            deadline=None,
        ),
    )
