"""Triggers of e-invoices: nothing is signed or settled without people, and what left stays.

The action names the invoice, so these guards look at that and at the very action; what the store
says with `needs_action` looks at the id of the row.
"""

from domain.store.guards import SqlRefusal

# An answer may come while the action waits for it, or after a while when nobody knew.
_NOT_BEING_SENT = (
    "NOT EXISTS (SELECT 1 FROM pending_action p JOIN guard_tool g ON g.tool = p.tool"
    " WHERE g.guard = 'invoice.send' AND p.tenant_id = new.tenant_id AND p.id = new.action_id"
    " AND p.entity_id = new.invoice_id AND p.state IN ('executing', 'unknown'))"
)
_SIGNED_ANEW = "(old.state = 'rejected' AND new.state = 'signed')"

SIGNED_BY_ACTION = SqlRefusal(
    "needs_send", "insert", "is added by approved actions only", asks=_NOT_BEING_SENT
)
CHANGED_BY_ACTION = SqlRefusal(
    "changed_by_send", "update", "is changed by approved actions only", asks=_NOT_BEING_SENT
)
STEPS = SqlRefusal(
    "steps",
    "update",
    "takes no such step",
    "old.state = 'accepted' OR (new.state <> old.state"
    " AND NOT (old.state = 'signed' AND new.state IN ('submitted', 'accepted', 'rejected'))"
    " AND NOT (old.state = 'submitted' AND new.state IN ('accepted', 'rejected'))"
    f" AND NOT {_SIGNED_ANEW})",
)
AS_IT_LEFT = SqlRefusal(
    "as_it_left",
    "update",
    "is fixed once it is signed",
    f"NOT {_SIGNED_ANEW} AND (new.xml <> old.xml OR new.xml_sha256 <> old.xml_sha256"
    " OR new.message_id <> old.message_id OR new.action_id <> old.action_id"
    " OR new.currency <> old.currency OR new.subtotal_minor <> old.subtotal_minor"
    " OR new.vat_minor <> old.vat_minor OR new.total_minor <> old.total_minor)",
)
# Numbers follow dates: the authority and its providers refuse an earlier date than the last one.
IN_ORDER = SqlRefusal(
    "in_order",
    "insert",
    "is dated before a lower number",
    asks="EXISTS (SELECT 1 FROM einvoice e WHERE e.tenant_id = new.tenant_id"
    " AND e.form = new.form AND e.symbol = new.symbol AND e.year = new.year"
    " AND e.number < new.number AND e.issued_on > new.issued_on)",
)

# Three sentences about one row: its sum, its end, and the year that its symbol names.
_UNSOUND = (
    "new.total_minor <> new.subtotal_minor + new.vat_minor"
    " OR (new.settled_at IS NOT NULL) <> (new.state IN ('accepted', 'rejected'))"
    " OR substr(new.symbol, 2, 2) <> substr(CAST(new.year AS VARCHAR(4)), 3, 2)"
)
_CONTRADICTS = "contradicts itself in its sum, its end or its year"
SOUND_ADDED = SqlRefusal("sound_added", "insert", _CONTRADICTS, _UNSOUND)
SOUND_CHANGED = SqlRefusal("sound_changed", "update", _CONTRADICTS, _UNSOUND)
