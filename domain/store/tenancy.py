"""Tenant isolation: who may see a row? Between tenants in the process, and people within one.

The session's criteria are the first layer of it; PostgreSQL adds a second (FORCE ROW LEVEL
SECURITY), composite keys a third.
"""

from datetime import datetime
from functools import lru_cache
from typing import Any

from sqlalchemy import event, text
from sqlalchemy.ext.asyncio import AsyncConnection
from sqlalchemy.orm import ORMExecuteState, Session, with_loader_criteria
from sqlalchemy.orm.interfaces import ORMOption

from domain.store.prepared import is_isolated
from domain.store.schema import TenantRow, core
from domain.store.visibility import Restricted, Viewer, load_referred

_TENANT = text("select set_config('app.tenant_id', :tenant, true), clock_timestamp()")


class TenantSession(Session):
    """A session of one tenant and one viewer: `info["tenant_id"]` and `info["viewer"]`."""


async def name_tenant(connection: AsyncConnection, tenant_id: str) -> datetime | None:
    """Name the tenant to PostgreSQL's row level security, for this transaction, and learn how late
    it is there. SQLite has neither.
    """
    if connection.dialect.name != "postgresql":
        return None
    # Local to the transaction: a session-wide value would leak to the pool's next customer.
    ((_, at),) = await connection.execute(_TENANT, {"tenant": tenant_id})
    assert isinstance(at, datetime)
    return at


@event.listens_for(TenantSession, "do_orm_execute")
def _only_this_tenant(state: ORMExecuteState) -> None:
    if state.is_insert:
        raise AssertionError("rows are added through the session, never by an insert statement")
    if is_isolated(state.execution_options):
        return
    if (state.is_select or state.is_update or state.is_delete) and not state.is_column_load:
        info = state.session.info
        state.statement = state.statement.options(*_own(info["tenant_id"], info["viewer"]))


@lru_cache(maxsize=1024)
def _own(tenant_id: str, viewer: Viewer) -> tuple[ORMOption, ...]:
    """The criteria for one viewer; made once, because making them costs more than using them."""
    own = with_loader_criteria(
        TenantRow, lambda row: row.tenant_id == tenant_id, include_aliases=True
    )
    if viewer.sees_all:
        return (own,)
    person, workspaces = viewer.person_id, viewer.workspace_ids
    seen = with_loader_criteria(
        Restricted, lambda row: row.seen_by(person, workspaces), include_aliases=True
    )
    return (own, seen)


@event.listens_for(TenantSession, "before_flush")
def _stamp_and_check(session: Session, _context: Any, _instances: Any) -> None:
    tenant_id = session.info["tenant_id"]
    for row in session.new:
        if isinstance(row, TenantRow) and row.tenant_id is None:
            row.tenant_id = tenant_id
    for row in (*session.new, *session.dirty, *session.deleted):
        load_referred(core(type(row)))
        if isinstance(row, TenantRow) and row.tenant_id != tenant_id:
            raise AssertionError("a row of another tenant was touched")
