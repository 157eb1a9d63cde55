"""Drafting: does the time of a month become one draft, once, whoever asks and however often?"""

from datetime import date

import anyio
import pytest
from sqlalchemy.exc import IntegrityError

from domain.engagements import queries as engagements
from domain.invoices import drafting, editing, queries, service
from domain.invoices.editing import DraftChanges, LineChange
from domain.kernel.faults import Fault
from domain.store import numbering
from domain.store.chain import Actor, Event
from domain.store.tx import writing
from domain.store.visibility import SYSTEM
from tests.invoices.ground import TODAY, april, being_sent, drafted, log, work

pytestmark = pytest.mark.asyncio(loop_scope="module")


async def _lines(world, invoice):
    async with world.looking() as tx:
        return list(await queries.lines_of(tx, [invoice.id]))


async def test_april_of_168_hours_is_25200_dollars_in_one_line(shared):
    acme = await work(shared)
    await april(shared, acme)

    first = await drafted(shared, acme)
    again = await drafted(shared, acme)
    (line,) = await _lines(shared, first.invoice)

    assert (first.is_new, again.is_new, again.changed) == (True, False, False)
    assert again.invoice.id == first.invoice.id and again.invoice.version == 1
    assert (line.hours_hundredths, line.rate_minor, line.amount_minor) == (
        16_800,
        15_000,
        2_520_000,
    )
    assert (line.vat_rate, line.vat_minor, line.position) == ("0%", 0, 1)
    assert first.invoice.total_minor == first.invoice.subtotal_minor == 2_520_000
    assert first.invoice.rounding == "half_even"
    assert first.invoice.label.startswith("INV-2026-04-")


async def test_time_that_came_since_is_taken_in_and_the_version_says_so(shared):
    acme = await work(shared)
    await log(shared, acme, 150, role="engineer")
    before = await drafted(shared, acme)
    await log(shared, acme, 250, role="engineer")
    await log(shared, acme, 100, role="designer", rate_minor=9_000)
    await log(shared, acme, 100, role="engineer", phase="build")
    await log(shared, acme, 100, worked_on=date(2026, 5, 1))

    after = await drafted(shared, acme)
    lines = await _lines(shared, after.invoice)

    assert (after.is_new, after.changed, after.invoice.id) == (False, True, before.invoice.id)
    assert after.invoice.version == before.invoice.version + 1
    assert [(one.role, one.phase, one.hours_hundredths, one.position) for one in lines] == [
        ("engineer", None, 400, 1), ("designer", None, 100, 2), ("engineer", "build", 100, 3),
    ]  # fmt: skip
    assert after.invoice.subtotal_minor == 60_000 + 9_000 + 15_000


async def test_two_roles_of_one_rate_stay_two_lines_and_a_line_is_rounded_once(shared):
    dong = await work(shared, currency="VND", vat_category=None)
    for hours in (33, 33, 34):  # a third of an hour, three times: each alone would lose a part
        await log(shared, dong, hours, rate_minor=700_001)
    await log(shared, dong, 50, role="designer", rate_minor=700_001)

    invoice = (await drafted(shared, dong)).invoice
    lines = await _lines(shared, invoice)

    assert [(one.role, one.amount_minor) for one in lines] == [
        ("designer", 350_001), ("engineer", 700_001),  # 350,000.5 goes up
    ]  # fmt: skip
    assert (invoice.rounding, invoice.vat_category) == ("half_up", None)
    assert {one.vat_rate for one in lines} == {"10%"}
    assert invoice.vat_minor == 105_000 == sum(one.vat_minor for one in lines)
    assert invoice.total_minor == 350_001 + 700_001 + 105_000


async def test_an_entry_left_out_stays_out_is_unbilled_and_can_come_back(shared):
    acme = await work(shared)
    kept, gone = await log(shared, acme, 100), await log(shared, acme, 200)
    invoice = (await drafted(shared, acme)).invoice
    (line,) = await _lines(shared, invoice)

    await _update(shared, invoice, lines=(LineChange(line_id=line.id, leave_out=(gone,)),))
    again = await drafted(shared, acme)
    (without,) = await _lines(shared, invoice)
    async with shared.looking() as tx:
        unbilled = await engagements.billed(tx, [kept, gone])
    back = await _update(shared, invoice, bring_back=(gone,))
    (whole,) = await _lines(shared, invoice)

    assert (again.changed, without.hours_hundredths, whole.hours_hundredths) == (False, 100, 300)
    assert unbilled == {kept}
    assert back.invoice.version == 3 and whole.id == line.id


