"""Queries of tasks: which are asked for, as far as the viewer may see them?"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, NamedTuple

from sqlalchemy import Select, and_, func, or_, select

from domain.store.references import referred
from domain.store.tx import Tx
from domain.store.visibility import Viewer
from domain.tasks.tables import Task, TaskStep

# The sources of tasks: a proposed next action that one follows, or nothing but its creator.
NEXT_ACTION = "next_action"
BY_HAND = "agent"


class TaskCard(NamedTuple):
    """A task as it is shown, with the names of what it is about; `owner` is an e-mail address."""

    id: str
    title: str
    owner_id: str
    owner: str
    due_at: datetime
    whole_day: bool
    status: str
    account_id: str | None
    account_name: str | None
    contact_id: str | None
    deal_id: str | None
    deal_name: str | None
    version: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Filter:
    """Which tasks are asked for; None means all. `due_by` is the last instant that counts."""

    status: str | None = None
    owner_id: str | None = None
    account_id: str | None = None
    deal_id: str | None = None
    due_by: datetime | None = None


_PERSON = referred("person", "email", by=Task.owner_id)
_ACCOUNT = referred("account", "name", by=Task.account_id)
# A task is seen with its deal, so whoever sees the task may read what the deal is called.
_DEAL = referred("deal", "name", by=Task.deal_id)
_SHOWN = (
    select(
        Task.id,
        Task.title,
        Task.owner_id,
        _PERSON.columns.email.label("owner"),
        Task.due_at,
        Task.whole_day,
        Task.status,
        Task.account_id,
        _ACCOUNT.columns.name.label("account_name"),
        Task.contact_id,
        Task.deal_id,
        _DEAL.columns.name.label("deal_name"),
        Task.version,
    )
    .join(_PERSON.table, _PERSON.condition)
    .outerjoin(_ACCOUNT.table, _ACCOUNT.condition)
    .outerjoin(_DEAL.table, _DEAL.condition)
)


async def get(tx: Tx, viewer: Viewer, task_id: str, *, lock: bool = False) -> Task | None:
    """The task, if it exists for the viewer; `lock` holds it until the end."""
    with tx.looking_as(viewer):
        return await tx.get(Task, task_id, lock=lock)


async def card(tx: Tx, viewer: Viewer, task_id: str) -> TaskCard:
    """One task as it is shown, with what was changed of it in this transaction."""
    await tx.flush()
    with tx.looking_as(viewer):
        (found,) = await tx.rows(_SHOWN.where(Task.id == task_id))
    return TaskCard._make(found)


async def open_for(tx: Tx, viewer: Viewer, source: str, source_event_id: str) -> Task | None:
    """The open task that this event of a source asked for, if it exists for the viewer."""
    with tx.looking_as(viewer):
        return await tx.first(
            select(Task).where(
                Task.source == source,
                Task.source_event_id == source_event_id,
                Task.status == "open",
            )
        )


async def listed(
    tx: Tx,
    viewer: Viewer,
    wanted: Filter,
    *,
    after: tuple[datetime, str] | None = None,
    limit: int,
) -> list[TaskCard]:
    """Tasks that fit, due first; `after` is instant and id of the one seen last."""
    chosen = _SHOWN.where(*_conditions(wanted))
    if after is not None:
        at, id = after
        chosen = chosen.where(or_(Task.due_at > at, and_(Task.due_at == at, Task.id > id)))
    with tx.looking_as(viewer):
        rows = await tx.rows(chosen.order_by(Task.due_at, Task.id).limit(limit))
    return [TaskCard._make(row) for row in rows]


async def counts(tx: Tx, account_id: str, viewer: Viewer) -> Mapping[str, int]:
    """How many tasks about an account are open for the viewer, as part of an overview."""
    wanted = Filter(account_id=account_id, status="open")
    return {"open_tasks": await _count(tx, viewer, select(func.count(Task.id)), wanted)}


async def due_count(tx: Tx, viewer: Viewer, deal_ids: "Select[str]", *, due_by: datetime) -> int:
    """How many open tasks about these deals are due by an instant."""
    wanted = Filter(status="open", due_by=due_by)
    about = select(func.count(Task.id)).where(Task.deal_id.in_(deal_ids))
    return await _count(tx, viewer, about, wanted)


async def next_of_deals(
    tx: Tx, viewer: Viewer, deal_ids: Iterable[str]
) -> Mapping[str, tuple[datetime, bool]]:
    """When each of these deals has its next open task due: instant and whether the whole day."""
    ids = list(deal_ids)
    if not ids:
        return {}
    place = func.row_number().over(partition_by=Task.deal_id, order_by=(Task.due_at, Task.id))
    ordered = (
        select(Task.deal_id, Task.due_at, Task.whole_day, place.label("place"))
        .where(Task.status == "open", Task.deal_id.in_(ids))
        .subquery()
    )
    first = select(ordered.c.deal_id, ordered.c.due_at, ordered.c.whole_day)
    with tx.looking_as(viewer):
        rows = await tx.rows(first.where(ordered.c.place == 1))
    return {row.deal_id: (row.due_at, row.whole_day) for row in rows}


async def open_of_deals(tx: Tx, deal_ids: "Select[str]") -> Sequence[Any]:
    """Open tasks about these deals for whoever asks: `deal_id`, `source`, `source_event_id`."""
    return await tx.rows(
        select(Task.deal_id, Task.source, Task.source_event_id)
        .where(Task.status == "open", Task.deal_id.in_(deal_ids))
        .order_by(Task.id)
    )


async def asked_for_by(tx: Tx, source: str, deal_ids: "Select[str]") -> Sequence[Any]:
    """Every task about these deals that a source asked for, whatever became of it since.

    `deal_id`, `source_event_id`, `created_at`, in the order in which they were created.
    """
    return await tx.rows(
        select(Task.deal_id, Task.source_event_id, Task.created_at)
        .where(Task.source == source, Task.deal_id.in_(deal_ids))
        .order_by(Task.created_at, Task.id)
    )


async def last_step(tx: Tx, task_id: str) -> int:
    """The number of the last step a task took."""
    return await tx.first(select(func.max(TaskStep.n)).where(TaskStep.task_id == task_id)) or 0


async def steps_before(
    tx: Tx,
    viewer: Viewer,
    *,
    account_id: str | None,
    deal_id: str | None,
    before: tuple[datetime, str, int] | None,
    limit: int,
) -> Sequence[Any]:
    """Steps of an account's or a deal's tasks, latest first, from behind instant, task and number.

    Each with `title`, `deal_id` and `contact_id` of its task.
    """
    about = _conditions(Filter(account_id=account_id, deal_id=deal_id))
    taken = (
        select(
            TaskStep.task_id,
            TaskStep.n,
            TaskStep.kind,
            TaskStep.due_at,
            TaskStep.whole_day,
            TaskStep.note,
            TaskStep.taken_by,
            TaskStep.at,
            Task.title,
            Task.deal_id,
            Task.contact_id,
        )
        .join(Task, and_(Task.tenant_id == TaskStep.tenant_id, Task.id == TaskStep.task_id))
        .where(*about)
    )
    if before is not None:
        at, task_id, n = before
        same_time = or_(
            TaskStep.task_id < task_id, and_(TaskStep.task_id == task_id, TaskStep.n < n)
        )
        taken = taken.where(or_(TaskStep.at < at, and_(TaskStep.at == at, same_time)))
    latest_first = (TaskStep.at.desc(), TaskStep.task_id.desc(), TaskStep.n.desc())
    with tx.looking_as(viewer):
        return await tx.rows(taken.order_by(*latest_first).limit(limit))


def _conditions(wanted: Filter) -> list[Any]:
    equal = {
        Task.status: wanted.status,
        Task.owner_id: wanted.owner_id,
        Task.account_id: wanted.account_id,
        Task.deal_id: wanted.deal_id,
    }
    found = [column == value for column, value in equal.items() if value is not None]
    return found if wanted.due_by is None else [*found, Task.due_at <= wanted.due_by]


async def _count(tx: Tx, viewer: Viewer, statement: "Select[int]", wanted: Filter) -> int:
    with tx.looking_as(viewer):
        return await tx.first(statement.where(*_conditions(wanted))) or 0
