"""Blobs: where do the bytes of documents lie? The port of a store that is written once."""

from typing import Protocol


class BlobStore(Protocol):
    """Bytes under a path of ours (rules.path_of), apart for each tenant.

    There is no deleting and no replacing. Every method raises Fault PATH_INVALID for a path that
    is not ours, and STORAGE_FULL or STORAGE_UNWRITABLE when the store does not do as it should.
    """

    async def put(self, tenant_id: str, path: str, content: bytes) -> None:
        """Keep the bytes, whole or not at all; the same ones again change nothing.

        Raises BLOB_EXISTS when there are others under this path.
        """
        ...

    async def get(self, tenant_id: str, path: str) -> bytes:
        """The bytes. Raises BLOB_MISSING."""
        ...

    async def exists(self, tenant_id: str, path: str) -> bool:
        """Whether there are any."""
        ...
