"""Pages: how does a document come onto paper? The port of whoever draws them."""

from collections.abc import Mapping
from datetime import date
from typing import Any, Protocol


class PageRenderer(Protocol):
    """Draws a template as PDF."""

    async def render(self, template: str, data: Mapping[str, Any], day: date) -> bytes:
        """The document as PDF; the same arguments give the same bytes on the same machine.

        `template` is the name of one that the renderer has. `data` is JSON and nothing of it is
        markup, whoever wrote it. `day` is the date that the file says it was made on.

        Raises Fault PAGES_NOT_DRAWN, and no other, for what cannot be drawn.
        """
        ...
