"""Killed between any two writes of sending, an invoice has one hóa đơn and one posting, or none."""

from collections.abc import Iterator
from datetime import timedelta

import pytest
from sqlalchemy import select

from domain.einvoices.tables import EInvoice
from domain.invoices.tables import Invoice
from domain.ledger.tables import JournalEntry
from tests.faults.dying import Mortals, template
from tests.faults.standing import chain_holds
from tests.issuing.ground import LastingProvider, Office
from tests.world import World

pytestmark = pytest.mark.both

LEASE_IS_OVER = timedelta(minutes=3)
WINDOW_IS_OVER = timedelta(minutes=20)


@pytest.fixture(scope="module")
def mortals() -> Iterator[Mortals]:
    """Processes that die where they are told to."""
    with template() as ready:
        yield ready


async def approved(office: Office) -> tuple[str, str]:
    """An invoice of work of its own that the account manager has signed, and its action."""
    draft = await office.draft(None, 1)  # so little that no sum of a day asks the CFO
    return draft["invoice_id"], await office.signed(draft)


async def stands(world: World, invoice_id: str, action_id: str) -> tuple[str, str, str | None]:
    """The states of action, invoice and hóa đơn."""
    async with world.looking() as tx:
        invoice = await tx.first(select(Invoice.status).where(Invoice.id == invoice_id))
        hoadon = await tx.first(select(EInvoice.state).where(EInvoice.invoice_id == invoice_id))
    return await world.state(action_id), str(invoice), hoadon


async def test_killed_anywhere_an_invoice_is_sent_once_or_a_draft_again(world, mortals, tmp_path):
    """Each process dies one moment later than the one before, over an invoice of its own."""
    provider = LastingProvider(folder=tmp_path)
    office = Office(world, provider)
    how = {"provider": str(tmp_path), "skips_reads": True}
    mortals.practise(world, "run", action_id=(await approved(office))[1], **how)
    dead, moment, ending = [], 0, None
    while ending is None or ending.died:
        moment += 1
        dead.append(await approved(office))
        ending = mortals.send(world, "run", action_id=dead[-1][1], dies_at=moment, **how)
        assert await stands(world, *dead[-1]) in (
            ("approved", "draft", None),
            ("executing", "draft", "signed"),
            ("succeeded", "sent", "accepted"),
        ), ending.last
    assert moment > 25, "so short a life has not been watched"

    for move in (timedelta(), LEASE_IS_OVER, LEASE_IS_OVER, WINDOW_IS_OVER):
        world.clock.move(move)
        mortals.send(world, "work", **how)

    for one in dead:
        assert await stands(world, *one) in (
            ("succeeded", "sent", "accepted"),
            ("failed", "draft", "rejected"),
        )
    async with world.looking() as tx:
        sent = await tx.all(select(Invoice.id).where(Invoice.status == "sent"))
        booked = await tx.all(select(JournalEntry.source_id))
        numbers = await tx.all(select(EInvoice.number))
    assert sorted(sent) == sorted(booked)
    assert sorted(numbers) == list(range(1, len(numbers) + 1))
    assert len(provider.numbers()) == len(set(provider.numbers())) == len(sent)
    await chain_holds(world)
