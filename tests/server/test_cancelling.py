"""Cancelled calls: what if a client cancels while its call is under way?
All of it happened, or nothing did.
"""

import asyncio
import json

from sqlalchemy import text

from tests.wire import spoken
from tests.world import World

CALLS = 40


async def test_L08_a_cancelled_call_happened_whole_or_not_at_all(world):
    before = await kept(world)

    async with spoken(world) as wire:
        async with world.owning():  # an embedded database lets nobody else write meanwhile
            await calls_and_cancels(wire, range(CALLS // 2))
        await calls_and_cancels(wire, range(CALLS // 2, CALLS))
        wire.say(request("last", "whoami"))
        while (answer := await wire.hear())["id"] != "last":
            pass

    accounts, messages, entries, head = [
        now - then for now, then in zip(await kept(world), before, strict=True)
    ]
    assert answer["result"]["isError"] is False
    assert accounts == messages == entries == head
    assert accounts < CALLS, "nothing was cancelled, so nothing was tested"


async def calls_and_cancels(wire, numbers) -> None:
    """Calls that are taken back, each a little later than the one before."""
    for number in numbers:
        name = f"Công ty số {number}"
        wire.say(request(number, "crm_create_account", name=name, account_type="llc"))
        for _ in range(3 * number):
            await asyncio.sleep(0)
        taken_back = {"method": "notifications/cancelled", "params": {"requestId": number}}
        wire.say(json.dumps({"jsonrpc": "2.0", **taken_back}))


def request(number, tool, **arguments) -> str:
    params = {"name": tool, "arguments": arguments}
    return json.dumps({"jsonrpc": "2.0", "id": number, "method": "tools/call", "params": params})


async def kept(world: World) -> list[int]:
    """How many accounts, messages and audit entries there are, and where the chain ends."""
    numbers = []
    async with world.looking() as tx:
        for question in (
            "select count(*) from account",
            "select count(*) from outbox",
            "select count(*) from audit_entry",
            "select max(seq) from audit_head",
        ):
            asked = text(f"{question} where tenant_id = :tenant")
            numbers.append(await tx.session.scalar(asked, {"tenant": tx.tenant_id}))
    return numbers
