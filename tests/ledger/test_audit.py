"""Audit of the ledger: does the verifier find what somebody did to the books behind the program?"""

import json
from datetime import date

import pytest
from sqlalchemy import select

from domain.kernel.ids import new_id
from domain.ledger import rules, service
from domain.ledger.entries import Delta, Source
from domain.ledger.events import EntryPosted
from domain.ledger.tables import JournalEntry, JournalLine
from domain.store.tables import AuditEntry
from tests.forgery import kept
from tests.ledger.books import DAY, invoice, posting, source

pytestmark = pytest.mark.both


async def posted(world) -> str:
    """An invoice in dong that is in the books."""
    async with posting(world) as tx:
        lines = rules.accepted(invoice((1_000, 80)))
        return (await service.post(tx, DAY, lines, source(world))).id


async def test_books_that_were_only_posted_to_are_sound_and_told(world, tmp_path):
    id = await posted(world)
    async with posting(world) as tx:
        delta = Delta(DAY, rules.accepted(invoice((500, 40))), "more")
        await service.adjust(tx, source(world), delta)

    assert await kept(world, tmp_path).findings() == []
    async with world.looking() as tx:
        told = await tx.all(select(AuditEntry.body).where(AuditEntry.event == EntryPosted.EVENT))
    events = [EntryPosted.read(json.loads(body)) for body in told]
    of_person = f"person:{world.ours.people['am']}"
    assert len(events) == 2
    assert EntryPosted(id, f"{of_person}:", DAY.isoformat()) in events
    assert {event.source for event in events} == {f"{of_person}:", f"{of_person}:more"}


CHANGES = {
    "an amount": (
        JournalLine, {"role": "revenue"}, {"credit_minor": 999, "book_minor": -999},
        "is not balanced in VND",
    ),
    "the worth alone": (JournalLine, {"role": "revenue"}, {"book_minor": -999}, "not this program"),
    "a currency": (
        JournalLine, {"role": "revenue"}, {"currency": "USD"}, "is not balanced in USD, VND",
    ),
    "a role": (JournalLine, {"role": "revenue"}, {"role": "wages"}, "of a role that there is not"),
    "the number of lines": (JournalEntry, {}, {"line_count": 4}, "has not the lines that it was"),
    "the day": (JournalEntry, {}, {"on_date": date(2026, 1, 1)}, "for another source or day"),
    "the source": (JournalEntry, {}, {"source_id": new_id()}, "for something that is not there"),
    "the kind": (JournalEntry, {}, {"source_kind": "wonder"}, "for something that is not there"),
    "the cause": (JournalEntry, {}, {"cause": "later"}, "adjusts what was never posted"),
}  # fmt: skip


@pytest.mark.parametrize("what", CHANGES)
async def test_a_change_is_named_by_a_law_and_by_the_row(world, tmp_path, what):
    table, where, values, words = CHANGES[what]
    id = await posted(world)
    archive = kept(world, tmp_path)

    async with archive.forging() as forger:
        await forger.change(table, where, **values)

    besides, rows = await archive.apart()
    assert len(rows) == 1 and rows[0].startswith(table.__tablename__)
    assert any(words in one and id in one for one in besides) or words == "not this program"
    assert besides and all(id in one for one in besides), besides


async def test_a_line_that_is_gone_and_one_without_an_entry_are_named(world, tmp_path):
    id = await posted(world)
    archive = kept(world, tmp_path)

    async with archive.forging() as forger:
        vat = await forger.row(JournalLine, role="output_vat")
        await forger.delete(JournalLine, id=vat.id)
        await forger.add_like(vat, JournalLine, id=(loose := new_id()), entry_id=new_id())

    besides, rows = await archive.apart()
    assert sorted(rows) == sorted([f"journal_line {vat.id}", f"journal_line {loose}"])
    assert besides == [
        f"journal entry {id}: has not the lines that it was posted with",
        f"journal line {loose}: belongs to no entry",
    ]


async def test_an_entry_that_was_put_in_is_told_by_nobody(world, tmp_path):
    await posted(world)
    archive = kept(world, tmp_path)
    planted = new_id()

    async with archive.forging() as forger:
        entry = await forger.row(JournalEntry)
        await forger.add_like(entry, JournalEntry, id=planted, source_id=world.ours.people["cro"])
        for line in await forger.rows(JournalLine, entry_id=entry.id):
            await forger.add_like(line, JournalLine, id=new_id(), entry_id=planted)

    besides, rows = await archive.apart()
    assert besides == [f"journal entry {planted}: no entry tells that it was posted"]
    assert len(rows) == 4


async def test_an_entry_that_is_gone_leaves_its_lines_behind(world, tmp_path):
    id = await posted(world)
    archive = kept(world, tmp_path)

    async with archive.forging() as forger:
        await forger.delete(JournalEntry, id=id)

    besides, rows = await archive.apart()
    assert rows == [f"journal_entry {id}"]
    assert [one.partition(": ")[2] for one in besides] == ["belongs to no entry"] * 3


async def test_a_source_that_is_no_row_is_found(world, tmp_path):
    async with posting(world) as tx:
        entry = await service.post(
            tx, DAY, rules.accepted(invoice((1, 0))), Source("person", new_id())
        )

    assert await kept(world, tmp_path).findings() == [
        f"journal entry {entry.id}: was posted for something that is not there"
    ]
