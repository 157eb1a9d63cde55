"""Ledger: what is posted once stays, is balanced, and is found again in the sums."""

import asyncio
from datetime import date, timedelta
from decimal import Decimal

import pytest
from sqlalchemy import select

from domain.fx import service as fx
from domain.fx.columns import RateColumn
from domain.kernel.faults import Fault
from domain.kernel.ids import new_id
from domain.kernel.money import Money, Rate
from domain.ledger import queries, rules, service
from domain.ledger.entries import Delta, Dimensions, Line, Source, credit, debit
from domain.ledger.roles import Role
from domain.ledger.settings import CHART
from domain.ledger.tables import JournalEntry, JournalLine
from domain.store.settings import change_setting
from domain.store.tx import reading, writing
from domain.store.visibility import Viewer
from tests.ledger.books import DAY, invoice, posting, receipt, source
from tests.world import World

NEXT = DAY + timedelta(days=1)


async def sums(world: World, as_of: date = NEXT, company=None) -> dict[str, tuple[int, int]]:
    async with world.looking(company) as tx:
        found = await service.trial_balance(tx, as_of)
    assert found.difference_minor == 0
    assert found.total_debit_minor == found.total_credit_minor
    return {one.account.role.value: (one.debit_minor, one.credit_minor) for one in found.sums}


async def test_an_invoice_and_its_receipt_stand_in_the_books(world):
    sold = invoice((10_000_000, 800_000), (5_000_000, 400_000))
    paid = receipt(16_199_500, 16_200_000, document_id=sold.document_id)

    async with posting(world) as tx:
        await service.post(tx, DAY, rules.accepted(sold), source(world))
    after_invoice = await sums(world)
    async with posting(world) as tx:
        paid_for = Source("person", world.ours.people["cfo"])
        await service.post(tx, NEXT, rules.applied(paid), paid_for)

    assert after_invoice == {
        "receivable": (16_200_000, 0),
        "revenue": (0, 15_000_000),
        "output_vat": (0, 1_200_000),
    }
    assert await sums(world) == {
        "receivable": (16_200_000, 16_200_000),
        "bank": (16_199_500, 0),
        "revenue": (0, 15_000_000),
        "output_vat": (0, 1_200_000),
        "rounding": (500, 0),
    }
    assert await sums(world, DAY) == after_invoice, "the day of the receipt comes later"
    assert await sums(world, DAY - timedelta(days=1)) == {}
    assert await sums(world, company=world.theirs) == {}


async def test_the_same_source_is_posted_once(world):
    lines = rules.accepted(invoice((1_000, 80)))

    async with posting(world) as tx:
        first = await service.post(tx, DAY, lines, source(world))
        second = await service.post(tx, DAY, lines, source(world))
    async with posting(world) as tx:
        third = await service.post(tx, DAY, list(lines), source(world), memo="again")

    assert first.id == second.id == third.id
    assert (await sums(world))["receivable"] == (1_080, 0)


@pytest.mark.parametrize("changed", ["day", "amount", "order", "dimension", "rate"])
async def test_a_source_with_another_content_is_refused(world, changed):
    sold = invoice((1_000, 80), (3_000, 240))
    lines = rules.accepted(sold)
    async with world.owning() as tx:
        rate = await fx.record(tx, Rate("USD", "VND", Decimal(26_000), "bank", DAY))
    async with posting(world) as tx:
        await service.post(tx, DAY, lines, source(world))

    other = {
        "day": (NEXT, lines, None),
        "amount": (DAY, rules.accepted(invoice((1_001, 80), (3_000, 240))), None),
        "order": (DAY, lines[::-1], None),
        "dimension": (DAY, (*lines[:-1], credit(Role.OUTPUT_VAT, Money(320, "VND"),
                            Dimensions(department="sales"))), None),
        "rate": (DAY, lines, rate.id),
    }  # fmt: skip
    on, given, rate_id = other[changed]
    with pytest.raises(Fault, match="LEDGER_CONFLICT"):
        async with posting(world) as tx:
            await service.post(tx, on, given, source(world), fx_rate_id=rate_id)

    assert (await sums(world))["receivable"] == (4_320, 0)


async def test_two_who_post_the_same_source_at_once_post_it_once(world):
    lines = rules.accepted(invoice((1_000, 80)))

    async def once() -> str:
        async with posting(world) as tx:
            return (await service.post(tx, DAY, lines, source(world))).id

    done = await asyncio.gather(*(once() for _ in range(8)), return_exceptions=True)

    ids = {one for one in done if isinstance(one, str)}
    refused = {one.code for one in done if isinstance(one, Fault)}
    assert len(ids) == 1 and refused <= {"VERSION_CONFLICT"}, done
    assert (await sums(world))["receivable"] == (1_080, 0)


