"""Deals to be forecast, forecasts that were kept, and deals that ended."""

from datetime import date

from sqlalchemy import select

from domain.deals import closing
from domain.deals.service import Expected
from domain.insight.tables import StoredForecast
from domain.store.visibility import Viewer

TODAY = date(2026, 11, 21)
SOON = "2026-12-15"


async def deal(world, **more):
    fields = {"expected_close_date": SOON, "probability_pct": 50, **more}
    return await world.a_deal(**fields)


async def several(world, count, **more):
    account_id = await world.an_account()
    return [await deal(world, account_id=account_id, **more) for _ in range(count)]


async def stored(world, company=None):
    async with world.looking(company) as tx:
        return list(await tx.all(select(StoredForecast).order_by(StoredForecast.as_of)))


async def close(world, deal_id, outcome, *, on, person="sales"):
    """Close a deal without the signatures it takes, which are not what is tested here."""
    async with world.without_triggers("deal"), world.owning() as tx:
        await closing.close(
            tx,
            deal_id,
            viewer=Viewer(world.ours.people[person], (world.ours.workspace_id,)),
            outcome=outcome,
            lost_reason="price" if outcome == "lost" else None,
            expected=Expected(),
            on=on,
            closed_by="human:x",
        )
