"""Documents service: a file is kept, a row says so, and what is read is what was kept."""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from datetime import date

from domain.documents import queries, rules
from domain.documents.blobs import BlobStore
from domain.documents.events import DocumentStored
from domain.documents.settings import ACCOUNTING_YEAR_END
from domain.documents.tables import Document as Document
from domain.kernel.canonical import sha256_hex
from domain.kernel.faults import Fault, Kind
from domain.kernel.ids import new_id
from domain.store.chain import SYSTEM, Actor
from domain.store.settings import setting
from domain.store.tx import Tx


@dataclass(frozen=True, slots=True)
class Kept:
    """What lies in the store under a path: what a document is recorded with."""

    path: str
    sha256: str
    size: int


@dataclass(frozen=True, slots=True, kw_only=True)
class About:
    """What a document is, and what it belongs to.

    `deal_id` is the deal of what it is about, with which it is as private; `action_id` the action
    that people approved and it came of.
    """

    kind: str
    entity_type: str
    entity_id: str
    media_type: str
    dated_on: date
    action_id: str
    deal_id: str | None = None


async def keep(
    store: BlobStore, tenant_id: str, path: str, make: Callable[[], Awaitable[bytes]]
) -> Kept:
    """Bring a file into the store, with no transaction open; `make` draws or fetches it.

    What is there already is not made again: who was interrupted repeats it, also with a newer
    program that would draw it otherwise. Raises what the store and `make` raise.
    """
    if await store.exists(tenant_id, path):
        content = await store.get(tenant_id, path)
    else:
        content = await make()
        await store.put(tenant_id, path, content)
    return Kept(path, sha256_hex(content), len(content))


async def record(tx: Tx, kept: Kept, about: About, *, actor: Actor = SYSTEM) -> Document:
    """Write down what was kept. The same again changes nothing.

    The database refuses one whose action nobody approved. Raises DOCUMENT_EXISTS when other bytes
    or another thing are on record under the path, PATH_INVALID.
    """
    rules.check_path(kept.path)
    there = await queries.at(tx, kept.path)
    if there is not None:
        if (there.sha256, there.entity_id) != (kept.sha256, about.entity_id):
            raise _exists(kept.path)
        return there
    row = Document(
        id=new_id(),
        kind=about.kind,
        entity_type=about.entity_type,
        entity_id=about.entity_id,
        deal_id=about.deal_id,
        path=kept.path,
        media_type=about.media_type,
        sha256=kept.sha256,
        size=kept.size,
        dated_on=about.dated_on,
        locked_until=rules.locked_until(about.dated_on, await setting(tx, ACCOUNTING_YEAR_END)),
        created_by_action=about.action_id,
        created_at=tx.at,
    )
    tx.add(row)
    await tx.flush()
    DocumentStored.record(tx, row, actor)
    return row


async def content(store: BlobStore, document: Document) -> bytes:
    """The bytes of a document, if they are those that were kept; with no transaction open.

    Raises BLOB_MISSING and DOCUMENT_DAMAGED.
    """
    found = await store.get(document.tenant_id, document.path)
    if sha256_hex(found) != document.sha256:
        raise Fault(
            "DOCUMENT_DAMAGED",
            Kind.UNAVAILABLE,
            "The file of this document is not the one that was kept.",
            "an operator restores it from a backup; `cyberos audit verify` names all of them.",
            {"path": document.path},
        )
    return found


def _exists(path: str) -> Fault:
    return Fault(
        "DOCUMENT_EXISTS",
        Kind.CONFLICT,
        "Another document is on record under this path.",
        "a document is never replaced; file the new one under a label of its own.",
        {"path": path},
    )