async def test_a_draft_without_entries_is_empty_and_fills_again(shared):
    acme = await work(shared)
    entry = await log(shared, acme)
    invoice = (await drafted(shared, acme)).invoice
    (line,) = await _lines(shared, invoice)

    emptied = await _update(
        shared, invoice, lines=(LineChange(line_id=line.id, leave_out=(entry,)),)
    )
    none = await _lines(shared, invoice)
    await _update(shared, invoice, bring_back=(entry,))
    (again,) = await _lines(shared, invoice)

    assert (emptied.invoice.total_minor, none) == (0, [])
    assert (again.amount_minor, again.position) == (120_000, 1)


async def test_words_and_order_of_lines_stay_when_time_comes(shared):
    acme = await work(shared)
    for role in ("a", "b", "c"):
        await log(shared, acme, 100, role=role)
    invoice = (await drafted(shared, acme)).invoice
    a, _, c = await _lines(shared, invoice)
    await _update(
        shared,
        invoice,
        lines=(
            LineChange(line_id=c.id, position=1),
            LineChange(line_id=a.id, description="Thiết kế", position=9),
        ),
    )
    await log(shared, acme, 100, role="a")
    await log(shared, acme, 100, role="aa")

    await drafted(shared, acme)
    lines = await _lines(shared, invoice)

    assert [one.role for one in lines] == ["c", "b", "a", "aa"]
    assert [one.position for one in lines] == [1, 2, 3, 4]
    assert lines[2].description == "Thiết kế" and lines[2].hours_hundredths == 200


async def test_what_is_signed_is_fixed_and_what_is_refused_is_not(shared):
    acme = await work(shared)
    await log(shared, acme)
    invoice = (await drafted(shared, acme)).invoice
    async with shared.owning() as tx:
        locked = await service.lock(tx, invoice.id, issued_on=TODAY, terms_days=30)
    await log(shared, acme)

    again = await drafted(shared, acme)
    with pytest.raises(Fault) as twice:
        async with shared.owning() as tx:
            await service.lock(tx, invoice.id, issued_on=TODAY, terms_days=30)
    with pytest.raises(Fault) as edited:
        await _update(shared, invoice, due_at=TODAY)
    async with shared.owning() as tx:
        await service.unlock(tx, invoice.id)
    after = await drafted(shared, acme)

    assert locked.version == again.invoice.version == invoice.version and not again.changed
    assert twice.value.code == edited.value.code == "INVOICE_LOCKED"
    assert after.changed and after.invoice.issued_on is None
    assert after.invoice.subtotal_minor == 240_000


async def test_after_a_month_was_sent_its_later_time_is_on_the_next_draft(shared):
    acme = await work(shared)
    first, left = await log(shared, acme, 100), await log(shared, acme, 200)
    invoice = (await drafted(shared, acme)).invoice
    (line,) = await _lines(shared, invoice)
    await _update(shared, invoice, lines=(LineChange(line_id=line.id, leave_out=(left,)),))
    sent = await _sent(shared, invoice)
    await log(shared, acme, 400)

    following = (await drafted(shared, acme)).invoice
    (line,) = await _lines(shared, following)

    assert sent.status == "sent" and following.id != sent.id
    assert following.label_no == sent.label_no + 1
    assert line.hours_hundredths == 600, "what was left out is billed now"
    async with shared.looking() as tx:
        assert await engagements.billed(tx, [first, left]) == {first, left}


async def test_the_database_sends_nothing_that_nobody_allowed_or_that_changed_since(shared):
    acme = await work(shared)
    await log(shared, acme)
    invoice = (await drafted(shared, acme)).invoice

    with pytest.raises(IntegrityError, match="approved actions only"):
        await _mark_sent(shared, invoice)
    async with being_sent(shared, invoice.id):
        await _update(shared, invoice, due_at=TODAY)
        with pytest.raises(IntegrityError, match="approved actions only"):
            await _mark_sent(shared, invoice)


