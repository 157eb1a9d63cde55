"""Steps of deals in timelines: opened, moved, taken back, closed."""

from collections.abc import Mapping, Sequence
from typing import Any

from domain.deals import queries
from domain.pipelines import queries as pipelines
from domain.store.declarations import About, Place, TimelineSource
from domain.store.tx import Tx


async def _before(tx: Tx, about: About, after: Place | None, limit: int) -> Sequence[Any]:
    whose = queries.ids_of(account_id=about.account_id, deal_id=about.deal_id)
    before = (after.at, after.id, int(after.sub)) if after is not None else None
    return await queries.moves_before(tx, whose, before, limit=limit)


def _place(row: Any) -> Place:
    return Place(row.at, row.deal_id, row.n)


async def _shown(tx: Tx, rows: Sequence[Any]) -> list[Mapping[str, Any]]:
    ids = {row.from_stage_id for row in rows} | {row.to_stage_id for row in rows}
    labels = await pipelines.labels(tx, ids - {None})
    facts: list[Mapping[str, Any]] = []
    for row in rows:
        start, end = labels.get(row.from_stage_id), labels[row.to_stage_id]
        facts.append(
            {
                "id": f"{row.deal_id}/{row.n}",
                "kind": _kind(row, start, end),
                "by": row.moved_by,
                "deal_id": row.deal_id,
                "from_stage": start.stage if start is not None else None,
                "to_stage": end.stage,
                "reason": row.reason,
            }
        )
    return facts


def _kind(row: Any, start: Any, end: Any) -> str:
    if start is None:
        return "deal_opened"
    if row.undoes is not None:
        return "move_undone"
    return "deal_closed" if end.category != "open" else "stage_moved"


STEPS = TimelineSource(number=2, before=_before, place=_place, shown=_shown)
