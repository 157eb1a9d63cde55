"""Which rows and columns does a PostgreSQL role reach? Row level security and grants, as data.

SQLite has neither; there the session's criteria and the triggers are the wall.
"""

from sqlalchemy import Connection, inspect, text

from domain.store.engine import SEARCHER, Role

_CHAIN = ("audit_entry", "audit_blob")
_COUNTED = ("call_counter",)
_REGISTRY = ("tax_registry_answer",)
_CRM_NEW = ("account", "contact", "deal", "deal_member", "stage_move", "activity")
_ASKED_TO_PAY = ("payment_reference", "payment_request")
_BY_NIGHT = ("suggested_action", "lead_score", "nightly_run")

# What is not granted here is refused. Nobody but the owner writes people, roles, keys, agents,
# policies or pipelines, and nobody at all deletes.
INSERTS = {
    Role.AGENT: (
        *_CRM_NEW, *_ASKED_TO_PAY, *_CHAIN, *_COUNTED, *_REGISTRY,
        "pending_action", "outbox", "idempotency_key", "forecast", "dismissed_action",
    ),
    Role.INBOX: (*_CHAIN, *_COUNTED, "approval", "resolution"),
    Role.EXECUTOR: (
        *_CRM_NEW, *_ASKED_TO_PAY, *_CHAIN, *_COUNTED, *_BY_NIGHT,
        "outbox", "engagement", "bank_account", "execution_attempt", "fx_rate",
    ),
}  # fmt: skip
_STATE = "state, state_seq, error_code, closed_by, closed_at"
_MOVED = "stage_id, stage_entered_at, probability_pct, probability_manual, updated_at, version"
_LEARNT = "amount_minor, expected_close_date, primary_contact_id"
_EDITED = "name, currency, owner_id, visibility"
_ENDED = "status, closed_date, lost_reason"
_SCORED = "state, actual_minor, scored_at"
UPDATES = {
    Role.AGENT: {
        "account": "", "contact": "", "deal": f"{_MOVED}, {_LEARNT}, {_EDITED}",
        "deal_member": "removed_at", "audit_head": "",
        "call_counter": "", "agent": "untrusted_read_at", "pending_action": _STATE,
        "tax_registry_answer": "", "forecast": _SCORED,
    },
    Role.INBOX: {"audit_head": "", "call_counter": "", "pending_action": _STATE},
    Role.EXECUTOR: {
        "account": "", "contact": "", "deal": f"{_MOVED}, {_ENDED}", "audit_head": "",
        "call_counter": "", "outbox": "dispatched_at, attempts", "forecast": _SCORED,
        "bank_account": "is_default, first_used_at",
        "execution_attempt": "ended_at, outcome, provider_ref",
        "pending_action": f"{_STATE}, lease_owner, lease_until, attempt, provider_ref, result",
    },
}  # fmt: skip
_OWN = "tenant_id = nullif(current_setting('app.tenant_id', true), '')"
# An index may answer a condition only if nothing stands before it, and row level security stands
# before all that a query asks. So for one role what is searched for is the first wall of all.
_SOUGHT = "search_words @@ CAST(current_setting('app.search', true) AS tsquery)"
_FOUND = "tenant_id, id, name, folded, account_type"
_WITHOUT_TENANT = {"deployment", "tenant_directory", "alembic_version"}
_PEOPLE_ONLY = {"tenant_directory"}  # an agent must not learn which other tenants there are


def raise_walls(connection: Connection) -> None:
    """Put row level security on every tenant's table and give each role exactly what it needs.

    Runs after every migration, whatever stood before: a right that is no longer here is gone.
    """
    if connection.dialect.name != "postgresql":
        return
    quote = connection.dialect.identifier_preparer.quote
    walled = set(
        connection.execute(
            text("SELECT tablename FROM pg_policies WHERE policyname = 'tenant_wall'")
        ).scalars()
    )
    for table in sorted(inspect(connection).get_table_names()):
        name = quote(table)
        if table not in _WITHOUT_TENANT and table not in walled:
            for statement in (
                "ALTER TABLE {0} ENABLE ROW LEVEL SECURITY",
                "ALTER TABLE {0} FORCE ROW LEVEL SECURITY",
                f"CREATE POLICY tenant_wall ON {{0}} USING ({_OWN}) WITH CHECK ({_OWN})",
            ):
                connection.exec_driver_sql(statement.format(name))
        for role in (Role.AGENT, Role.INBOX, Role.EXECUTOR):
            connection.exec_driver_sql(f"REVOKE ALL ON {name} FROM {role.value}")
            _grant(connection, role, table, name)
    for statement in (
        "DROP POLICY IF EXISTS search_wall ON account",
        f"CREATE POLICY search_wall ON account AS RESTRICTIVE TO {SEARCHER} USING ({_SOUGHT})",
        f"REVOKE ALL ON account FROM {SEARCHER}",
        f"GRANT SELECT ({_FOUND}) ON account TO {SEARCHER}",
    ):
        connection.exec_driver_sql(statement)


def _grant(connection: Connection, role: Role, table: str, name: str) -> None:
    if role is Role.AGENT and table in _PEOPLE_ONLY:
        return
    rights = ["SELECT"]
    if table in INSERTS[role]:
        rights.append("INSERT")
    if table in UPDATES[role]:
        columns = UPDATES[role][table]
        rights.append(f"UPDATE ({columns})" if columns else "UPDATE")
    connection.exec_driver_sql(f"GRANT {', '.join(rights)} ON {name} TO {role.value}")
