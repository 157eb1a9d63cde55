"""Whatever is billed, signed, sent, refused, never heard of and paid in any order: do invoices and
the books say what somebody says who keeps a list with a pencil?
"""

import asyncio
from collections.abc import Iterator
from contextlib import AsyncExitStack
from dataclasses import dataclass, field
from datetime import timedelta
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

from domain.einvoices import queries as einvoices
from domain.invoices import queries as invoices
from domain.ledger import service as ledger
from domain.receipts import queries as receipts
from tests.issuing.ground import BUYER, OFFICE, TODAY, Office, sendable
from tests.receipts.ground import Feed, event, feed, own_account, told, worked
from tests.world import World, fault_code, opened

pytestmark = pytest.mark.both

RATE = 700_000  # dong an hour, and 8 or 10 percent of it
PLACES = st.integers(0, 9)
# How the provider behaves, and where that leaves the invoice: sent, a draft again, or in between.
AFTER = {
    "accepts": "sent",
    "rejects": "draft",
    "unreachable": "draft",
    "silent": "between",
    "late": "between",
}


@dataclass
class Sale:
    """An invoice as the list has it."""

    id: str
    total: int
    state: str = "draft"  # draft, signed, between, sent
    action_id: str = ""
    number: int | None = None
    paid: int = 0


@dataclass
class Pencil:
    """The list, the last number that was taken, and what earlier lists left in the books."""

    last: int = 0
    owed: int = 0
    billed: int = 0
    sales: list[Sale] = field(default_factory=list)

    def of(self, state: str) -> list[Sale]:
        """Those that stand so."""
        return [one for one in self.sales if one.state == state]


@dataclass
class Scene:
    """A world for all examples, a loop to reach it by, and the list of the last one."""

    runner: asyncio.Runner
    office: Office
    endpoint: Feed
    pencil: Pencil = field(default_factory=Pencil)


@pytest.fixture
def scene(base: str) -> Iterator[Scene]:
    """Of a database of each kind."""
    with asyncio.Runner() as runner:
        stack = AsyncExitStack()
        world: World = runner.run(stack.enter_async_context(opened(base)))
        try:
            runner.run(own_account(world, in_use=True))
            yield Scene(runner, Office(world), runner.run(feed(world)))
        finally:
            runner.run(stack.aclose())


def some(state: str) -> Any:
    """Only while an invoice stands so."""
    return precondition(lambda self: self.pencil.of(state))


