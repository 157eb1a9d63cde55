"""Message streams: what do both ends of a conversation have in common?
Whoever leaves one closes it.
"""

from types import TracebackType
from typing import Any, Self


class StreamEnd:
    """One end of a client's stream, around the one that the SDK opened."""

    def __init__(self, inner: Any) -> None:
        self._inner = inner

    async def aclose(self) -> None:
        """No more is read or said."""
        await self._inner.aclose()

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self,
        _kind: type[BaseException] | None,
        _error: BaseException | None,
        _trace: TracebackType | None,
    ) -> None:
        await self.aclose()
