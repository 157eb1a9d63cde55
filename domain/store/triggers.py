"""Triggers of the chain: its head moves forward, and a private value can only be erased."""

from domain.store.guards import SqlRefusal

FORWARD = SqlRefusal(
    "forward",
    "update",
    "only moves forward",
    "new.seq < old.seq OR new.messages < old.messages"
    " OR (new.seq = old.seq AND (new.hash <> old.hash OR new.messages = old.messages))",
)
ONLY_ERASE = SqlRefusal(
    "only_erase",
    "update",
    "can only be erased",
    "new.salt IS NOT NULL OR new.body IS NOT NULL OR old.erased_at IS NOT NULL"
    " OR new.erased_at IS NULL OR new.seq <> old.seq OR new.field <> old.field"
    " OR new.tenant_id <> old.tenant_id",
)
