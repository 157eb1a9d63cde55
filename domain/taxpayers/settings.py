"""Settings of taxpayers that a company decides."""

from typing import Final

from domain.store.declarations import Setting, yes_or_no

# Whether the numbers of people, which are their identity, may be sent to a taxpayer registry.
ASKS_ABOUT_PERSONS: Final[Setting[bool]] = Setting(
    name="taxpayers.asks_about_persons", default=False, check=yes_or_no
)
