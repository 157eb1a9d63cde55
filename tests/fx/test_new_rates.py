"""A new rate is no reason to ask again, unless it changes who has to sign."""

from datetime import date
from decimal import Decimal

import pytest

from domain.fx import service as fx
from domain.kernel.money import Rate

TODAY, BEFORE = date(2026, 11, 21), date(2026, 11, 20)


@pytest.mark.parametrize(
    ("base", "value", "state"),
    [
        ("EUR", 28_010, "succeeded"),  # 11,204 dollars instead of 11,200
        ("USD", 25_010, "succeeded"),
        ("EUR", 250_000, "succeeded"),  # 100,000 dollars, which an account manager may sign
        ("EUR", 250_001, "stale"),
    ],
)
async def test_a_signed_close_in_euros_is_weighed_with_the_rates_of_now(world, base, value, state):
    async with world.owning() as tx:
        await fx.record(tx, Rate("USD", "VND", Decimal(25_000), "test", BEFORE))
        await fx.record(tx, Rate("EUR", "VND", Decimal(28_000), "test", BEFORE))
    answer = await world.proposed_close(amount_minor=10_000_00, currency="EUR")
    await world.decide(answer["action_id"], "am")

    async with world.owning() as tx:
        await fx.record(tx, Rate(base, "VND", Decimal(value), "test", TODAY))

    assert [one["slot"] for one in answer["slots"]] == ["am"]
    assert (await world.execute(answer["action_id"])).state == state
