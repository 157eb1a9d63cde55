"""Samples of the tools in tools/approvals."""

from tests.tools.crm.samples import account
from tests.tools.samples import Arguments, Sample, Things


async def action(things: Things) -> str:
    """An action that waits for people."""
    other = await things.ok(
        "crm_create_deal", account_id=await things.of(account), name="Gói bảo trì"
    )
    asked = await things.ok("crm_close_deal", deal_id=other["id"], outcome="won")
    return str(asked["action_id"])


async def _about(things: Things) -> Arguments:
    return {"action_id": await things.of(action)}


SAMPLES = {
    "approvals_list": Sample({}, statements=(9, 0)),
    "approvals_get": Sample(_about, statements=(9, 0)),
    "approvals_cancel": Sample(_about, statements=(10, 4)),
}
