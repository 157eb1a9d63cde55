"""Triggers of dispatches: what no dispatch may ever be or become, as SQL.

A revision names these; a change is a new constant here and a migration that exchanges the trigger.
"""

from domain.store.guards import SqlRefusal

# Also when the action that is named was moved on past its own triggers: its signatures are counted.
FOLLOWS_AN_ACTION = SqlRefusal(
    "follows_an_action",
    "insert",
    "follows approved actions only",
    asks=(
        "NOT EXISTS (SELECT 1 FROM pending_action p WHERE p.tenant_id = new.tenant_id"
        " AND p.id = new.action_id AND p.tool = new.tool AND p.entity_type = new.entity_type"
        " AND p.entity_id = new.entity_id AND p.entity_digest = new.digest"
        " AND p.state IN ('executing', 'unknown', 'succeeded')"
        " AND (SELECT count(DISTINCT a.person_id) FROM approval a"
        " WHERE a.tenant_id = p.tenant_id AND a.action_id = p.id AND a.decision = 'approve')"
        " >= p.slots_needed)"
    ),
)
STEPS = SqlRefusal(
    "steps",
    "update",
    "cannot take this step",
    "new.version <> old.version + 1"
    " OR new.attempts <> old.attempts + (CASE WHEN new.state = 'leased' THEN 1 ELSE 0 END)"
    " OR (old.state || '>' || new.state) NOT IN ('waiting>leased', 'leased>waiting', 'leased>done',"
    " 'leased>failed', 'leased>unknown', 'unknown>done', 'unknown>failed', 'failed>waiting')",
)
ONLY_WHILE_UNKNOWN = SqlRefusal(
    "only_while_unknown",
    "insert",
    "needs a dispatch of unknown outcome",
    asks=(
        "NOT EXISTS (SELECT 1 FROM dispatch d WHERE d.tenant_id = new.tenant_id"
        " AND d.id = new.dispatch_id AND d.state = 'unknown')"
    ),
)
