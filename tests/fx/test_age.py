"""A rate that is too old says nothing about today, and what nobody knows is the worst case."""

from datetime import date, timedelta
from decimal import Decimal

import pytest

from domain.fx import service as fx
from domain.kernel.faults import Fault
from domain.kernel.money import Money, Rate
from domain.store.chain import SYSTEM
from policies.approvals import rates
from policies.gate import activation, floor
from policies.gate.catalogue import Catalogue

TODAY = date(2026, 11, 21)


@pytest.mark.parametrize(("days", "slots"), [(0, ["am"]), (30, ["am"]), (31, ["am", "cro"])])
async def test_a_small_deal_asks_the_larger_quorum_once_its_rate_is_too_old(world, days, slots):
    async with world.owning() as tx:
        day = TODAY - timedelta(days=days)
        await fx.record(tx, Rate("USD", "VND", Decimal(25_000), "test", day))

    answer = await world.proposed_close(amount_minor=1_000_000, currency="VND")

    assert [one["slot"] for one in answer["slots"]] == slots


async def test_the_policy_in_force_says_how_old_a_rate_may_be(world):
    async with world.owning() as tx:
        assert await rates.longest_age(tx) == timedelta(days=30)
        stricter = Catalogue(version=2, rate_max_age_days=3, tool=world.catalogue.tool)
        await activation.activate(tx, stricter, SYSTEM)
        assert await rates.longest_age(tx) == timedelta(days=3)


async def test_each_of_two_rates_has_to_be_young_enough(world):
    async with world.owning() as tx:
        await fx.record(tx, Rate("USD", "VND", Decimal(25_000), "test", TODAY))
        await fx.record(tx, Rate("EUR", "VND", Decimal(27_500), "test", date(2026, 1, 1)))
        euros = Money(100_00, "EUR")
        old = await fx.in_usd(tx, euros, TODAY, oldest=timedelta(days=30))
        anyhow = await fx.in_usd(tx, euros, TODAY)

    assert (old.usd_minor, anyhow.usd_minor) == (None, 110_00)


def test_no_policy_file_may_believe_older_rates_than_the_floor_does():
    shipped = floor.load_checked()
    older = Catalogue(version=1, rate_max_age_days=46, tool=shipped.tool)

    with pytest.raises(Fault) as refused:
        floor.check(older)

    assert "rate_max_age_days" in refused.value.message
