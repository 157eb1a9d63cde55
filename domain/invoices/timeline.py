"""Invoices in timelines: drafted, and sent."""

from collections.abc import Mapping, Sequence
from typing import Any

from domain.invoices import queries
from domain.invoices.queries import Told
from domain.store.declarations import About, Place, TimelineSource
from domain.store.tx import Tx

_KINDS = ("invoice_drafted", "invoice_sent")


async def _before(tx: Tx, about: About, after: Place | None, limit: int) -> Sequence[Told]:
    return await queries.told(
        tx,
        about.viewer,
        account_id=about.account_id,
        deal_id=about.deal_id,
        before=(after.at, after.id, int(after.sub)) if after is not None else None,
        limit=limit,
    )


def _place(row: Any) -> Place:
    return Place(row.at, row.id, row.step)


async def _shown(_tx: Tx, rows: Sequence[Any]) -> list[Mapping[str, Any]]:
    return [
        {
            "id": f"{row.id}/{row.step}",
            "kind": _KINDS[row.step],
            "by": row.by,
            "deal_id": row.deal_id,
            "subject": row.label.text,
        }
        for row in rows
    ]


INVOICES = TimelineSource(number=5, before=_before, place=_place, shown=_shown)
