"""Queries of rates: what was a currency worth on a day?"""

from collections.abc import Mapping
from datetime import date

from sqlalchemy import bindparam, func, select

from domain.fx.tables import FxRate
from domain.store.prepared import prepared_query
from domain.store.tx import Tx

_NEWEST_FIRST = (FxRate.as_of.desc(), FxRate.recorded_at.desc(), FxRate.id.desc())
_RANKED = (
    select(
        FxRate.base,
        FxRate.value,
        func.row_number().over(partition_by=FxRate.base, order_by=_NEWEST_FIRST).label("place"),
    )
    .where(FxRate.quote == bindparam("quote"), FxRate.as_of <= bindparam("on"))
    .subquery()
)
_NEWEST = prepared_query(select(_RANKED.c.base, _RANKED.c.value).where(_RANKED.c.place == 1))


async def latest(tx: Tx, base: str, quote: str, on: date) -> FxRate | None:
    """The newest rate from `base` to `quote` that was known for that day or one before.

    Of several sources on one day, the one recorded last.
    """
    return await tx.first(
        select(FxRate)
        .where(FxRate.base == base, FxRate.quote == quote, FxRate.as_of <= on)
        .order_by(*_NEWEST_FIRST)
    )


async def newest_of_each(tx: Tx, quote: str, on: date) -> Mapping[str, str]:
    """The rate of every currency to `quote`, as `latest` finds each; values by currency."""
    return {row.base: row.value for row in await tx.fetch(_NEWEST, quote=quote, on=on)}


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
