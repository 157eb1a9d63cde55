"""Audit of invoices: does the verifier find sums, numbers and sendings that somebody made up?"""

from datetime import timedelta

import pytest

from domain.engagements.tables import TimeEntry
from domain.invoices import queries, service
from domain.invoices.tables import Invoice, InvoiceLine, InvoiceTime
from domain.payments.tables import PaymentReference
from domain.store.tables import NumberSeries
from domain.vn.references import new_reference
from tests.forgery import kept
from tests.invoices.ground import TODAY
from tests.tools.inv.work import AGENT, engagement_of, worked


async def billed(world):
    """A draft of two days, as the tools make it; its id."""
    code = (await engagement_of(world, await world.an_account()))["code"]
    for member in ("an", "bình"):
        await world.ok("inv_log_time", agent=AGENT, **worked(code, member=member))
    made = await world.ok("inv_draft_invoice", agent=AGENT, engagement_id=code, period="2026-04")
    return str(made["invoice_id"])


async def won(world):
    """The draft of a deal that was won; its id."""
    pending = await world.proposed_close(amount_minor=50_000_000)
    for person in ("am", "cro"):
        await world.decide(pending["action_id"], person)
    assert (await world.execute(pending["action_id"])).state == "succeeded"
    async with world.looking() as tx:
        found, _ = await service.listed(
            tx, tx.viewer, queries.Filter(), engagement=None, before=None, limit=1
        )
    return found[0][0].id


async def test_what_was_drafted_verifies_whatever_became_of_it(world, tmp_path):
    archive = kept(world, tmp_path)
    id = await billed(world)
    await won(world)
    entry = await _entry(world, id)
    line = (await world.ok("inv_get_invoice", agent=AGENT, invoice_id=id))["lines"][0]["line_id"]
    out = [{"line_id": line, "leave_out": [entry]}]
    await world.ok("inv_update_draft", agent=AGENT, invoice_id=id, lines=out)
    await world.ok("inv_update_draft", agent=AGENT, invoice_id=id, bring_back=[entry])

    assert await archive.findings() == []


CHANGES = {
    "the amount of a line": (InvoiceLine, {"amount_minor": 1}, "is not its rate times its hours"),
    "the hours of a line": (InvoiceLine, {"hours_hundredths": 2}, "is not its rate times"),
    "the rate of a line": (InvoiceLine, {"rate_minor": 2}, "is not its rate times its hours"),
    "the tax of a line": (InvoiceLine, {"vat_minor": 7}, "sums are not those of its lines"),
    "the tax of all": (Invoice, {"vat_minor": 7, "total_minor": 225_007}, "sums are not those"),
    "its number": (Invoice, {"label_no": 7}, "their numbers have a gap"),
    "the numbers taken": (NumberSeries, {"last": 9}, "9 numbers were taken, and the last is 1"),
    "that it is sent": (
        Invoice,
        {"status": "sent", "locked_at": None, "issued_on": TODAY, "due_at": TODAY},
        "was sent and nobody allowed it",
    ),
}


@pytest.mark.parametrize("what", CHANGES)
async def test_what_was_changed_afterwards_is_found(world, tmp_path, what):
    archive = kept(world, tmp_path)
    await billed(world)
    table, values, said = CHANGES[what]
    async with archive.forging() as forger:
        (row,) = await forger.rows(table)
        if values.get("status"):
            values = {**values, "locked_at": row.created_at, "sent_at": row.created_at}
        await forger.change(table, {}, **values)

    besides, _ = await archive.apart()

    assert any(said in one for one in besides), besides


async def test_hours_that_were_changed_under_a_signature_are_found(world, tmp_path):
    archive = kept(world, tmp_path)
    id = await billed(world)
    async with world.owning() as tx:
        await service.lock(tx, id, issued_on=TODAY, terms_days=30)
    entry = await _entry(world, id)
    assert await archive.findings() == []
    async with archive.forging() as forger:
        await forger.change(TimeEntry, {"id": entry}, hours_hundredths=1)

    besides, rows = await archive.apart()

    assert [one.partition(" has other hours")[1] for one in besides] == [" has other hours"]
    assert rows == [f"time_entry {entry}"]


@pytest.mark.parametrize(
    "forged",
    [
        {"role": "Architect"},
        {"phase": "design"},
        {"rate_minor": 1},
        {"worked_on": TODAY - timedelta(days=400)},
    ],
    ids=lambda forged: next(iter(forged)),
)
async def test_a_billed_entry_that_was_made_another_is_found(world, tmp_path, forged):
    archive = kept(world, tmp_path)
    id = await billed(world)
    async with world.owning() as tx:
        await service.lock(tx, id, issued_on=TODAY, terms_days=30)
    entry = await _entry(world, id)
    async with archive.forging() as forger:
        await forger.change(TimeEntry, {"id": entry}, **forged)

    besides, _ = await archive.apart()

    assert [one for one in besides if "bills a time entry of another" in one], besides


async def test_an_entry_on_a_line_of_another_invoice_is_found(world, tmp_path):
    archive = kept(world, tmp_path)
    id, other = await billed(world), await billed(world)
    entry = await _entry(world, id)
    async with archive.forging() as forger:
        line = await forger.row(InvoiceLine, invoice_id=other)
        await forger.change(InvoiceTime, {"entry_id": entry}, line_id=line.id)

    besides, _ = await archive.apart()

    assert f"time entry {entry}: is billed on a line of another invoice" in besides


async def test_a_deal_that_is_billed_for_more_than_was_signed_is_found(world, tmp_path):
    archive = kept(world, tmp_path)
    id = await won(world)
    more = {"subtotal_minor": 60_000_000, "total_minor": 66_000_000, "vat_minor": 6_000_000}
    async with archive.forging() as forger:
        await forger.change(Invoice, {"id": id}, **more)
        await forger.change(
            InvoiceLine, {"invoice_id": id}, amount_minor=60_000_000, vat_minor=6_000_000
        )

    besides, _ = await archive.apart()

    assert besides == [f"invoice {id}: is not what people signed that its deal was won for"]


async def test_a_reference_that_nobody_is_paid_by_is_found(world, tmp_path):
    archive = kept(world, tmp_path)
    await billed(world)
    stray = new_reference()
    async with archive.forging() as forger:
        await forger.add_like(await forger.row(PaymentReference), PaymentReference, reference=stray)

    besides, _ = await archive.apart()

    assert f"payment reference {stray}: belongs to no deal and no invoice" in besides


async def _entry(world, invoice_id):
    """One of the entries of an invoice."""
    async with world.looking() as tx:
        return (await queries.time_of(tx, invoice_id))[0].entry_id
