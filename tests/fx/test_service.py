"""Rates: never changed, never turned round silently, and exact when a limit is near."""

from datetime import date, timedelta
from decimal import Decimal

import pytest

from domain.fx import queries, service
from domain.fx.columns import RateColumn
from domain.kernel.faults import Fault
from domain.kernel.money import Money, Rate

DAY = date(2026, 11, 20)


def rate(base, value, *, on=DAY, source="vcb"):
    return Rate(base, "VND", Decimal(value), source, on)


async def recorded(world, *rates):
    async with world.owning() as tx:
        return [await service.record(tx, one) for one in rates]


async def usd(world, minor, currency, on=DAY):
    async with world.looking() as tx:
        return await service.in_usd(tx, Money(minor, currency), on)


@pytest.mark.parametrize(
    ("minor", "currency", "cents"),
    [
        (12_345, "USD", 12_345),
        (2_588_000_000, "VND", 10_000_000),
        (2_588_000_129, "VND", 10_000_000),  # half a cent is 129.4 dong: rounded down
        (2_588_000_130, "VND", 10_000_001),
        (100_00, "EUR", 115_92),  # 100 * 30000 / 25880 = 115.919...
        (10_000, "JPY", 65_69),  # no decimals: 10000 * 170 / 25880 = 65.687...
        (0, "VND", 0),
    ],
)
async def test_an_amount_in_dollars_is_exact_to_the_cent(world, minor, currency, cents):
    dollar, *_ = await recorded(
        world, rate("USD", "25880"), rate("EUR", "30000"), rate("JPY", "170")
    )

    found = await usd(world, minor, currency)

    assert found.usd_minor == cents
    named = {"USD": None, "VND": dollar.id}
    assert found.rate_id == named.get(currency, found.rate_id)


async def test_the_name_of_two_rates_changes_with_either(world):
    names = []
    for base, value, day in [
        ("USD", 25880, 17),
        ("EUR", 30000, 17),
        ("EUR", 30001, 18),
        ("USD", 25881, 18),
        ("JPY", 170, 18),
        ("EUR", 30001, 10),
    ]:
        await recorded(world, rate(base, str(value), on=date(2026, 11, day)))
        names.append((await usd(world, 100_00, "EUR")).rate_id)

    first, second, third, *rest = names[1:]
    assert names[0] is None and len({first, second, third}) == 3
    assert rest == [third, third], "neither another currency's rate nor an older one"
    assert len(third) == 26, "it fits the column"


async def test_without_a_rate_for_the_day_nobody_knows(world):
    await recorded(world, rate("USD", "25880"))

    assert (await usd(world, 5, "VND", date(2026, 11, 19))).usd_minor is None
    assert (await usd(world, 5, "EUR")).usd_minor is None


async def test_the_newest_rate_up_to_the_day_counts(world):
    _, newer, older = await recorded(
        world,
        rate("USD", "26000", on=date(2026, 11, 21)),
        rate("USD", "25500", on=date(2026, 11, 19)),
        rate("USD", "25000", on=date(2026, 11, 18)),
    )

    async with world.looking() as tx:
        found = await queries.latest(tx, "USD", "VND", DAY)
        before = await queries.latest(tx, "USD", "VND", date(2026, 11, 18))
        turned = await queries.latest(tx, "VND", "USD", DAY)

    assert (found.id, before.id, turned) == (newer.id, older.id, None)


async def test_a_source_says_one_thing_for_a_day(world):
    (first,) = await recorded(world, rate("USD", "25880"))

    (again,) = await recorded(world, rate("USD", "25880.00"))
    with pytest.raises(Fault, match="RATE_CONFLICT: "):
        await recorded(world, rate("USD", "25881"))

    assert again.id == first.id


# --- columns: what is booked by, and what limits are compared by ---


async def said(world, value, column, *, on=DAY, source="bank", base="USD"):
    async with world.owning() as tx:
        return await service.record(tx, rate(base, value, on=on, source=source), column=column)


async def test_a_source_says_one_thing_in_each_column(world):
    bought = await said(world, "26120", RateColumn.TRANSFER_BUY)
    sold = await said(world, "26380", RateColumn.SELL)
    again = await said(world, "26120.0", RateColumn.TRANSFER_BUY)

    assert again.id == bought.id != sold.id
    with pytest.raises(Fault, match="RATE_CONFLICT"):
        await said(world, "26121", RateColumn.TRANSFER_BUY)


@pytest.mark.parametrize("column", ["cash_buy", "transfer_buy", "sell"])
async def test_a_rate_for_the_books_moves_no_limit(world, column):
    (mid,) = await recorded(world, rate("USD", "25000", on=DAY - timedelta(days=3)))
    before = await usd(world, 2_500_000_000, "VND")

    await said(world, "50000", RateColumn(column))

    assert await usd(world, 2_500_000_000, "VND") == before
    assert (before.usd_minor, before.rate_id) == (10_000_000, mid.id)
    async with world.looking() as tx:
        assert await queries.newest_of_each(tx, "VND", DAY) == {"USD": "25000"}


async def test_a_limit_that_is_too_old_stays_too_old_beside_a_rate_for_the_books(world):
    await recorded(world, rate("USD", "25000", on=DAY - timedelta(days=40)))
    await said(world, "26120", RateColumn.TRANSFER_BUY)

    async with world.looking() as tx:
        found = await service.in_usd(tx, Money(5, "VND"), DAY, oldest=timedelta(days=30))

    assert found.usd_minor is None


async def test_where_there_is_no_other_rate_the_one_for_the_books_is_compared_by(world):
    only = await said(world, "25000", RateColumn.TRANSFER_BUY)

    found = await usd(world, 2_500_000_000, "VND")

    assert (found.usd_minor, found.rate_id) == (10_000_000, only.id)
    async with world.looking() as tx:
        assert await queries.newest_of_each(tx, "VND", DAY) == {"USD": "25000"}


async def booked(world, currency="USD", on=DAY):
    async with world.looking() as tx:
        return await service.book_rate(tx, currency, on)


async def test_the_books_take_what_the_bank_pays_for_money_on_account(world):
    await said(world, "26000", RateColumn.TRANSFER_BUY, on=DAY - timedelta(days=1))
    wanted = await said(world, "26120", RateColumn.TRANSFER_BUY)
    await said(world, "26090", RateColumn.CASH_BUY)
    await said(world, "26380", RateColumn.SELL)
    await said(world, "26200", RateColumn.TRANSFER_BUY, source="another bank")
    await said(world, "30100", RateColumn.TRANSFER_BUY, base="EUR")
    await said(world, "26500", RateColumn.TRANSFER_BUY, on=DAY + timedelta(days=1))
    await recorded(world, rate("USD", "26310", source="bank"))

    assert (await booked(world)).id == wanted.id


@pytest.mark.parametrize(("days", "is_there"), [(0, True), (5, True), (6, False)])
async def test_a_rate_from_before_a_long_weekend_is_booked_by_and_an_older_one_is_not(
    world, days, is_there
):
    await said(world, "26120", RateColumn.TRANSFER_BUY, on=DAY - timedelta(days=days))

    if is_there:
        assert (await booked(world)).value == "26120"
    else:
        with pytest.raises(Fault, match="RATE_MISSING"):
            await booked(world)


async def test_without_a_rate_of_the_bank_nothing_is_booked(world):
    await recorded(world, rate("USD", "26310", source="bank"), rate("USD", "26300"))
    await said(world, "26120", RateColumn.TRANSFER_BUY, source="another bank")

    with pytest.raises(Fault, match="RATE_MISSING"):
        await booked(world)
