"""Rules of documents: what may a file be called, how long is it kept, what may stand in one?"""

import re
from datetime import date
from typing import Final

from domain.kernel.faults import Fault, Kind
from domain.kernel.text import clean_outgoing

KINDS: Final = ("invoice_pdf", "einvoice_xml", "reply")
# Law on Accounting 88/2015/QH13, Art. 41: documents that books are kept by, at least ten years;
# Decree 174/2016/ND-CP, Art. 13: counted from the end of the accounting year.
YEARS_KEPT: Final = 10
LONGEST_PATH: Final = 60  # with folder and tenant, what a tar header holds without extensions

# Every file of ours: no separator, no dot and no dash stands beside another, so that no name
# climbs out, hides, or is read as an option; the label in capitals, because some file systems
# do not tell letters by their case.
_PATH = re.compile(
    r"[a-z]{2,12}/(?:19|20|21)[0-9]{2}/(?:0[1-9]|1[0-2])/"
    r"[A-Z0-9]+(?:-[A-Z0-9]+)*\.(?:pdf|xml|json|txt|bin)"
)


def path_of(folder: str, day: date, label: str, ending: str) -> str:
    """`inv/2026/04/INV-2026-04-001.pdf`. Raises PATH_INVALID."""
    path = f"{folder}/{day.year}/{day.month:02}/{label}.{ending}"
    check_path(path)
    return path


def is_path(path: str) -> bool:
    """Whether a path is one of ours."""
    return len(path) <= LONGEST_PATH and _PATH.fullmatch(path) is not None


def check_path(path: str) -> None:
    """Raise PATH_INVALID for a path that is not one of ours."""
    if not is_path(path):
        raise Fault(
            "PATH_INVALID",
            Kind.INVALID,
            "A document is not stored under such a path.",
            "paths are made of a folder, year, month and a label, such as "
            "inv/2026/04/INV-2026-04-001.pdf.",
        )


def locked_until(day: date, year_end: str) -> date:
    """The last day on which a document of this day may not be deleted.

    Ten years after the end of its accounting year, which `year_end` says as month and day.
    """
    ends = _year_end(day.year, year_end)
    if ends < day:
        ends = _year_end(day.year + 1, year_end)
    return _year_end(ends.year + YEARS_KEPT, year_end)


def check_year_end(value: str) -> None:
    """Raise SETTING_INVALID unless the text is the month and day on which a quarter ends.

    Law on Accounting, Art. 12: an accounting year of one's own begins with a quarter.
    """
    if value not in ("03-31", "06-30", "09-30", "12-31"):
        raise Fault(
            "SETTING_INVALID",
            Kind.INVALID,
            "An accounting year ends with a quarter.",
            "it is 12-31, 03-31, 06-30 or 09-30.",
        )


def plain(text: str) -> str:
    """What somebody else wrote, as it may be drawn: one filter for everything on a page."""
    return clean_outgoing(text).strip()


def _year_end(year: int, month_and_day: str) -> date:
    return date.fromisoformat(f"{year}-{month_and_day}")
