"""What was a currency worth on a day?"""

from datetime import date

from sqlalchemy import select

from domain.fx.tables import FxRate
from domain.store.tx import Tx


async def latest(tx: Tx, base: str, quote: str, on: date) -> FxRate | None:
    """The newest rate from `base` to `quote` that was known for that day or one before.

    Of several sources on one day, the one recorded last.
    """
    return await tx.first(
        select(FxRate)
        .where(FxRate.base == base, FxRate.quote == quote, FxRate.as_of <= on)
        .order_by(FxRate.as_of.desc(), FxRate.recorded_at.desc(), FxRate.id.desc())
    )


async def recorded(tx: Tx, base: str, quote: str, as_of: date, source: str) -> FxRate | None:
    """The rate a source said for exactly that day."""
    return await tx.first(
        select(FxRate).where(
            FxRate.base == base,
            FxRate.quote == quote,
            FxRate.as_of == as_of,
            FxRate.source == source,
        )
    )
