"""Audit of issuing: is an invoice found that its hóa đơn or the books do not bear out?"""

from datetime import date

import pytest
from sqlalchemy import select

from domain.einvoices.tables import EInvoice
from domain.invoices.tables import Invoice, InvoiceLine
from domain.ledger.tables import JournalEntry, JournalLine
from tests.forgery import Archive, kept
from tests.issuing.ground import Office
from tests.world import World

pytestmark = pytest.mark.both

LAWS = (
    "was sent without a hóa đơn that was accepted",
    "has other amounts than its hóa đơn",
    "was sent and is not in the books",
    "is in the books with other amounts",
    "is in the books and was not sent",
)


async def sent(world: World) -> str:
    """An invoice that people signed, and that the authority took."""
    office = Office(world)
    draft = await office.draft(rate_minor=1_000, vat_category="standard")
    await office.sent(draft)
    return str(draft["invoice_id"])


async def found(archive: Archive, invoice_id: str) -> list[str]:
    """What these laws find about the invoice."""
    prefix = f"invoice {invoice_id}: "
    of_it = [one.removeprefix(prefix) for one in await archive.findings() if prefix in one]
    return [one for one in of_it if one in LAWS]


async def entry_of(world: World, invoice_id: str) -> str:
    """Its posting."""
    async with world.looking() as tx:
        asked = select(JournalEntry.id).where(JournalEntry.source_id == invoice_id)
        return str(await tx.first(asked))


async def test_an_invoice_that_was_sent_is_accepted_and_booked(world, tmp_path):
    assert await found(kept(world, tmp_path), await sent(world)) == []


FORGED = {
    "a hóa đơn refused after all": (EInvoice, {"state": "rejected"}, LAWS[0]),
    "a smaller hóa đơn": (EInvoice, {"total_minor": 1}, LAWS[1]),
    "in another currency": (EInvoice, {"currency": "VND"}, LAWS[1]),
}


@pytest.mark.parametrize("what", FORGED)
async def test_a_hoadon_that_does_not_bear_it_out_is_found(world, tmp_path, what):
    kind, values, words = FORGED[what]
    invoice_id = await sent(world)
    archive = kept(world, tmp_path)

    async with archive.forging() as forger:
        await forger.change(kind, {"invoice_id": invoice_id}, **values)

    assert await found(archive, invoice_id) == [words]


WRITTEN = {
    "the day it is due": (Invoice, "due_at", date(2030, 1, 1), "after it was sent"),
    "a line of it": (InvoiceLine, "description", "Another", "after it was sent"),
    "its hóa đơn": (EInvoice, "provider_reference", "Another", "after it was accepted"),
}


@pytest.mark.parametrize("what", WRITTEN)
async def test_what_was_sent_is_written_no_more_not_even_with_an_entry(world, tmp_path, what):
    kind, column, value, words = WRITTEN[what]
    await sent(world)
    archive = kept(world, tmp_path)
    before = await archive.findings()

    async with world.without_triggers(kind.__tablename__), world.owning() as tx:
        row = await tx.first(select(kind))
        setattr(row, column, value)

    new = [one for one in await archive.findings() if one not in before]
    assert [one.endswith(f" {words}") for one in new] == [True]


async def test_a_posting_that_is_gone_or_other_is_found(world, tmp_path):
    gone, other = await sent(world), await sent(world)
    entries = {id: await entry_of(world, id) for id in (gone, other)}
    archive = kept(world, tmp_path)

    async with archive.forging() as forger:
        await forger.delete(JournalLine, entry_id=entries[gone])
        await forger.delete(JournalEntry, id=entries[gone])
        vat = {"entry_id": entries[other], "role": "output_vat"}
        await forger.change(JournalLine, vat, role="revenue")  # it still balances

    assert await found(archive, gone) == [LAWS[2]]
    assert await found(archive, other) == [LAWS[3]]


async def test_an_invoice_in_the_books_that_was_never_sent_is_found(world, tmp_path):
    invoice_id = await sent(world)
    archive = kept(world, tmp_path)

    async with archive.forging() as forger:
        await forger.change(Invoice, {"id": invoice_id}, status="draft", sent_at=None, sent_by=None)

    assert await found(archive, invoice_id) == [LAWS[4]]
