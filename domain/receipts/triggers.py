"""Triggers of receipts: no dong is applied twice, and none beyond what an invoice asks for."""

from domain.store.guards import SqlRefusal

WITHIN_RECEIPT = SqlRefusal(
    "within_receipt",
    "insert",
    "is for more than came in, or in another currency",
    asks="NOT EXISTS (SELECT 1 FROM receipt r JOIN invoice i ON i.tenant_id = r.tenant_id"
    " AND i.id = new.invoice_id AND i.currency = r.currency WHERE r.tenant_id = new.tenant_id"
    " AND r.id = new.receipt_id AND r.amount_minor >= new.amount_minor - new.rounding_minor"
    " + coalesce((SELECT sum(a.amount_minor - a.rounding_minor) FROM receipt_application a"
    " WHERE a.tenant_id = new.tenant_id AND a.receipt_id = new.receipt_id), 0))",
)
WITHIN_INVOICE = SqlRefusal(
    "within_invoice",
    "insert",
    "is for more than is outstanding of an invoice that was sent",
    asks="NOT EXISTS (SELECT 1 FROM invoice i WHERE i.tenant_id = new.tenant_id"
    " AND i.id = new.invoice_id AND i.status = 'sent' AND i.account_id = new.account_id"
    " AND i.total_minor >= new.amount_minor + coalesce((SELECT sum(a.amount_minor)"
    " FROM receipt_application a WHERE a.tenant_id = new.tenant_id"
    " AND a.invoice_id = new.invoice_id), 0))",
)
