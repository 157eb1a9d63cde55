"""Queries of forecasts: which were made for a person, and which can be scored now?"""

from collections.abc import Mapping, Sequence
from datetime import date

from sqlalchemy import bindparam, func, select

from domain.insight.forecast_rules import ScoredForecast
from domain.insight.tables import StoredForecast
from domain.store.prepared import prepared_query
from domain.store.tx import Tx

_SCORED = prepared_query(
    select(
        StoredForecast.as_of,
        StoredForecast.until,
        StoredForecast.expected_minor,
        StoredForecast.common_minor,
        StoredForecast.own_minor,
        StoredForecast.quantiles,
        StoredForecast.actual_minor,
        StoredForecast.filters,
    ).where(StoredForecast.person_id == bindparam("person_id"), StoredForecast.state == "scored")
)


async def scored(
    tx: Tx, person_id: str, *, like: Mapping[str, str | None] | None = None
) -> list[ScoredForecast]:
    """The forecasts of a person whose outcome is known; `like` keeps those with these filters."""
    rows = await tx.fetch(_SCORED, person_id=person_id)
    return [
        ScoredForecast(
            row.as_of,
            row.until,
            row.expected_minor,
            row.common_minor,
            row.own_minor,
            tuple(row.quantiles),
            row.actual_minor,
        )
        for row in rows
        if all(row.filters.get(name) == value for name, value in (like or {}).items())
    ]


async def asked_on(tx: Tx, person_id: str, as_of: date) -> set[str]:
    """The questions of a person that have a forecast of that day."""
    found = await tx.all(
        select(StoredForecast.question).where(
            StoredForecast.person_id == person_id, StoredForecast.as_of == as_of
        )
    )
    return set(found)


async def due(
    tx: Tx, on: date, *, person_id: str | None = None, limit: int
) -> Sequence[StoredForecast]:
    """Forecasts, oldest first, whose last day is over on that day and which nobody scored."""
    statement = (
        select(StoredForecast)
        .where(StoredForecast.state == "open", StoredForecast.until < on)
        .order_by(StoredForecast.until, StoredForecast.id)
        .limit(limit)
    )
    if person_id is not None:
        statement = statement.where(StoredForecast.person_id == person_id)
    return await tx.all(statement)


async def count_waiting(tx: Tx, person_id: str) -> int:
    """How many forecasts of a person are not scored yet."""
    found = await tx.first(
        select(func.count())
        .select_from(StoredForecast)
        .where(StoredForecast.person_id == person_id, StoredForecast.state == "open")
    )
    return found or 0
