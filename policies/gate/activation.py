"""Policy activation: is the file the one that was activated? A swapped file must not decide."""

from domain.approvals import queries
from domain.approvals.tables import PolicyVersion
from domain.kernel.clock import Clock
from domain.store.chain import Actor
from domain.store.engine import Database
from domain.store.tx import Tx, reading
from domain.store.visibility import SYSTEM
from policies.gate.catalogue import Catalogue
from policies.gate.events import PolicyActivated


async def is_active(database: Database, tenant_id: str, clock: Clock, catalogue: Catalogue) -> bool:
    """Whether this table is the newest one activated for the tenant."""
    async with reading(database, tenant_id, clock, viewer=SYSTEM) as tx:
        newest = await queries.active_policy(tx)
    return newest is not None and newest.sha256 == catalogue.sha256


async def activate(tx: Tx, catalogue: Catalogue, by: Actor) -> bool:
    """Make this table the one in force; False if it already is."""
    newest = await queries.active_policy(tx)
    if newest is not None and newest.sha256 == catalogue.sha256:
        return False
    version = newest.version + 1 if newest else 1
    tx.add(
        PolicyVersion(
            version=version,
            sha256=catalogue.sha256,
            body=catalogue.body,
            activated_by=f"{by.kind}:{by.id}",
            activated_at=tx.at,
        )
    )
    await tx.flush()
    PolicyActivated.of(version, catalogue.sha256).record(tx, by)
    return True
