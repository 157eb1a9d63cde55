"""Triggers of invoices: what an e-invoice was signed over stays as it was signed."""

from domain.store.guards import SqlRefusal

_FROZEN = (
    "EXISTS (SELECT 1 FROM invoice i WHERE i.tenant_id = {row}.tenant_id"
    " AND i.id = {row}.invoice_id AND (i.locked_at IS NOT NULL OR i.status <> 'draft'))"
)
_SAYS = "of a signed invoice is fixed"

# While it is locked. Once it is sent nothing of it changes any more.
LOCKED = SqlRefusal(
    "locked",
    "update",
    "is fixed while it is signed",
    "old.locked_at IS NOT NULL AND (new.subtotal_minor <> old.subtotal_minor"
    " OR new.vat_minor <> old.vat_minor OR new.total_minor <> old.total_minor"
    " OR new.rounding <> old.rounding"
    " OR coalesce(new.vat_category, '') <> coalesce(old.vat_category, '')"
    " OR (new.locked_at IS NOT NULL AND (new.issued_on <> old.issued_on"
    " OR coalesce(new.fx_rate_id, '') <> coalesce(old.fx_rate_id, '')"
    " OR coalesce(new.bank_account_id, '') <> coalesce(old.bank_account_id, ''))))",
)
ADDED = SqlRefusal("locked_added", "insert", _SAYS, asks=_FROZEN.format(row="new"))
CHANGED = SqlRefusal("locked_changed", "update", _SAYS, asks=_FROZEN.format(row="new"))
TAKEN_OUT = SqlRefusal("locked_taken_out", "delete", _SAYS, asks=_FROZEN.format(row="old"))
# A line belongs to the invoice that bills the entry on it.
_ELSEWHERE = (
    "new.line_id IS NOT NULL AND NOT EXISTS (SELECT 1 FROM invoice_line l"
    " WHERE l.tenant_id = new.tenant_id AND l.id = new.line_id AND l.invoice_id = new.invoice_id)"
)
_NOT_ITS_LINE = "stands on a line of its own invoice; this is fixed"
PUT_ON_ITS_LINE = SqlRefusal("line_added", "insert", _NOT_ITS_LINE, asks=_ELSEWHERE)
MOVED_TO_ITS_LINE = SqlRefusal("line_changed", "update", _NOT_ITS_LINE, asks=_ELSEWHERE)
