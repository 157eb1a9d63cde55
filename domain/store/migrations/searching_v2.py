"""Word search, version 2: as version 1, of a column that has a name of its own. Frozen."""

import re

from domain.store.migrations import searching_v1

_FOLDED = re.compile(r"\bfolded\b")


def statements(dialect: str, table: str, words: str) -> tuple[str, ...]:
    """What makes a table with the columns search_key, tenant_id and this one searchable."""
    return tuple(_FOLDED.sub(words, one) for one in searching_v1.statements(dialect, table))
