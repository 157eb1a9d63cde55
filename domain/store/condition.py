"""Database condition: is it as this program needs it, and what may this login do in it?

Asked by `cyberos doctor`. Nothing is changed, and nothing of any tenant's rows is read.
"""

from dataclasses import dataclass
from datetime import UTC, datetime

from sqlalchemy import text
from sqlalchemy.exc import DBAPIError
from sqlalchemy.exc import TimeoutError as PoolTimeout
from sqlalchemy.ext.asyncio import AsyncConnection

from domain.store.engine import Database, Role, connect
from domain.store.errors import as_fault

# Tables that belong to the whole installation, so that tenants cannot be isolated in them.
WITHOUT_TENANT = ("alembic_version", "deployment", "guard_tool", "tenant_directory")

_NOT_THIS_ROLE = ("42501", "22023")  # it was not granted; there is no such role


@dataclass(frozen=True, slots=True)
class Embedded:
    """An SQLite file."""

    version: str
    journal_mode: str
    problems: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Served:
    """A PostgreSQL database, as one login sees it.

    `roles` are those of ours that the login can act as; `unisolated` the tables of tenants on
    which row level security is off, not forced, or without a policy; `shared_logins` serve agents
    of every tenant.
    """

    version: int
    login: str
    is_superuser: bool
    bypasses_isolation: bool
    roles: tuple[Role, ...]
    unisolated: tuple[str, ...]
    shared_logins: tuple[str, ...]


def bound_tenant(login: str) -> str | None:
    """The tenant that a login works for alone (migrations/tenant_logins.py); None for all."""
    return login.partition("@")[2] or None


async def usable_role(url: str) -> Role | None:
    """The first of our roles that this login can act as; None if it is none of them.

    Raises DATABASE_UNAVAILABLE and the like when the database does not answer at all.
    """
    for role in (Role.INBOX, Role.EXECUTOR, Role.AGENT, Role.OWNER):
        database = connect(url, role=role, pool_size=1)
        try:
            async with database.reader.connect() as connection:
                await connection.execute(text("select 1"))
            return role
        except (DBAPIError, PoolTimeout, OSError) as error:
            state = getattr(getattr(error, "orig", None), "sqlstate", None)
            if state not in _NOT_THIS_ROLE:
                raise as_fault(error) from error
        finally:
            await database.close()
    return None


async def embedded(database: Database) -> Embedded:
    """What SQLite says about its file."""
    try:
        async with database.reader.connect() as connection:
            version = await connection.scalar(text("select sqlite_version()"))
            journal = await connection.scalar(text("PRAGMA journal_mode"))
            rows = (await connection.execute(text("PRAGMA quick_check(20)"))).scalars().all()
    except (DBAPIError, PoolTimeout, OSError) as error:
        raise as_fault(error) from error
    problems = tuple(str(row) for row in rows if row != "ok")
    return Embedded(str(version), str(journal), problems)


async def served(database: Database) -> Served:
    """What PostgreSQL says about this login and about tenant isolation."""
    try:
        async with database.reader.connect() as connection:
            version = await connection.scalar(
                text("select current_setting('server_version_num')::int")
            )
            login = (
                await connection.execute(
                    text(
                        "select rolname, rolsuper, rolbypassrls from pg_roles "
                        "where rolname = session_user"
                    )
                )
            ).one()
            roles = [role for role in Role if await _is_member(connection, role)]
            unisolated = (await connection.execute(text(_UNISOLATED))).scalars().all()
            shared = (await connection.execute(text(_SHARED), _AGENTS)).scalars().all()
    except (DBAPIError, PoolTimeout, OSError) as error:
        raise as_fault(error) from error
    return Served(
        version=int(version or 0),
        login=login.rolname,
        is_superuser=login.rolsuper,
        bypasses_isolation=login.rolbypassrls,
        roles=tuple(roles),
        unisolated=tuple(name for name in unisolated if name not in WITHOUT_TENANT),
        shared_logins=tuple(name for name in shared if bound_tenant(name) is None),
    )


_UNISOLATED = """
select c.relname from pg_class c join pg_namespace n on n.oid = c.relnamespace
where n.nspname = 'public' and c.relkind in ('r', 'p')
    and (not c.relrowsecurity or not c.relforcerowsecurity
        or not exists (select 1 from pg_policy p where p.polrelid = c.oid))
order by c.relname
"""


_AGENTS = {"agent": Role.AGENT.value, "owner": Role.OWNER.value}
_SHARED = """
select rolname from pg_roles where rolcanlogin and not rolsuper
    and pg_has_role(oid, :agent, 'MEMBER') and not pg_has_role(oid, :owner, 'MEMBER')
order by rolname
"""


async def _is_member(connection: AsyncConnection, role: Role) -> bool:
    found = await connection.scalar(
        text("select pg_has_role(session_user, oid, 'MEMBER') from pg_roles where rolname = :role"),
        {"role": role.value},
    )
    return bool(found)


async def present(database: Database) -> datetime:
    """What time it is for the database."""
    statement = (
        "select strftime('%Y-%m-%dT%H:%M:%f', 'now')"
        if database.is_sqlite
        else "select clock_timestamp()"
    )
    try:
        async with database.reader.connect() as connection:
            found = await connection.scalar(text(statement))
    except (DBAPIError, PoolTimeout, OSError) as error:
        raise as_fault(error) from error
    if isinstance(found, datetime):
        return found.astimezone(UTC)
    return datetime.fromisoformat(str(found)).replace(tzinfo=UTC)
