"""The invoice of a private deal's work, which no outsider may hear of: words, hours and sums."""

from datetime import date

from sqlalchemy import select

from domain.invoices.tables import Invoice
from tests.invoices.ground import log, work
from tests.planting import WORDS, Ground
from tests.tools.talk import talking
from tests.world import World

AGENT = "later_agent"  # acts for Sales, who owns the deal
PERIOD, DAY = "2026-10", date(2026, 10, 1)


async def _invoice(world: World, there: Ground, deal_id: str) -> None:
    made = await work(world, account_id=there.known["account"], deal_id=deal_id)
    for member in WORDS[:2]:
        await log(world, made, worked_on=DAY, member=member)
    async with talking(world, AGENT) as talk:
        await talk.ok("inv_draft_invoice", engagement_id=made.code, period=PERIOD)


async def _line(world: World, _there: Ground, deal_id: str) -> None:
    id = await _drafted(world, deal_id)
    async with talking(world, AGENT) as talk:
        (line,) = (await talk.ok("inv_get_invoice", invoice_id=id))["lines"]
        worded = {"line_id": line["line_id"], "description": WORDS[3]}
        await talk.ok("inv_update_draft", invoice_id=id, lines=[worded])


async def _time(world: World, _there: Ground, deal_id: str) -> None:
    """An entry that is left out stays bound to the invoice too."""
    id = await _drafted(world, deal_id)
    async with talking(world, AGENT) as talk:
        seen = await talk.ok("inv_get_invoice", invoice_id=id)
        listed = await talk.ok("inv_list_time_entries", engagement=seen["engagement_id"])
        gone = {
            "line_id": seen["lines"][0]["line_id"],
            "leave_out": [listed["entries"][0]["id"]],
        }
        await talk.ok("inv_update_draft", invoice_id=id, lines=[gone])


async def _drafted(world: World, deal_id: str) -> str:
    async with world.looking() as tx:
        asked = select(Invoice.id).where(Invoice.deal_id == deal_id, Invoice.kind == "time")
        id = await tx.first(asked)
    assert id is not None
    return id


PLANTERS = {"invoice": _invoice, "invoice_line": _line, "invoice_time": _time}
