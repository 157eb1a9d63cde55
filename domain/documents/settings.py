"""Settings of documents that a company decides."""

from typing import Final

from domain.documents.rules import check_year_end
from domain.store.declarations import Setting

# Month and day on which the accounting year ends, from which the years of keeping are counted.
ACCOUNTING_YEAR_END: Final[Setting[str]] = Setting(
    name="documents.accounting_year_end", default="12-31", check=check_year_end
)
