"""Triggers of approvals: what an action, a signature and a resolution may never become, as SQL.

A revision names these; a change is a new constant here and a migration that exchanges the trigger.
"""

from domain.store.guards import SqlRefusal

# PostgreSQL asks in the order of names: who may take a step comes before whether it may be taken.
AGENT_CANCELS = SqlRefusal(
    "agent_cancels",
    "update",
    "may only be cancelled by an agent",
    "old.state <> new.state AND new.state NOT IN ('expired', 'cancelled')"
    " AND pg_has_role(current_user, 'cyberos_agent', 'USAGE')",
    only="postgresql",
    denied=True,
)
EXECUTOR_EXECUTES = SqlRefusal(
    "executor_executes",
    "update",
    "is executed by the executor only",
    "old.state <> new.state AND new.state IN ('executing', 'succeeded')"
    " AND pg_has_role(current_user, 'cyberos_inbox', 'USAGE')",
    only="postgresql",
    denied=True,
)
STEPS = SqlRefusal(
    "steps",
    "update",
    "cannot take this step",
    "old.state IN ('succeeded', 'failed', 'rejected', 'expired', 'cancelled', 'stale')"
    " OR (old.state <> new.state AND new.state_seq <> old.state_seq + 1)"
    " OR (old.state <> new.state AND (old.state || '>' || new.state) NOT IN ("
    "'pending>approved', 'pending>rejected', 'pending>expired', 'pending>cancelled',"
    " 'pending>stale', 'approved>executing', 'approved>expired', 'approved>cancelled',"
    " 'approved>stale', 'executing>succeeded', 'executing>failed', 'executing>unknown',"
    " 'unknown>succeeded', 'unknown>failed'))",
)
QUORUM = SqlRefusal(
    "quorum",
    "update",
    "has no quorum",
    "old.state <> new.state AND new.state IN ('approved', 'executing')",
    "(SELECT count(DISTINCT a.person_id) FROM approval a WHERE a.tenant_id = new.tenant_id"
    " AND a.action_id = new.id AND a.decision = 'approve') < new.slots_needed",
)
_IN_STATE = (
    "NOT EXISTS (SELECT 1 FROM pending_action p WHERE p.tenant_id = new.tenant_id"
    " AND p.id = new.action_id AND p.state = '{}')"
)
ONLY_WHILE_PENDING = SqlRefusal(
    "only_while_pending", "insert", "needs a pending action", asks=_IN_STATE.format("pending")
)
ONLY_WHILE_UNKNOWN = SqlRefusal(
    "only_while_unknown",
    "insert",
    "needs an action of unknown outcome",
    asks=_IN_STATE.format("unknown"),
)