async def test_a_source_is_adjusted_once_for_each_cause_and_its_first_entry_stays(world):
    lines = rules.accepted(invoice((1_000, 80)))
    fewer = tuple(
        Line(one.role, one.currency, one.credit_minor, one.debit_minor, -one.book_minor, one.about)
        for one in lines
    )
    with pytest.raises(Fault, match="LEDGER_NOT_POSTED"):
        async with posting(world) as tx:
            await service.adjust(tx, source(world), Delta(NEXT, fewer, "credit"))

    async with posting(world) as tx:
        first = await service.post(tx, DAY, lines, source(world))
        one = await service.adjust(tx, source(world), Delta(NEXT, fewer, "credit"))
        again = await service.adjust(tx, source(world), Delta(NEXT, fewer, "credit"))
        other = await service.adjust(tx, source(world), Delta(NEXT, lines, "reversal"))

    assert one.id == again.id and len({first.id, one.id, other.id}) == 3
    assert await sums(world) == {
        "receivable": (2_160, 1_080), "revenue": (1_000, 2_000), "output_vat": (80, 160),
    }  # fmt: skip
    with pytest.raises(Fault, match="LEDGER_CONFLICT"):
        async with posting(world) as tx:
            await service.adjust(tx, source(world), Delta(DAY, fewer, "credit"))


async def test_dollars_are_booked_by_the_bank_and_the_entry_keeps_the_rate(world):
    async with world.owning() as tx:
        said = Rate("USD", "VND", Decimal("26120.5"), "bank", DAY)
        rate = await fx.record(tx, said, column=RateColumn.TRANSFER_BUY)
    sold = invoice((2_520_000, 0), currency="USD", rate=Decimal(rate.value))

    async with posting(world) as tx:
        entry = await service.post(tx, DAY, rules.accepted(sold), source(world), fx_rate_id=rate.id)
        kept = await queries.lines_of(tx, entry.id)

    assert entry.fx_rate_id == rate.id
    assert kept == rules.accepted(sold)
    assert await sums(world) == {"receivable": (658_236_600, 0), "revenue": (0, 658_236_600)}


async def test_every_dimension_comes_back_as_it_was_posted(world):
    about = Dimensions(
        party_id=new_id(), project_id=new_id(), department="kỹ thuật", product_id=new_id(),
        document_kind="invoice", document_id=new_id(), service_from=DAY, service_to=NEXT,
    )  # fmt: skip
    lines = (
        debit(Role.BANK, Money(5, "VND"), about),
        credit(Role.ADVANCES, Money(5, "VND"), about),
    )

    async with posting(world) as tx:
        entry = await service.post(tx, DAY, lines, source(world))

    async with world.looking() as tx:
        assert await queries.lines_of(tx, entry.id) == lines


async def test_an_agent_cannot_post(world):
    if world.is_sqlite:
        pytest.skip("SQLite has no roles")

    with pytest.raises(Fault, match="DATABASE_ROLE_DENIED"):
        async with writing(world.agent_side, world.ours.id, world.clock) as tx:
            await service.post(tx, DAY, rules.accepted(invoice((1, 0))), source(world))


async def test_people_see_sums_and_no_entry(world):
    async with posting(world) as tx:
        await service.post(tx, DAY, rules.accepted(invoice((1_000, 80))), source(world))
    everybody = [Viewer(id, (world.ours.workspace_id,)) for id in world.ours.people.values()]

    for person in everybody:
        async with reading(world.agent_side, world.ours.id, world.clock, viewer=person) as tx:
            assert await tx.all(select(JournalEntry)) == []
            assert await tx.all(select(JournalLine)) == []
            assert (await service.trial_balance(tx, NEXT)).total_debit_minor == 1_080


async def test_the_chart_of_the_company_names_the_accounts_and_moves_no_sum(world):
    async with world.owning() as tx:
        everything = [debit(role, Money(7, "VND"), Dimensions()) for role in Role]
        against = credit(Role.BANK, Money(7 * len(everything), "VND"), Dimensions())
        await service.post(tx, DAY, [*everything, against], source(world))
    async with world.looking() as tx:
        before = await service.trial_balance(tx, NEXT)
    async with world.owning() as tx:
        await change_setting(tx, CHART, "circular_133")
    async with world.looking() as tx:
        after = await service.trial_balance(tx, NEXT)

    codes = [
        {one.account.role: one.account.code for one in found.sums} for found in (before, after)
    ]
    assert [one[Role.UNEMPLOYMENT_INSURANCE_PAYABLE] for one in codes] == ["3386", "3385"]
    assert [(one.debit_minor, one.credit_minor) for one in before.sums] == [
        (one.debit_minor, one.credit_minor) for one in after.sums
    ]
    assert before.chart.provisional and after.chart.provisional
    with pytest.raises(Fault, match="SETTING_INVALID"):
        async with world.owning() as tx:
            await change_setting(tx, CHART, "circular_200")
