"""Tasks in timelines: written down, put off, done, dropped."""

from collections.abc import Mapping, Sequence
from typing import Any

from domain.store.declarations import About, Place, TimelineSource
from domain.store.tx import Tx
from domain.tasks import queries


async def _before(tx: Tx, about: About, after: Place | None, limit: int) -> Sequence[Any]:
    return await queries.steps_before(
        tx,
        about.viewer,
        account_id=about.account_id,
        deal_id=about.deal_id,
        before=(after.at, after.id, int(after.sub)) if after is not None else None,
        limit=limit,
    )


def _place(row: Any) -> Place:
    return Place(row.at, row.task_id, row.n)


async def _shown(_tx: Tx, rows: Sequence[Any]) -> list[Mapping[str, Any]]:
    return [
        {
            "id": f"{row.task_id}/{row.n}",
            "kind": f"task_{row.kind}",
            "by": row.taken_by,
            "deal_id": row.deal_id,
            "contact_id": row.contact_id,
            "subject": row.title,
            "reason": row.note,
            "due_at": row.due_at,
        }
        for row in rows
    ]


TASKS = TimelineSource(number=6, before=_before, place=_place, shown=_shown)
