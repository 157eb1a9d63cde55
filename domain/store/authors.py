"""Authors: who wrote these rows? As the audit chain binds what each transaction left in them."""

import json
from collections import defaultdict
from collections.abc import Collection, Mapping

from sqlalchemy import select

from domain.store.tables import AuditEntry, AuditRow
from domain.store.tx import Tx

# Of the rows of one page; what was changed more often than that counts as nobody's.
MOST_CHANGES = 2_000


async def authors(
    tx: Tx, tables: Collection[str], ids: Collection[str]
) -> Mapping[str, frozenset[tuple[str, str]]]:
    """Kind and id of everybody who wrote to the rows with these ids; nobody told of is missing."""
    if not ids:
        return {}
    written = (
        select(AuditRow.row_key, AuditEntry.body)
        .join(AuditEntry, AuditEntry.seq == AuditRow.seq)
        .where(AuditRow.table_name.in_(sorted(tables)), AuditRow.row_key.in_(sorted(ids)))
        .limit(MOST_CHANGES)
    )
    rows = await tx.rows(written)
    if len(rows) == MOST_CHANGES:
        return {}
    found: dict[str, set[tuple[str, str]]] = defaultdict(set)
    for id, body in rows:
        actor = json.loads(body)["actor"]
        found[id].add((str(actor["t"]), str(actor["id"])))
    return {id: frozenset(who) for id, who in found.items()}
