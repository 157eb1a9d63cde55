"""A document about the private deal that no outsider may hear of."""

from sqlalchemy import select

from domain.approvals.tables import PendingAction
from tests.documents.approved import about, filed, kept
from tests.planting import WORDS, Ground
from tests.world import World


async def _document(world: World, _there: Ground, deal_id: str) -> None:
    async with world.looking() as tx:
        done = select(PendingAction.id).where(PendingAction.state == "succeeded")
        action_id = await tx.first(done.order_by(PendingAction.id.desc()))
    assert action_id is not None
    path = f"inv/2026/04/{deal_id}.pdf"
    await filed(world, kept(WORDS[3].encode(), path), about(action_id, deal_id=deal_id))


PLANTERS = {"document": _document}
