"""Genesis: how does a tenant's chain begin? With a head that points at nothing."""

from domain.store import subscribers
from domain.store.chain import GENESIS
from domain.store.tables import AuditHead
from domain.store.tx import Tx


async def begin_chain(tx: Tx) -> None:
    """Write the head of an empty chain; every later entry moves it forward.

    Before it can have a message every subscriber has a cursor, and so misses none.
    """
    tx.add(AuditHead(seq=0, hash=GENESIS.hex()))
    await tx.flush()
    await subscribers.begin(tx, subscribers.subscriptions())
