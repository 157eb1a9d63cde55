"""Pages by typst: a template of ours and data of anybody become a PDF.

The data reach the template as JSON, one input of the compiler, and are never joined with markup.
Only the fonts in this folder are used besides those that typst brings, so the page looks the same
on every machine. The compiler is a library of 77 MB: it is imported when a page is drawn.
"""

import json
import logging
import threading
from collections.abc import Mapping
from datetime import UTC, date, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

import anyio.to_thread

from domain.kernel.faults import Fault, Kind

if TYPE_CHECKING:
    from typst import Compiler

log = logging.getLogger(__name__)

FOLDER: Final = Path(__file__).parent
_TEMPLATES: Final = frozenset(path.stem for path in FOLDER.glob("*.typ"))
_ARCHIVAL: Final = "a-3u"  # ISO 19005-3, and every letter can be read back as text


class TypstRenderer:
    """Draws the templates of this folder. One at a time: the compiler keeps what it has read."""

    def __init__(self) -> None:
        self._compilers: dict[str, Compiler] = {}
        self._lock = threading.Lock()

    async def render(self, template: str, data: Mapping[str, Any], day: date) -> bytes:
        """The document as PDF: see `PageRenderer`."""
        return await anyio.to_thread.run_sync(self.draw, template, data, day)

    def draw(self, template: str, data: Mapping[str, Any], day: date) -> bytes:
        """The same in this thread."""
        assert template in _TEMPLATES, f"there is no template {template}"
        inputs = {
            "data": json.dumps(data, ensure_ascii=False),
            "day": json.dumps([day.year, day.month, day.day]),
        }
        # typst's own clock is not asked, but for the mark of the file; it stands still as well.
        made_at = datetime(day.year, day.month, day.day, tzinfo=UTC)
        with self._lock:
            return self._compiled(template, inputs, made_at)

    def _compiled(self, template: str, inputs: dict[str, str], made_at: datetime) -> bytes:
        import typst

        if template not in self._compilers:
            self._compilers[template] = typst.Compiler(
                FOLDER / f"{template}.typ",
                root=FOLDER,
                font_paths=typst.Fonts(include_system_fonts=False, font_paths=[FOLDER / "fonts"]),
            )
        compiler = self._compilers[template]
        try:
            made = compiler.compile(
                format="pdf", sys_inputs=inputs, pdf_standards=_ARCHIVAL, timestamp=made_at
            )
        except typst.TypstError:
            # PDF/A wants every letter to be in a font, and a customer's name may have others.
            log.warning(
                "a page has letters that no font here has, or cannot be archived: %s", template
            )
            try:
                made = compiler.compile(format="pdf", sys_inputs=inputs, timestamp=made_at)
            except typst.TypstError as broken:
                log.error("typst: %s", broken.message)
                raise _not_drawn() from broken
        assert isinstance(made, bytes)
        return made


def _not_drawn() -> Fault:
    return Fault(
        "PAGES_NOT_DRAWN",
        Kind.UNAVAILABLE,
        "The document could not be drawn.",
        "an operator finds the reason in the log; nothing was sent.",
    )
