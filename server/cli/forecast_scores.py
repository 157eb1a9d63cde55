"""Which forecasts have seen their last day? The worker scores them, tenant by tenant."""

from datetime import date
from zoneinfo import ZoneInfo

from domain.identity import queries as identity
from domain.insight import forecasts
from domain.kernel.clock import Clock
from domain.store.engine import Database
from domain.store.tx import Tx, reading, writing


async def score_due(database: Database, clock: Clock, tenant_id: str) -> int:
    """Score what is due for a tenant, and say how many; looks before it asks to write."""
    async with reading(database, tenant_id, clock) as tx:
        if not await forecasts.is_due(tx, on=await _today(tx)):
            return 0
    scored = 0
    while True:
        async with writing(database, tenant_id, clock) as tx:
            done = await forecasts.score_due(tx, on=await _today(tx))
        scored += done
        if done < forecasts.SCORED_AT_ONCE:
            return scored


async def _today(tx: Tx) -> date:
    return tx.at.astimezone(ZoneInfo((await identity.tenant(tx)).time_zone)).date()
