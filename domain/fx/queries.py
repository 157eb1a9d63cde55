"""Queries of rates: what was a currency worth on a day?"""

from collections.abc import Mapping, Sequence
from datetime import date

from sqlalchemy import and_, bindparam, func, select

from domain.fx.columns import FOR_COMPARISON, RateColumn
from domain.fx.tables import FxRate
from domain.store.prepared import prepared_query
from domain.store.tx import Tx

_NEWEST_FIRST = (FxRate.as_of.desc(), FxRate.recorded_at.desc(), FxRate.id.desc())
_IS_FOR_BOOKS = and_(*(FxRate.column != one for one in FOR_COMPARISON))
_COMPARED_FIRST = (_IS_FOR_BOOKS, *_NEWEST_FIRST)  # false comes before true
_RANKED = (
    select(
        FxRate.base,
        FxRate.value,
        func.row_number().over(partition_by=FxRate.base, order_by=_COMPARED_FIRST).label("place"),
    )
    .where(FxRate.quote == bindparam("quote"), FxRate.as_of <= bindparam("on"))
    .subquery()
)
_NEWEST = prepared_query(select(_RANKED.c.base, _RANKED.c.value).where(_RANKED.c.place == 1))


async def rate(tx: Tx, rate_id: str) -> FxRate | None:
    """One rate that was recorded."""
    return await tx.get(FxRate, rate_id)


async def latest(tx: Tx, base: str, quote: str, on: date) -> FxRate | None:
    """The newest rate from `base` to `quote` for that day or one before, for comparison.

    Of several sources on one day, the one recorded last. A rate of another column than those that
    amounts are compared by is found only where there is none of these.
    """
    return await tx.first(
        select(FxRate)
        .where(FxRate.base == base, FxRate.quote == quote, FxRate.as_of <= on)
        .order_by(*_COMPARED_FIRST)
    )


async def newest(tx: Tx, base: str | None, most: int) -> Sequence[FxRate]:
    """The rates on record, of one currency or of all, newest day first."""
    known = select(FxRate).order_by(FxRate.as_of.desc(), FxRate.base, FxRate.recorded_at.desc())
    return await tx.all((known.where(FxRate.base == base) if base else known).limit(most))


async def newest_said(
    tx: Tx, base: str, quote: str, on: date, *, source: str, column: RateColumn
) -> FxRate | None:
    """The newest rate that one source said in one column for that day or one before."""
    return await tx.first(
        select(FxRate)
        .where(
            FxRate.base == base,
            FxRate.quote == quote,
            FxRate.as_of <= on,
            FxRate.source == source,
            FxRate.column == column,
        )
        .order_by(*_NEWEST_FIRST)
    )


async def newest_of_each(tx: Tx, quote: str, on: date) -> Mapping[str, str]:
    """The rate of every currency to `quote`, as `latest` finds each; values by currency."""
    return {row.base: row.value for row in await tx.fetch(_NEWEST, quote=quote, on=on)}


async def recorded(
    tx: Tx, base: str, quote: str, as_of: date, source: str, column: RateColumn
) -> FxRate | None:
    """The rate a source said in a column for exactly that day."""
    return await tx.first(
        select(FxRate).where(
            FxRate.base == base,
            FxRate.quote == quote,
            FxRate.as_of == as_of,
            FxRate.source == source,
            FxRate.column == column,
        )
    )