class Sending(RuleBasedStateMachine):
    """Invoices of one company, real and on the list."""

    scene: Scene

    @initialize()
    def begin(self) -> None:
        self.office, self.world = self.scene.office, self.scene.office.world
        before = self.scene.pencil
        self.scene.pencil = self.pencil = Pencil(before.last, before.owed, before.billed)

    def run(self, doing: Any) -> Any:
        return self.scene.runner.run(doing)

    def chosen(self, state: str, place: int) -> Sale:
        those = self.pencil.of(state)
        return those[place % len(those)]

    @rule(hours=st.sampled_from([1, 33, 100, 725]))
    def work_is_billed(self, hours: int) -> None:
        draft = self.run(self._billed(hours))
        assert draft["subtotal_minor"] == RATE * hours // 100
        self.pencil.sales.append(Sale(draft["invoice_id"], draft["total_minor"]))

    async def _billed(self, hours: int) -> dict[str, Any]:
        work = await sendable(self.world, buyer=BUYER, currency="VND", vat_category="standard")
        return await self.office.draft(work, hours, rate_minor=RATE)

    @some("draft")
    @rule(place=PLACES)
    def it_is_signed(self, place: int) -> None:
        sale = self.chosen("draft", place)
        sale.action_id = self.run(self.office.signed({"invoice_id": sale.id}))
        sale.state = "signed"

    @some("signed")
    @rule(place=PLACES, behaviour=st.sampled_from(sorted(AFTER)))
    def it_is_carried_out(self, place: int, behaviour: str) -> None:
        sale = self.chosen("signed", place)
        # What is signed anew in the same instant has the same bytes, and one name at the provider.
        self.office.world.clock.move(timedelta(seconds=1))
        self.office.provider.behaviour = behaviour
        self.run(self.world.execute(sale.action_id))
        if sale.number is None:
            self.pencil.last += 1
            sale.number = self.pencil.last
        sale.state = AFTER[behaviour]

    @some("between")
    @rule(answer=st.sampled_from(["accepts", "rejects"]))
    def the_provider_is_asked_again(self, answer: str) -> None:
        self.office.provider.behaviour = answer
        self.world.clock.move(timedelta(minutes=1))
        self.run(self.world.executor().run_due(self.world.ours.id))
        left = self.pencil.of("signed")  # a worker takes these up as well, in no certain order
        new = [one for one in left if one.number is None]
        for sale in new:
            sale.number = self.run(self._number_of(sale.id))
        numbers = sorted(one.number or 0 for one in new)
        assert numbers == [self.pencil.last + n + 1 for n in range(len(new))]
        self.pencil.last += len(new)
        for sale in left + self.pencil.of("between"):
            sale.state = AFTER[answer]

    @some("between")
    @rule(place=PLACES)
    def nobody_can_send_it_a_second_time(self, place: int) -> None:
        sale = self.chosen("between", place)
        asked = self.run(self.world.call("inv_send_invoice", agent=OFFICE, invoice_id=sale.id))
        assert fault_code(asked) == "INVOICE_LOCKED"

    @some("sent")
    @rule(place=PLACES, rounding=st.sampled_from([0, 7, -1000]))
    def the_customer_pays(self, place: int, rounding: int) -> None:
        """A second transfer waits for people: nothing is open that it could settle."""
        sale = self.chosen("sent", place)
        self.run(self._paid(sale, rounding))
        sale.paid = sale.total

    async def _paid(self, sale: Sale, rounding: int) -> None:
        async with self.world.looking() as tx:
            row = (await invoices.by_ids(tx, [sale.id]))[sale.id]
        transfer = event(sale.total + rounding, row.payment_reference)
        await told(self.world, self.scene.endpoint, transfer)
        await worked(self.world)

    # --- what must hold ---

    @invariant()
    def both_say_the_same(self) -> None:
        expected = {
            one.id: ("sent" if one.state == "sent" else "draft", one.number, one.total - one.paid)
            for one in self.pencil.sales
        }
        assert self.run(self._real()) == expected

    async def _real(self) -> dict[str, tuple[str, int | None, int]]:
        ids = [one.id for one in self.pencil.sales]
        async with self.world.looking() as tx:
            rows = await invoices.by_ids(tx, ids)
            settled = await receipts.applied(tx, ids)
        return {
            id: (
                rows[id].status,
                await self._number_of(id),
                rows[id].total_minor - settled.get(id, 0),
            )
            for id in ids
        }

    @invariant()
    def the_books_hold_what_was_sent_and_is_not_paid(self) -> None:
        balance = self.run(self._balance())
        sent = self.pencil.of("sent")
        owed = self.pencil.owed + sum(one.total - one.paid for one in sent)
        assert (balance.difference_minor, self._side(balance, "receivable")) == (0, owed)
        billed = self.pencil.billed + sum(one.total for one in sent)
        assert self._side(balance, "revenue") + self._side(balance, "output_vat") == -billed

    def teardown(self) -> None:
        """Nothing is left in between for the next list."""
        self.the_provider_is_asked_again("accepts")
        self.both_say_the_same()
        sent = self.pencil.of("sent")
        self.pencil.owed += sum(one.total - one.paid for one in sent)
        self.pencil.billed += sum(one.total for one in sent)

    async def _balance(self) -> Any:
        async with self.world.looking() as tx:
            return await ledger.trial_balance(tx, TODAY + timedelta(days=400))

    def _side(self, balance: Any, role: str) -> int:
        sums = [one for one in balance.sums if one.account.role.value == role]
        return sum(one.balance_minor for one in sums)

    async def _number_of(self, invoice_id: str) -> int | None:
        async with self.world.looking() as tx:
            row = await einvoices.of_invoice(tx, invoice_id)
        return row.number if row is not None else None


def test_real_invoices_are_sent_booked_and_paid_as_the_list_says(scene: Scene) -> None:
    machine = type("Machine", (Sending,), {"scene": scene})
    run_state_machine_as_test(
        machine,
        settings=settings(max_examples=4, stateful_step_count=20, deadline=None),
    )
