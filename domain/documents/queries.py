"""Queries of documents: which files belong to a thing, and which are there at all?"""

from collections.abc import Sequence

from sqlalchemy import select

from domain.documents.tables import Document
from domain.store.tx import Tx


async def at(tx: Tx, path: str) -> Document | None:
    """The document under a path."""
    return await tx.first(select(Document).where(Document.path == path))


async def of(tx: Tx, entity_type: str, entity_id: str) -> Sequence[Document]:
    """The documents of a thing, in the order in which they were filed."""
    return await tx.all(
        select(Document)
        .where(Document.entity_type == entity_type, Document.entity_id == entity_id)
        .order_by(Document.created_at, Document.id)
    )


async def after(tx: Tx, document_id: str, limit: int) -> Sequence[Document]:
    """All documents by id, page by page: those behind one."""
    return await tx.all(
        select(Document).where(Document.id > document_id).order_by(Document.id).limit(limit)
    )
