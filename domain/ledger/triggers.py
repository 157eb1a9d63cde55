"""Triggers of the ledger: an entry is balanced and complete when its head comes, and never after.

The head comes last, so one statement can add up all of its lines.
"""

from domain.store.guards import SqlRefusal

_LINES = "FROM journal_line l WHERE l.tenant_id = new.tenant_id AND l.entry_id = new.id"

COMPLETE = SqlRefusal(
    "complete",
    "insert",
    "comes after its lines, of which there are two or more",
    asks=f"new.line_count < 2 OR new.line_count <> (SELECT count(*) {_LINES})",
)
BALANCED = SqlRefusal(
    "balanced",
    "insert",
    "is not balanced in the books and in each currency",
    asks=f"0 <> (SELECT coalesce(sum(l.book_minor), 0) {_LINES})"
    f" OR EXISTS (SELECT 1 {_LINES} GROUP BY l.currency"
    " HAVING sum(l.debit_minor) <> sum(l.credit_minor))",
)
ONE_SIDE = SqlRefusal(
    "one_side",
    "insert",
    "stands on one side, with an amount, and in dong with the same in the books",
    "new.debit_minor < 0 OR new.credit_minor < 0"
    " OR (new.debit_minor > 0 AND (new.credit_minor > 0 OR new.book_minor < 0))"
    " OR (new.credit_minor > 0 AND new.book_minor > 0)"
    " OR (new.debit_minor = 0 AND new.credit_minor = 0 AND new.book_minor = 0)"
    " OR (new.currency = 'VND' AND new.book_minor <> new.debit_minor - new.credit_minor)",
)
IN_PLACE = SqlRefusal(
    "in_place",
    "insert",
    "has a place among the lines of an entry whose head is still to come",
    asks="new.position < 1 OR new.position > new.line_count OR EXISTS (SELECT 1"
    " FROM journal_entry e WHERE e.tenant_id = new.tenant_id AND e.id = new.entry_id)",
)
