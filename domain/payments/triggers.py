"""Triggers of payments: money is asked into no account that people have not confirmed."""

from domain.store.guards import SqlRefusal

INTO_USED = SqlRefusal(
    "into_used",
    "insert",
    "names an account nobody confirmed, or a retired one",
    asks="NOT EXISTS (SELECT 1 FROM bank_account b WHERE b.tenant_id = new.tenant_id"
    " AND b.id = new.bank_account_id AND b.first_used_at IS NOT NULL AND b.retired_at IS NULL)",
)

# The first use is confirmed by an action about the account, or by one whose effects name it: an
# invoice on whose page it stands. Within a text of JSON a quotation mark is escaped, so no name
# and no note that somebody typed can pass for that field.
CONFIRMED = SqlRefusal(
    "confirmed",
    "update",
    "changes its first_used_at by approved actions only",
    "old.first_used_at IS NULL AND new.first_used_at IS NOT NULL",
    "NOT EXISTS (SELECT 1 FROM pending_action p JOIN guard_tool g ON g.tool = p.tool"
    " WHERE g.guard = 'bank_account.first_use' AND p.tenant_id = new.tenant_id"
    " AND p.state IN ('executing', 'unknown') AND (p.entity_id = new.id"
    " OR CAST(p.effects AS TEXT) LIKE '%\"bank_account_id\": \"' || new.id || '\"%'))",
)
