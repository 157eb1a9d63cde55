"""Settings of accounts that a company decides."""

from collections.abc import Mapping
from typing import Any, Final

from domain.accounts.custom_fields import check_custom_schema
from domain.store.declarations import Setting

# The JSON schema of the custom fields of accounts; empty if there are none.
CUSTOM_FIELDS: Final[Setting[Mapping[str, Any]]] = Setting(
    name="accounts.custom_fields", default={}, check=check_custom_schema
)
