"""Triggers of engagements: what is billed, and at which rates, is set by approved actions only.

A company may begin with engagements, as with bank accounts: before its first agent nobody has to
be asked.
"""

from domain.store.guards import SqlRefusal

_NOT_APPROVED = (
    "EXISTS (SELECT 1 FROM agent f WHERE f.tenant_id = new.tenant_id)"
    " AND NOT EXISTS (SELECT 1 FROM pending_action p JOIN guard_tool g ON g.tool = p.tool"
    " WHERE g.guard = 'engagement.set' AND p.tenant_id = new.tenant_id"
    " AND p.entity_id = new.{id} AND p.state = 'executing')"
)
# An engagement of a deal comes of the action that closes the deal, which the law of it looks at.
BORN_APPROVED = SqlRefusal(
    "born_approved",
    "insert",
    "without a deal is added by approved actions only",
    "new.deal_id IS NULL",
    _NOT_APPROVED.format(id="id"),
)
RATE_APPROVED = SqlRefusal(
    "approved",
    "insert",
    "is added by approved actions only",
    asks=_NOT_APPROVED.format(id="engagement_id"),
)
# What needs an action is a change of the version, so that every change must be one of it.
COUNTS = SqlRefusal("counts", "update", "counts its changes", "new.version <> old.version + 1")
