"""Call counters: one row a day for each principal, tool and outcome."""

from collections.abc import Sequence

from sqlalchemy import select, update

from domain.store.tables import CallCounter
from domain.store.tx import Tx


async def add(tx: Tx, principal: str, tool: str, outcome: str, number: int) -> None:
    """Add to today's count."""
    day = tx.at.date().isoformat()
    met = await tx.change(
        update(CallCounter)
        .where(
            CallCounter.principal == principal,
            CallCounter.day == day,
            CallCounter.tool == tool,
            CallCounter.outcome == outcome,
        )
        .values(count=CallCounter.count + number)
    )
    if not met:
        tx.add(CallCounter(principal=principal, day=day, tool=tool, outcome=outcome, count=number))
        await tx.flush()


async def totals(tx: Tx) -> Sequence[CallCounter]:
    """Every count, newest day first."""
    return await tx.all(select(CallCounter).order_by(CallCounter.day.desc(), CallCounter.tool))
