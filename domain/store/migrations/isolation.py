"""Tenant isolation on PostgreSQL: which rows and columns does a role reach?

Row level security and grants, made from what the modules say of their tables. SQLite has neither;
there the session's criteria and the triggers isolate the tenants.
"""

from collections.abc import Iterator

from sqlalchemy import Connection, inspect, text

from domain.store.descriptor import ALL, Grant, Stored, modules, stored
from domain.store.engine import SEARCHER, Role
from domain.store.migrations.sending import send
from domain.store.schema import TenantRow
from domain.store.searchable import Searchable

_NAMED = "nullif(current_setting('app.tenant_id', true), '')"
# A login for one tenant is held to it, whatever it sets (tenant_logins.py). No column
# is asked, so PostgreSQL looks once and not at every row.
_BOUND = f"split_part(session_user, '@', 2) IN ('', {_NAMED})"
_OWN = f"tenant_id = {_NAMED} AND {_BOUND}"
# An index may answer a condition only if nothing stands before it, and row level security stands
# before all that a query asks. So for one role what is searched for is a row level policy as well.
_SOUGHT = "search_words @@ CAST(current_setting('app.search', true) AS tsquery)"
_ROLES = (Role.AGENT, Role.INBOX, Role.EXECUTOR)
_UNKNOWN = Stored(hidden_from=frozenset(_ROLES))
_REVISION = {"alembic_version": Stored(grants={Role.PUBLIC: Grant(reads=ALL)})}  # all ask it


def apply_isolation(connection: Connection) -> None:
    """Put row level security on every tenant's table and give each role exactly what it needs.

    Runs after every migration, whatever stood before: a right that no module declares is gone, and
    a table of no module is out of reach.
    """
    if connection.dialect.name != "postgresql":
        return
    declared = {**stored(), **_REVISION}
    of_tenants = {
        table.__tablename__
        for module in modules()
        for table in module.tables
        if issubclass(table, TenantRow)
    }
    isolated = set(
        connection.execute(
            text("SELECT tablename FROM pg_policies WHERE policyname = 'tenant_isolation'")
        ).scalars()
    )
    quote = connection.dialect.identifier_preparer.quote
    statements: list[str] = []
    for table in sorted(inspect(connection).get_table_names()):
        name, rules = quote(table), declared.get(table, _UNKNOWN)
        statements += _isolate(name) if table in of_tenants - isolated else ()
        statements += _grants(rules, name)
        statements += _search_scope(rules.searched, name) if rules.searched else ()
    send(connection, statements)


def _isolate(name: str) -> Iterator[str]:
    yield f"ALTER TABLE {name} ENABLE ROW LEVEL SECURITY"
    yield f"ALTER TABLE {name} FORCE ROW LEVEL SECURITY"
    yield f"CREATE POLICY tenant_isolation ON {name} USING ({_OWN}) WITH CHECK ({_OWN})"


def _grants(rules: Stored, name: str) -> Iterator[str]:
    for role in _ROLES:
        yield f"REVOKE ALL ON {name} FROM {role.value}"
        if role in rules.hidden_from:
            continue
        rights = ["SELECT"]
        grant = rules.grants.get(role)
        if grant is not None and grant.insert:
            rights.append("INSERT")
        if grant is not None and grant.update:
            columns = "" if grant.update == ALL else f" ({', '.join(grant.update)})"
            rights.append(f"UPDATE{columns}")
        if grant is not None and grant.delete:
            rights.append("DELETE")
        yield f"GRANT {', '.join(rights)} ON {name} TO {role.value}"
    yield from _public_grants(rules, name)


def _public_grants(rules: Stored, name: str) -> Iterator[str]:
    """Unknown callers talk to its process, so it gets what is written down for it alone."""
    yield f"REVOKE ALL ON {name} FROM {Role.PUBLIC.value}"
    grant = rules.grants.get(Role.PUBLIC)
    if grant is None:
        return
    assert not grant.update and not grant.delete, f"{name}: the public door changes nothing"
    columns = "" if grant.reads == ALL else f" ({', '.join(grant.reads)})"
    rights = [f"SELECT{columns}"] if grant.reads else []
    rights += ["INSERT"] if grant.insert else []
    yield f"GRANT {', '.join(rights)} ON {name} TO {Role.PUBLIC.value}"


def _search_scope(searched: Searchable, name: str) -> Iterator[str]:
    yield f"DROP POLICY IF EXISTS search_scope ON {name}"
    yield f"CREATE POLICY search_scope ON {name} AS RESTRICTIVE TO {SEARCHER} USING ({_SOUGHT})"
    yield f"REVOKE ALL ON {name} FROM {SEARCHER}"
    yield f"GRANT SELECT ({', '.join(searched.columns)}) ON {name} TO {SEARCHER}"
