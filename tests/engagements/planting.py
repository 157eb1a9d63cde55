"""Work for the private deal that no outsider may hear of: its rates, and what was worked."""

from sqlalchemy import select

from domain.engagements.tables import Engagement
from tests.planting import WORDS, Ground
from tests.tools.inv.work import AGENT, ENGINEER, set_up, worked
from tests.world import World


async def _rate(world: World, _there: Ground, _deal_id: str) -> None:
    for id in await _of_deals(world):
        await set_up(world, engagement_id=id, rates=[ENGINEER], evidence=WORDS[3])


async def _entry(world: World, _there: Ground, _deal_id: str) -> None:
    for id in await _of_deals(world):
        await world.ok("inv_log_time", agent=AGENT, **worked(id, member=WORDS[0], task=WORDS[3]))


async def _of_deals(world: World) -> list[str]:
    """The engagements of won deals: the deals of this world that are won are private."""
    async with world.looking() as tx:
        rows = await tx.all(select(Engagement.id).where(Engagement.deal_id.is_not(None)))
    return list(rows)


PLANTERS = {"engagement_rate": _rate, "time_entry": _entry}
