"""Turns: who writes the same kind of thing at the same moment waits for whoever came first.

For what no constraint can hold, because it is about rows that others are still writing: a sum, a
count. On SQLite there is one writer anyway.
"""

from sqlalchemy import text

from domain.store.tx import Tx

_TURN = text("select pg_advisory_xact_lock(hashtextextended(:name, 0))")


async def take(tx: Tx, name: str) -> None:
    """Wait until nobody else of this company has the turn of this name; keep it to the end."""
    if not tx.is_sqlite:
        await tx.session.execute(_TURN, {"name": f"{tx.tenant_id} {name}"})
