"""Overview: how much belongs to an account? Every module that counts something says its part."""

from collections.abc import Mapping

from domain.store.descriptor import modules
from domain.store.tx import Tx
from domain.store.visibility import Viewer


async def counts(tx: Tx, account_id: str, viewer: Viewer) -> Mapping[str, int]:
    """How much belongs to an account, by name, as far as the viewer may see.

    `contacts`, `deals`, `open_deals` and `activities`, and what other modules declare.
    """
    found: dict[str, int] = {}
    for module in modules():
        for count in module.counts:
            more = await count(tx, account_id, viewer)
            assert not found.keys() & more.keys(), f"two modules count {sorted(more)}"
            found.update(more)
    return found
