"""Audit of files: does the store hold every document as its row says?

Rows prove themselves in the chain; the bytes of a document lie outside the database, so they are
read and held against the digest in its row, one after the other and with no transaction open.
"""

from collections.abc import AsyncIterator

from domain.documents import queries
from domain.documents.blobs import BlobStore
from domain.documents.tables import Document
from domain.kernel.canonical import sha256_hex
from domain.kernel.clock import Clock
from domain.kernel.counting import counted
from domain.kernel.faults import Fault, Kind
from domain.store.audit_report import Report
from domain.store.engine import Database
from domain.store.tx import reading
from domain.store.visibility import SYSTEM

_PAGE = 200


async def verify_files(
    database: Database, tenant_id: str, clock: Clock, store: BlobStore | None, report: Report
) -> None:
    """Find every document of a tenant whose file is not there or is another one.

    Without a store it is only noted how many were not compared.
    """
    left_out = 0
    async for document in _documents(database, tenant_id, clock):
        if store is None:
            left_out += 1
        elif what := await _complaint(store, document):
            report.found(f"document {document.id}", what)
    if left_out:
        many = counted(left_out, "document")
        report.notes.append(f"the files of {many} were not compared, because they are not here")


async def missing_files(
    database: Database, tenant_id: str, clock: Clock, store: BlobStore
) -> list[str]:
    """The paths of documents whose file is not there. Nothing is read, so it is quick."""
    return [
        document.path
        async for document in _documents(database, tenant_id, clock)
        if not await _is_there(store, document)
    ]


async def _documents(database: Database, tenant_id: str, clock: Clock) -> AsyncIterator[Document]:
    last = ""
    while True:
        async with reading(database, tenant_id, clock, viewer=SYSTEM) as tx:
            page = await queries.after(tx, last, _PAGE)
        for document in page:
            yield document
        if len(page) < _PAGE:
            return
        last = page[-1].id


async def _complaint(store: BlobStore, document: Document) -> str | None:
    try:
        content = await store.get(tenant_id=document.tenant_id, path=document.path)
    except Fault as fault:
        if fault.kind is Kind.NOT_FOUND:
            return f"its file {document.path} is not there"
        return f"its file cannot be read ({fault.code})"
    if (len(content), sha256_hex(content)) != (document.size, document.sha256):
        return f"its file {document.path} is not the one that was filed"
    return None


async def _is_there(store: BlobStore, document: Document) -> bool:
    try:
        return await store.exists(document.tenant_id, document.path)
    except Fault:
        return False
