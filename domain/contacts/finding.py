"""Finding of contacts: by which words is somebody found?

By those of the name in whatever order and marks, of the title, and of the e-mail address, whose
domain finds everybody at a company.
"""

from domain.kernel.email import spelling
from domain.kernel.folding import fold

_MOST = 1_024


def findable(display_name: str, title: str | None, email: str | None) -> str:
    """The words of a contact, as the search sees them."""
    reach = spelling(email) if email is not None else ""
    return fold(f"{display_name} {title or ''} {reach}")[:_MOST].strip()
