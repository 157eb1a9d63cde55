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
# The entry of the proposal binds every column; these bind what a row itself shows, before there is
# an entry. Who is asked for what stays a claim of whoever may insert.
ASKED_BY = SqlRefusal(
    "asked_by",
    "insert",
    "is asked for by a person, or by an agent in the name of its own",
    "new.requester <> 'human:' || new.requester_person",
    "NOT EXISTS (SELECT 1 FROM agent a WHERE a.tenant_id = new.tenant_id AND a.revoked_at IS NULL"
    " AND new.requester = 'agent:' || a.id AND new.requester_person = a.person_id)",
)
SLOTS_COUNTED = SqlRefusal(
    "slots_counted",
    "insert",
    "needs as many signatures as it has slots",
    "new.slots_needed <> json_array_length(new.slots)",
)
_LIVES = "expires between a moment and seven days after it was asked for"
EMBEDDED_LIFETIME = SqlRefusal(
    "lifetime",
    "insert",
    _LIVES,
    "coalesce(strftime('%s', new.expires_at) - strftime('%s', new.created_at), 0)"
    " NOT BETWEEN 1 AND 604800",
    only="sqlite",
)
SERVED_LIFETIME = SqlRefusal(
    "lifetime",
    "insert",
    _LIVES,
    "new.expires_at <= new.created_at OR new.expires_at > new.created_at + interval '7 days'",
    only="postgresql",
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
