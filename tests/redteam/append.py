"""Appending: what can somebody write who holds the database, and no key that counts?

They use the program's own functions, so every row and every entry is as the program would have
left it: what gives them away is what they could not sign.
"""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import datetime

from domain.identity.grants import KeyHolder
from domain.identity.keys import PrivateKey
from domain.kernel.clock import HandClock
from domain.store.tx import Tx, writing
from domain.store.visibility import SYSTEM
from tests.world import World


@asynccontextmanager
async def appending(
    world: World, key: PrivateKey, *, at: datetime | None = None
) -> AsyncIterator[Tx]:
    """A transaction of somebody with full access to our rows, who signs with this key."""
    clock = HandClock(at or world.clock.now())
    holder = KeyHolder(world.deploy, key)
    async with writing(world.owner_side, world.ours.id, clock, viewer=SYSTEM, signer=holder) as tx:
        yield tx
