"""Audit laws of documents: was each filed for good, under a name of ours, and told of?

Whether the files are there and are those that were filed is compared by whoever can reach the store
(policies/audit/files.py).
"""

from sqlalchemy import select

from domain.documents import rules
from domain.documents.events import DocumentStored
from domain.documents.tables import Document
from domain.store.audit_claims import entries_of
from domain.store.audit_laws import Approved, pages
from domain.store.audit_report import Report
from domain.store.tx import Tx

_COLUMNS = (
    *(Document.id, Document.path, Document.sha256),
    *(Document.dated_on, Document.locked_until),
)


async def filed_for_good(tx: Tx, report: Report, _: Approved) -> None:
    """Every document has its entry, a path of ours, and a lock of ten years and more."""
    entries = await entries_of(tx, DocumentStored.EVENT)
    told = {event.document_id: event for event in (DocumentStored.read(one) for _, one in entries)}
    async for page in pages(tx, select(*_COLUMNS), Document.id):
        for row in page:
            place, event = f"document {row.id}", told.get(row.id)
            if event is None:
                report.found(place, "no entry tells that it was filed")
            elif (event.path, event.sha256) != (row.path, row.sha256):
                report.found(place, "its entry tells of another file")
            if not rules.is_path(row.path):
                report.found(place, "lies under a path that this program does not give")
            years, *month_and_day = row.dated_on.timetuple()[:3]
            if row.locked_until.timetuple()[:3] < (years + rules.YEARS_KEPT, *month_and_day):
                report.found(place, "is locked for less than ten years")
