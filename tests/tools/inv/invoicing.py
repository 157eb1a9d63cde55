"""Invoices to call tools about: work with time, its draft, and who is let see what was paid."""

from datetime import timedelta
from typing import Any

from domain.provisioning import service as provisioning
from tests.invoices.ground import Work, log, work
from tests.tools.samples import Things
from tests.tools.talk import Talk
from tests.world import World

AGENT = "later_agent"  # drafts and reads; for whoever owns the deals of these tests
OUTSIDER = "later_outsider"
APRIL = "2026-04"


async def worked(things: Things) -> Work:
    """Work of which one day in April is logged, and nothing drafted."""
    made = await work(things.world)
    await log(things.world, made)
    return made


async def draft(things: Things) -> dict[str, Any]:
    """The draft of such work."""
    made = await worked(things)
    return await things.world.ok(
        "inv_draft_invoice", agent=AGENT, engagement_id=made.code, period=APRIL
    )


async def drafted(talk: Talk, made: Work, period: str = APRIL) -> dict[str, Any]:
    """The draft of this work, as it is now."""
    return await talk.ok("inv_draft_invoice", engagement_id=made.code, period=period)


async def cashier(world: World) -> str:
    """The name of an agent who may also see what was paid."""
    async with world.owning() as tx:
        _, world.ours.tokens["cashier"] = await provisioning.add_agent(
            tx,
            name="cashier",
            person_id=world.ours.people["cfo"],
            scopes=["core.read", "inv.read", "inv.payment_read"],
            expires_at=world.clock.now() + timedelta(days=90),
        )
    return "cashier"
