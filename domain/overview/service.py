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
            found.update(await count.of(tx, account_id, viewer))
    assert list(found) == list(names()), f"{sorted(found)} is not what is declared"
    return found


def names() -> tuple[str, ...]:
    """What is counted."""
    declared = [name for module in modules() for count in module.counts for name in count.names]
    assert len(set(declared)) == len(declared), f"two modules count the same: {sorted(declared)}"
    return tuple(declared)