async def test_there_is_nothing_to_bill_where_nothing_was_logged(shared):
    acme = await work(shared)
    await log(shared, acme, worked_on=date(2026, 5, 1))

    codes = [await _refused(shared, acme, period) for period in ("2026-04", "2026-13", "april")]

    assert codes == ["NOTHING_TO_BILL", "PERIOD_INVALID", "PERIOD_INVALID"]
    async with shared.owning() as tx:
        assert await queries.draft_of(tx, acme.id, "2026-04") is None


@pytest.mark.parametrize("status", ["paused", "closed"])
async def test_work_that_is_paused_or_over_is_billed(shared, status):
    acme = await work(shared, status=status)
    await log(shared, acme)

    assert (await drafted(shared, acme)).is_new


async def test_the_rate_is_that_of_the_day_of_asking(shared):
    acme = await work(shared, currency="VND", vat_category="reduced")
    await log(shared, acme, 100, rate_minor=1_000_000)

    before = await drafted(shared, acme, on=date(2026, 12, 31))
    same = await drafted(shared, acme, on=date(2026, 12, 31))
    after = await drafted(shared, acme, on=date(2027, 1, 1))

    assert before.is_new
    assert (same.changed, after.changed) == (False, True)
    assert after.invoice.vat_minor == 100_000 and after.invoice.version == 2


async def test_two_at_once_make_one_draft_with_every_entry_once(own):
    acme = await work(own)
    for _ in range(5):
        await log(own, acme, 100)
    answers = []

    async def ask():
        async with writing(own.agent_side, own.ours.id, own.clock, viewer=SYSTEM) as tx:
            made = await drafting.draft(tx, SYSTEM, acme.code, "2026-04", on=TODAY, by="human:x")
            tx.record(Event("cyberos.inv.draft_invoice", Actor("agent", "x")))
            answers.append((made.invoice.id, made.is_new, made.invoice.subtotal_minor))

    async with anyio.create_task_group() as tasks:
        for _ in range(6):
            tasks.start_soon(ask)

    assert len({id for id, _, _ in answers}) == 1 and {sum for _, _, sum in answers} == {75_000}
    assert sorted(new for _, new, _ in answers) == [False] * 5 + [True]


async def test_numbers_taken_at_once_have_no_gap_even_when_one_is_given_back(own):
    async def take(keep):
        try:
            async with writing(own.agent_side, own.ours.id, own.clock) as tx:
                taken.append(await numbering.take(tx, "test/2026"))
                tx.record(Event("cyberos.inv.draft_invoice", Actor("agent", "x")))
                if not keep:
                    raise _GivenBackError
                kept.append(taken[-1])
        except _GivenBackError:
            pass

    taken, kept = [], []
    async with anyio.create_task_group() as tasks:
        for keep in (True, False, True, True, False, True):
            tasks.start_soon(take, keep)

    assert sorted(kept) == [1, 2, 3, 4]
    async with own.looking() as tx:
        assert await numbering.last(tx, "test/2026") == 4


class _GivenBackError(Exception):
    pass


async def _update(world, invoice, **changes):
    async with world.owning() as tx:
        return await editing.update(tx, SYSTEM, invoice.label, DraftChanges(**changes), on=TODAY)


async def _sent(world, invoice):
    async with world.owning() as tx:
        await service.lock(tx, invoice.id, issued_on=TODAY, terms_days=30)
    async with being_sent(world, invoice.id):
        return await _mark_sent(world, invoice, locked=True)


async def _mark_sent(world, invoice, *, locked=False):
    async with world.owning() as tx:
        if not locked:
            await service.lock(tx, invoice.id, issued_on=TODAY, terms_days=30)
        return await service.mark_sent(tx, invoice.id, at=tx.at)


async def _refused(world, acme, period):
    with pytest.raises(Fault) as caught:
        await drafted(world, acme, period)
    return caught.value.code
