"""Guards of invoices: what the database itself refuses, whoever writes and however."""

from typing import Any

import pytest
from sqlalchemy import text
from sqlalchemy.exc import DBAPIError

from domain.invoices import drafting, queries, service
from domain.store.visibility import SYSTEM
from tests.invoices.ground import TODAY, april, drafted, log, work
from tests.traffic import traffic
from tests.world import World

pytestmark = [pytest.mark.asyncio(loop_scope="module"), pytest.mark.both]


async def _signed(world: World) -> dict[str, str]:
    """A signed invoice of two lines, and of each kind of row the id of one."""
    acme = await work(world)
    entry = await log(world, acme)
    await log(world, acme, role="designer")
    made = (await drafted(world, acme)).invoice
    spare = await log(world, acme)
    async with world.owning() as tx:
        await service.lock(tx, made.id, issued_on=TODAY, terms_days=30)
        lines = await queries.lines_of(tx, [made.id])
        time = {one.entry_id: one.line_id for one in await queries.time_of(tx, made.id)}
    other = next(line.id for line in lines if line.id != time[entry])
    line = str(time[entry])
    return {"invoice": made.id, "entry": entry, "line": line, "other": other, "spare": spare}


async def _refused(world: World, statement: str, values: dict[str, Any]) -> str:
    """What the database says to a statement that goes past all of our code."""
    with pytest.raises(DBAPIError) as caught:
        async with world.owning() as tx:
            await tx.session.execute(text(statement), values)
    return str(caught.value.orig)


CONTENT = {
    "a header's sum": "update invoice set subtotal_minor = 1, total_minor = 1 where id = :invoice",
    "its category": "update invoice set vat_category = 'exempt' where id = :invoice",
    "its rounding": "update invoice set rounding = 'half_up' where id = :invoice",
    "an amount": "update invoice_line set amount_minor = 1 where id = :line",
    "words": "update invoice_line set description = 'x' where id = :line",
    "an order": "update invoice_line set position = 9 where id = :line",
    "a line taken out": "delete from invoice_line where id = :other",
    "an entry taken out": (
        "delete from invoice_time where invoice_id = :invoice and entry_id = :entry"
    ),
    "an entry left out": (
        "update invoice_time set line_id = null where invoice_id = :invoice and entry_id = :entry"
    ),
    "an entry on another line": (
        "update invoice_time set line_id = :other where invoice_id = :invoice and entry_id = :entry"
    ),
    "an entry put on": (
        "insert into invoice_time (tenant_id, invoice_id, entry_id, line_id)"
        " select tenant_id, id, :spare, :line from invoice where id = :invoice"
    ),
}


@pytest.mark.parametrize("what", CONTENT)
async def test_nothing_of_what_was_signed_is_changed_past_our_code(shared, what):
    ids = await _signed(shared)
    statement = CONTENT[what]
    named = {name: id for name, id in ids.items() if f":{name}" in statement}

    assert "fixed" in await _refused(shared, statement, named)


FROM_THE_FIRST = {
    "its customer": "update invoice set account_id = 'x' where id = :id",
    "its currency": "update invoice set currency = 'EUR' where id = :id",
    "its month": "update invoice set period = '2026-05' where id = :id",
    "its reference": "update invoice set payment_reference = 'x' where id = :id",
    "its author": "update invoice set created_by = 'x' where id = :id",
}


@pytest.mark.parametrize("what", FROM_THE_FIRST)
async def test_whose_it_is_and_what_it_is_called_is_fixed_from_the_first_moment(shared, what):
    acme = await work(shared)
    await log(shared, acme)
    made = (await drafted(shared, acme)).invoice

    assert "fixed" in await _refused(shared, FROM_THE_FIRST[what], {"id": made.id})


async def test_an_invoice_is_never_deleted_and_its_number_never_moved(shared):
    acme = await work(shared)
    await log(shared, acme)
    made = (await drafted(shared, acme)).invoice
    named = {"id": made.id}

    deleted = await _refused(shared, "delete from invoice where id = :id", named)
    moved = await _refused(shared, "update invoice set label_no = 99 where id = :id", named)

    assert "deleted" in deleted and "fixed" in moved
    async with shared.looking() as tx:
        assert await queries.by_reference(tx, SYSTEM, made.label) is not None


async def test_an_entry_stands_on_one_line_only_whoever_puts_it_on_a_second(shared):
    acme = await work(shared)
    entry = await log(shared, acme)
    made = (await drafted(shared, acme)).invoice
    other = await work(shared, account_id=acme.account_id)
    await log(shared, other)
    second = (await drafted(shared, other)).invoice
    async with shared.looking() as tx:
        (line,) = await queries.lines_of(tx, [second.id])
    statement = (
        "insert into invoice_time (tenant_id, invoice_id, entry_id, line_id)"
        " select tenant_id, id, :entry, :line from invoice where id = :invoice"
    )

    twice = await _refused(
        shared, statement, {"invoice": second.id, "entry": entry, "line": line.id}
    )
    astray = await _refused(
        shared,
        "update invoice_time set line_id = :line where invoice_id = :invoice",
        {"invoice": made.id, "line": line.id},
    )

    assert "unique" in twice.lower()
    assert "line of its own invoice" in astray


async def test_drafting_asks_no_more_for_many_entries_than_for_few(shared):
    asked = []
    await drafted(shared, await _of(shared, 1))  # the month has its row of numbers now
    for entries in (2, 47, 150):
        acme = await _of(shared, entries)
        with traffic(shared.owner_side) as first:
            await drafted(shared, acme)
        with traffic(shared.owner_side) as again:
            await drafted(shared, acme)
        asked.append((len(first.reads), len(first.writes), len(again.reads), len(again.writes)))

    assert len(set(asked)) == 1, asked


async def test_drafting_again_writes_no_row_when_nothing_is_new(shared):
    acme = await _of(shared, 3)
    await drafted(shared, acme)

    with traffic(shared.owner_side) as seen:
        async with shared.owning() as tx:
            await drafting.draft(tx, SYSTEM, acme.code, "2026-04", on=TODAY, by="human:x")

    assert [one for one in seen.writes if "invoice" in one] == []


async def _of(world: World, entries: int) -> Any:
    acme = await work(world)
    await april(world, acme, entries, entries * 100)
    return acme
