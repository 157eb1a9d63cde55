"""Rates: never changed, never turned round silently, and exact when a limit is near."""

from datetime import date
from decimal import Decimal

import pytest

from domain.fx import queries, service
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
