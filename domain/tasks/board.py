"""Tasks on a board: what is due about the deals of a pipeline, for whoever looks at it?"""

from collections.abc import Mapping
from dataclasses import dataclass
from zoneinfo import ZoneInfo

from domain.deals import queries as deals
from domain.deals.board import Board
from domain.store.tx import Tx
from domain.store.visibility import Viewer
from domain.tasks import queries
from domain.tasks.rules import Due, end_of


@dataclass(frozen=True, slots=True)
class TasksDue:
    """How many tasks about open deals are due today or overdue, and the next of each card.

    `next_of` maps the id of a deal to a day or a time of the company, as text.
    """

    today: int
    next_of: Mapping[str, str]


async def due(tx: Tx, viewer: Viewer, board: Board, *, zone: ZoneInfo) -> TasksDue:
    """What is due about the deals of a board: two statements, however many deals there are."""
    open_deals = deals.open_ids(board.shape.pipeline.id)
    tonight = end_of(tx.at.astimezone(zone).date(), zone)
    number = await queries.due_count(tx, viewer, open_deals, due_by=tonight)
    shown = [card.id for column in board.columns for card in column.cards]
    nexts = await queries.next_of_deals(tx, viewer, shown)
    return TasksDue(
        number, {id: Due(at, whole_day).text(zone) for id, (at, whole_day) in nexts.items()}
    )
