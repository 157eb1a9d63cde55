"""Activities in timelines: calls, e-mails, meetings and notes."""

from collections.abc import Mapping, Sequence
from typing import Any

from domain.activities import queries
from domain.store.declarations import About, Place, TimelineSource
from domain.store.tx import Tx


async def _before(tx: Tx, about: About, after: Place | None, limit: int) -> Sequence[Any]:
    return await queries.recent(
        tx,
        about.viewer,
        account_id=about.account_id,
        deal_id=about.deal_id,
        after=after[:2] if after is not None else None,
        limit=limit,
    )


def _place(row: Any) -> Place:
    return Place(row.occurred_at, row.id, 0)


async def _shown(_tx: Tx, rows: Sequence[Any]) -> list[Mapping[str, Any]]:
    return [
        {
            "id": row.id,
            "kind": row.kind,
            "by": row.logged_by,
            "deal_id": row.deal_id,
            "contact_id": row.contact_id,
            "subject": row.subject,
            "body": row.body,
            "body_from": f"activity.{row.kind}",
        }
        for row in rows
    ]


ACTIVITIES = TimelineSource(number=1, before=_before, place=_place, shown=_shown)
