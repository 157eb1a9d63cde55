"""Tenant directory: which companies share this database, and which installation is it?

The directory and the deployment belong to no tenant, so they are read across tenants: by people's
commands, the worker and operators, never by an agent's process.
"""

from sqlalchemy import func, select
from sqlalchemy.exc import DBAPIError
from sqlalchemy.exc import TimeoutError as PoolTimeout
from sqlalchemy.ext.asyncio import AsyncSession

from domain.kernel.faults import Fault, Kind
from domain.store.engine import Database
from domain.store.errors import as_fault
from domain.store.genesis import begin_chain
from domain.store.tables import Deployment, TenantDirectory
from domain.store.tx import Tx


async def tenants(database: Database) -> list[tuple[str, str]]:
    """The id and the code of every tenant, in the order in which they came."""
    statement = select(TenantDirectory.tenant_id, TenantDirectory.code)
    try:
        async with AsyncSession(database.reader) as session:
            found = await session.execute(statement.order_by(TenantDirectory.position))
            return [(row.tenant_id, row.code) for row in found]
    except (DBAPIError, PoolTimeout, OSError) as error:
        raise as_fault(error) from error


async def deployment(database: Database) -> str | None:
    """The id of this installation, which every signature covers; None before the first tenant."""
    try:
        async with AsyncSession(database.reader) as session:
            return (await session.scalars(select(Deployment.deploy).limit(1))).first()
    except (DBAPIError, PoolTimeout, OSError) as error:
        raise as_fault(error) from error


async def name_deployment(tx: Tx, deploy: str) -> None:
    """Write down what this installation is called, once."""
    if await tx.first(select(Deployment.deploy)) is None:
        tx.add(Deployment(id=1, deploy=deploy, created_at=tx.at))
        await tx.flush()


async def register(tx: Tx, code: str) -> None:
    """Enter the transaction's tenant into the directory and open its audit chain.

    TENANT_EXISTS if the code is taken: a company is provisioned once.
    """
    taken = await tx.first(select(TenantDirectory.tenant_id).where(TenantDirectory.code == code))
    if taken is not None:
        raise code_taken()
    last = await tx.first(select(func.max(TenantDirectory.position)))
    tx.add(TenantDirectory(tenant_id=tx.tenant_id, code=code, position=(last or 0) + 1))
    await tx.flush()
    await begin_chain(tx)


def code_taken() -> Fault:
    """A company is provisioned once."""
    return Fault(
        "TENANT_EXISTS",
        Kind.CONFLICT,
        "There is already a tenant with this code.",
        "choose another code; `cyberos init` never changes a tenant that exists.",
    )
