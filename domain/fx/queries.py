"""What was a currency worth on a day?"""

from collections.abc import Sequence
from datetime import date

from sqlalchemy import and_, func, select

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


async def newest_of_each(tx: Tx, quote: str, on: date) -> Sequence[FxRate]:
    """The rates to `quote` of the newest day of each currency, the one recorded last at the end."""
    newest = (
        select(FxRate.base, func.max(FxRate.as_of).label("as_of"))
        .where(FxRate.quote == quote, FxRate.as_of <= on)
        .group_by(FxRate.base)
        .subquery()
    )
    same = and_(newest.c.base == FxRate.base, newest.c.as_of == FxRate.as_of)
    return await tx.all(
        select(FxRate)
        .join(newest, same)
        .where(FxRate.quote == quote)
        .order_by(FxRate.recorded_at, FxRate.id)
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
