"""The profile of a day is the last one that began by then, whenever it was recorded."""

from datetime import date, timedelta

import pytest
from sqlalchemy.exc import DBAPIError

from domain.company import service
from domain.company.rules import VatMethod
from domain.company.service import Seller
from domain.company.tables import SellerProfile
from domain.kernel.ids import new_id
from domain.provisioning.service import OPERATOR
from tests.forgery import kept


def seller(since, **more):
    fields = {
        "legal_name": f"Công ty từ {since}",
        "tax_code": "9900000231",
        "address": "1 Lê Duẩn",
        "vat_method": VatMethod.CREDIT,
        "symbol": f"C{since.year % 100:02}TCY",
        **more,
    }
    return Seller(effective_from=since, **fields)


async def recorded(world, *days):
    async with world.owning() as tx:
        for day in days:
            await service.record(tx, seller(day), said_by=OPERATOR)


async def moved(world):
    """Somebody gives us another tax code."""
    async with world.owning() as tx:
        row = await service.profile_on(tx, date(2026, 6, 1))
        row.tax_code = "9900000104"


async def test_a_day_has_the_profile_that_began_last(world):
    days = [date(2027, 1, 1), date(2026, 1, 1), date(2026, 7, 1)]  # not in their order
    await recorded(world, *days)

    async with world.looking() as tx:
        found = {
            day: row.effective_from if (row := await service.profile_on(tx, day)) else None
            for one in days
            for day in (one - timedelta(days=1), one, one + timedelta(days=1))
        }

    assert found == {day: max((one for one in days if one <= day), default=None) for day in found}


async def test_the_other_company_has_none_of_ours(world):
    await recorded(world, date(2026, 1, 1))

    async with world.looking(world.theirs) as tx:
        assert await service.profile_on(tx, date(2026, 6, 1)) is None


@pytest.mark.both
async def test_a_profile_never_changes_and_a_forged_one_is_found(world, tmp_path):
    archive = kept(world, tmp_path)
    await recorded(world, date(2026, 1, 1))
    with pytest.raises(DBAPIError, match="append-only"):
        await moved(world)

    async with archive.forging() as forger:
        row = await forger.row(SellerProfile)
        day = date(2026, 2, 1)
        await forger.add_like(row, SellerProfile, id=new_id(), effective_from=day)
        forged = next(one for one in await forger.rows(SellerProfile) if one.id != row.id)

    besides, rows = await archive.apart()
    assert besides == [f"seller profile {forged.id}: is there, and no entry tells of it"]
    assert rows == [f"seller_profile {forged.id}"]
