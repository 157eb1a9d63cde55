"""Triggers of payments: money is asked into no account that people have not confirmed."""

from domain.store.guards import SqlRefusal

INTO_USED = SqlRefusal(
    "into_used",
    "insert",
    "names an account nobody confirmed",
    asks="NOT EXISTS (SELECT 1 FROM bank_account b WHERE b.tenant_id = new.tenant_id"
    " AND b.id = new.bank_account_id AND b.first_used_at IS NOT NULL)",
)
