"""Tasks service: what is to be done is written down, done, dropped or put off."""

from dataclasses import dataclass
from datetime import datetime

from domain.accounts import queries as accounts
from domain.accounts import service as account_service
from domain.deals import queries as deals
from domain.deals import service as deal_service
from domain.deals import subjects
from domain.identity import queries as identity
from domain.kernel.faults import Fault, Kind
from domain.kernel.ids import new_id
from domain.store import edits, outbox
from domain.store.tx import Tx
from domain.store.visibility import SYSTEM, Viewer
from domain.tasks import queries
from domain.tasks.queries import BY_HAND, Filter, TaskCard
from domain.tasks.rules import Due, Outcome, check_due, check_open, check_until
from domain.tasks.tables import Task, TaskStep


@dataclass(frozen=True, slots=True, kw_only=True)
class NewTask:
    """What is to be done until when. Without an `owner` it is the viewer's own.

    `owner` is an e-mail address, an id or a name. At most one open task is the answer to
    `source_event_id` of a `source`.
    """

    title: str
    due: Due
    owner: str | None = None
    account_id: str | None = None
    contact_id: str | None = None
    deal_id: str | None = None
    source: str = BY_HAND
    source_event_id: str | None = None


@dataclass(frozen=True, slots=True)
class Written:
    """The task as it is now, and whether this call has changed anything."""

    task: TaskCard
    is_changed: bool


async def create(tx: Tx, viewer: Viewer, new: NewTask, *, created_by: str) -> Written:
    """Write a task down. The same event asked for again with the same content is the same task.

    Raises DUE_INVALID, NOT_FOUND for account, contact and deal, ACCOUNT_MISMATCH, PERSON_UNKNOWN,
    PERSON_AMBIGUOUS, PERSON_INACTIVE, OWNER_OUTSIDE and EVENT_CONFLICT.
    """
    check_due(new.due, tx.at)
    account_id = await subjects.account_of(
        tx, viewer, account_id=new.account_id, contact_id=new.contact_id, deal_id=new.deal_id
    )
    task = Task(
        id=new_id(),
        title=new.title,
        owner_id=await _owner(tx, viewer, new),
        due_at=new.due.at,
        whole_day=new.due.whole_day,
        account_id=account_id,
        contact_id=new.contact_id,
        deal_id=new.deal_id,
        status="open",
        source=new.source,
        source_event_id=new.source_event_id,
        created_by=created_by,
        created_at=tx.at,
    )
    if new.source_event_id is not None:
        there = await queries.open_for(tx, SYSTEM, new.source, new.source_event_id)
        if there is not None:
            return await _again(tx, viewer, there, task)
    tx.add(task)
    await tx.flush()
    _record(tx, task, 1, "created", by=created_by)
    outbox.emit(tx, "task.created", task_id=task.id, owner_id=task.owner_id, deal_id=task.deal_id)
    return Written(await queries.card(tx, viewer, task.id), is_changed=True)


async def complete(
    tx: Tx,
    viewer: Viewer,
    task_id: str,
    outcome: Outcome,
    *,
    until: Due | None = None,
    note: str | None = None,
    expected_version: int | None = None,
    by: str,
) -> Written:
    """Say what became of an open task: done, dropped, or put off. Saying it again is no change.

    Raises UNTIL_NEEDED, UNTIL_UNWANTED, NOT_FOUND, TASK_ENDED, VERSION_CONFLICT and DUE_INVALID.
    """
    check_until(outcome, until)
    task = await queries.get(tx, viewer, task_id, lock=True)
    if task is None:
        raise Fault(
            "NOT_FOUND", Kind.NOT_FOUND, "There is no such task.", "Look the id up with {tasks}."
        )
    is_new = check_open(task.status, outcome)
    if until is not None:
        is_new = is_new and (task.due_at, task.whole_day) != (until.at, until.whole_day)
    if is_new:
        edits.check_version(expected_version, task.version, "task", "{tasks}")
        if until is not None:
            check_due(until, tx.at)
            task.due_at, task.whole_day = until.at, until.whole_day
        else:
            task.status = outcome.value
        await tx.flush()
        n = await queries.last_step(tx, task.id) + 1
        _record(tx, task, n, outcome.value, by=by, note=note)
        outbox.emit(tx, "task.settled", task_id=task.id, outcome=outcome.value)
    return Written(await queries.card(tx, viewer, task.id), is_new)


async def find(
    tx: Tx,
    viewer: Viewer,
    wanted: Filter,
    *,
    after: tuple[datetime, str] | None = None,
    limit: int,
) -> tuple[list[TaskCard], bool]:
    """A page of tasks, due first; and are there more?

    Raises NOT_FOUND for account and deal, so that a misspelt filter is not mistaken for an empty
    list.
    """
    if wanted.account_id is not None and await accounts.get(tx, wanted.account_id) is None:
        raise account_service.unknown()
    if wanted.deal_id is not None:
        await deal_service.load(tx, wanted.deal_id, viewer)
    page = await queries.listed(tx, viewer, wanted, after=after, limit=limit + 1)
    return page[:limit], len(page) > limit


async def _owner(tx: Tx, viewer: Viewer, new: NewTask) -> str:
    """Who is to do it; of a deal they do not see, nobody is given a task."""
    if new.owner is None:
        return viewer.person_id
    owner = await identity.find_owner(tx, new.owner)
    if new.deal_id is not None and owner.id != viewer.person_id:
        sees = Viewer(owner.id, await identity.workspaces_of(tx, owner.id))
        if not await deals.is_seen(tx, new.deal_id, sees):
            raise Fault(
                "OWNER_OUTSIDE",
                Kind.CONFLICT,
                "Whoever is to do this does not see the deal.",
                "Choose somebody who does, or let the deal be shared first.",
            )
    return owner.id


async def _again(tx: Tx, viewer: Viewer, there: Task, wanted: Task) -> Written:
    """The task that is there already, if it is the same one."""
    is_seen = await queries.get(tx, viewer, there.id) is not None
    if is_seen and _content(there) == _content(wanted):
        return Written(await queries.card(tx, viewer, there.id), is_changed=False)
    raise Fault(
        "EVENT_CONFLICT",
        Kind.CONFLICT,
        "There is an open task for this already, with other content.",
        "Look at it with {tasks}; it can be put off, or dropped and created anew.",
        {"task_id": there.id} if is_seen else {},
    )


def _content(task: Task) -> tuple[object, ...]:
    return (
        task.title,
        task.owner_id,
        task.due_at,
        task.whole_day,
        task.account_id,
        task.contact_id,
        task.deal_id,
    )


def _record(tx: Tx, task: Task, n: int, kind: str, *, by: str, note: str | None = None) -> None:
    tx.add(
        TaskStep(
            task_id=task.id,
            n=n,
            kind=kind,
            due_at=task.due_at,
            whole_day=task.whole_day,
            note=note,
            taken_by=by,
            at=tx.at,
        )
    )
