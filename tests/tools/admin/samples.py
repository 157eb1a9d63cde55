"""Samples of the tools in tools/admin, and a bank account that is on the list."""

from itertools import count
from typing import Any

from tests.tools.samples import Sample, Things
from tests.world import World

ACCOUNT_OF_OURS = {"bank_bin": "970436", "account_name": "CONG TY TNHH CYBEROS"}
_numbers = count(1)  # of what may be there only once

SAMPLES = {
    "admin_add_bank_account": Sample(
        {**ACCOUNT_OF_OURS, "account_number": "0071000123456"}, statements=(9, 4)
    ),
}


async def account_on_the_list(world: World, number: str, **more: Any) -> str:
    """The number of a bank account of ours that two people have allowed just now."""
    asked = await world.ok(
        "admin_add_bank_account",
        agent="cfo_agent",
        **{**ACCOUNT_OF_OURS, "account_number": number, **more},
    )
    for person in ("both", "admin"):
        await world.decide(asked["action_id"], person)
    await world.execute(asked["action_id"])
    return number


async def bank_account(things: Things) -> str:
    """The number of such an account."""
    return await account_on_the_list(things.world, f"0071{next(_numbers):09}")
