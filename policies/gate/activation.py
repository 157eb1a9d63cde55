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
    """Whether this table is the newest one activated for the tenant, and counts."""
    async with reading(database, tenant_id, clock, viewer=SYSTEM) as tx:
        newest = await queries.active_policy(tx)
        return newest is not None and newest.sha256 == catalogue.sha256 and await counts(tx, newest)


async def counts(tx: Tx, row: PolicyVersion) -> bool:
    """Whether the program ships the table or the root signed it; a row alone puts none in force."""
    told = PolicyActivated.of(row.version, row.sha256)
    return told.is_shipped or (
        row.signature is not None and await told.counts(tx, row.activated_at, row)
    )


async def activate(tx: Tx, catalogue: Catalogue, by: Actor) -> bool:
    """Make this table the one in force; False if it already is.

    GRANT_UNSIGNED for one that the program does not ship, if the root signs nothing here.
    """
    newest = await queries.active_policy(tx)
    if newest is not None and newest.sha256 == catalogue.sha256:
        return False
    version = newest.version + 1 if newest else 1
    told = PolicyActivated.of(version, catalogue.sha256)
    signature = None if told.is_shipped else told.sign(tx)
    tx.add(
        PolicyVersion(
            version=version,
            sha256=catalogue.sha256,
            body=catalogue.body,
            signed_by=signature.key_id if signature else None,
            signature=signature.value if signature else None,
            activated_by=f"{by.kind}:{by.id}",
            activated_at=tx.at,
        )
    )
    await tx.flush()
    told.record(tx, by, signature)
    return True
