"""Queries of approvals: which actions wait, who decided, and what is the rule in force?"""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, NamedTuple

from sqlalchemy import ColumnElement, Select, and_, func, or_, select, true

from domain.approvals.events import Proposed
from domain.approvals.shape import corrupt, well_formed
from domain.approvals.tables import (
    Approval,
    ExecutionAttempt,
    PendingAction,
    PolicyVersion,
    Resolution,
)
from domain.store import audit_queries, references
from domain.store.tolerant_read import read_tolerantly, unreadable
from domain.store.tx import Tx

LIVE = ("pending", "approved", "executing", "unknown")
SUPERSEDED = "SUPERSEDED"  # a newer request of the same requester took its place
_WAITS = PendingAction.state.in_(("pending", "approved"))


@dataclass(frozen=True, slots=True)
class Page:
    """Actions in order, the ids among them that cannot be read, and where the next page begins."""

    rows: list[PendingAction]
    damaged: list[str]
    next: str | None


async def action(tx: Tx, action_id: str, *, lock: bool = False) -> PendingAction | None:
    """One action of this tenant; `lock` holds it against everybody else until the end.

    ACTION_DAMAGED when its row is none that this program writes.
    """
    try:
        row = await tx.get(PendingAction, action_id, lock=lock)
    except Exception as error:
        if not unreadable(error):
            raise
        raise corrupt(action_id) from error
    if row is not None and not well_formed(row):
        raise corrupt(action_id)
    return row


async def live_with_dedupe_key(tx: Tx, dedupe_key: str) -> PendingAction | None:
    """The action that already waits for the same thing; raises like `action`."""
    found = await tx.first(
        select(PendingAction.id).where(
            PendingAction.dedupe_key == dedupe_key, PendingAction.state.in_(LIVE)
        )
    )
    return await action(tx, found) if found is not None else None


async def waiting_about(tx: Tx, entity_id: str, now: datetime) -> Sequence[str]:
    """Ids of the actions about this row that may still be carried out, oldest first."""
    in_time = PendingAction.state.in_(("executing", "unknown")) | (PendingAction.expires_at > now)
    return await tx.all(
        select(PendingAction.id)
        .where(PendingAction.entity_id == entity_id, PendingAction.state.in_(LIVE), in_time)
        .order_by(PendingAction.id)
    )


async def others_about(tx: Tx, row: PendingAction, *, limit: int) -> list[PendingAction]:
    """What else may still be carried out about the same row, oldest first, if it can be read."""
    ids = [id for id in await waiting_about(tx, row.entity_id, tx.at) if id != row.id][:limit]
    oldest_first = select(PendingAction).order_by(PendingAction.id)
    rows, _ = await read_tolerantly(tx, oldest_first, PendingAction.id, ids)
    return [one for one in rows if well_formed(one)]


async def proposed_before(
    tx: Tx, entity_ids: "Select[str]", before: tuple[datetime, str] | None, *, limit: int
) -> Sequence[PendingAction]:
    """Actions about these rows, latest first, from behind instant and id of an action."""
    statement = select(PendingAction).where(PendingAction.entity_id.in_(entity_ids))
    if before is not None:
        at, action_id = before
        same_time = and_(PendingAction.created_at == at, PendingAction.id < action_id)
        statement = statement.where(or_(PendingAction.created_at < at, same_time))
    latest_first = (PendingAction.created_at.desc(), PendingAction.id.desc())
    return await tx.all(statement.order_by(*latest_first).limit(limit))


async def decided_before(
    tx: Tx, entity_ids: "Select[str]", before: tuple[datetime, str, str] | None, *, limit: int
) -> Sequence[Approval]:
    """Decisions on actions about these rows, latest first, from behind instant, action, person."""
    actions_about = select(PendingAction.id).where(PendingAction.entity_id.in_(entity_ids))
    statement = select(Approval).where(Approval.action_id.in_(actions_about))
    if before is not None:
        at, action_id, person_id = before
        same_time = or_(
            Approval.action_id < action_id,
            and_(Approval.action_id == action_id, Approval.person_id < person_id),
        )
        statement = statement.where(or_(Approval.at < at, and_(Approval.at == at, same_time)))
    latest_first = (Approval.at.desc(), Approval.action_id.desc(), Approval.person_id.desc())
    return await tx.all(statement.order_by(*latest_first).limit(limit))


class Asked(NamedTuple):
    """Which actions are judged together: those of a tool, in the day that ends at an instant.

    Counted are those that may still be carried out at the instant, those that are under way, and
    those that were done after `since`; with `before`, only if they were proposed before that entry
    of the chain.
    """

    tool: str
    since: datetime
    at: datetime
    before: int | None = None

    def of(self, rows: Any) -> ColumnElement[bool]:
        """Whether an action about one of these rows, given by id and version of now, counts."""
        due = PendingAction.state.in_(("pending", "approved")) & (
            PendingAction.expires_at > self.at
        )
        # An action about a row that has changed since can only go stale.
        still_fits = PendingAction.entity_version == rows.c.version
        under_way = PendingAction.state.in_(("executing", "unknown"))
        done = (PendingAction.state == "succeeded") & (PendingAction.closed_at > self.since)
        counts = (PendingAction.tool == self.tool) & or_(and_(due, still_fits), under_way, done)
        if self.before is None:
            return counts
        return counts & audit_queries.told_before(self.before, Proposed.EVENT, of=PendingAction.id)


class Worth(NamedTuple):
    """US cents of what was asked for about a customer, and in the name of a person.

    None when the worth of one action among them is not known.
    """

    customer: int | None
    person: int | None


async def worth_of_others(
    tx: Tx, asked: Asked, *, of_customer: "Select[str, int]", others: Any, person_id: str
) -> Worth:
    """US cents of the actions about other rows: those of the customer, and those of the person."""
    customer = _summed(asked, of_customer.subquery()).subquery()
    theirs = PendingAction.requester_person == person_id
    person = _summed(asked, others.subquery()).where(theirs).subquery()
    both = select(*customer.c, *person.c).select_from(customer.join(person, true()))
    ((known, actions, worth, known_p, actions_p, worth_p),) = await tx.rows(both)
    return Worth(
        int(worth) if known == actions else None, int(worth_p) if known_p == actions_p else None
    )


def _summed(asked: Asked, rows: Any) -> "Select[int, int, int | None]":
    """How many have a known worth, how many there are, and US cents."""
    usd_minor = PendingAction.amount_usd_minor
    return (
        select(
            func.count(usd_minor).label("known"),
            func.count().label("actions"),
            func.coalesce(func.sum(usd_minor), 0).label("usd_minor"),
        )
        .join(rows, PendingAction.entity_id == rows.c.id)
        .where(asked.of(rows))
    )


async def worth_by_customer(
    tx: Tx, asked: Asked, *, of_customer: "Select[str, int]", others: Any
) -> Mapping[str, int | None]:
    """US cents of the actions about rows of other customers, by the id of the customer."""
    rows = others.subquery()
    elsewhere = rows.c.id.not_in(select(of_customer.subquery().c.id))
    summed = (
        _summed(asked, rows)
        .add_columns(rows.c.customer_id)
        .where(elsewhere)
        .group_by(rows.c.customer_id)
    )
    return {
        one.customer_id: int(one.usd_minor) if one.known == one.actions else None
        for one in await tx.rows(summed)
    }


async def waiting_of_a_kind(tx: Tx, row: PendingAction) -> Sequence[str]:
    """Ids of the requests by which its requester waits for the same tool to change the same row."""
    waiting = _of_a_kind(row).where(
        PendingAction.entity_version > 0,
        PendingAction.state == "pending",
        PendingAction.expires_at > tx.at,
    )
    return await tx.all(waiting.with_only_columns(PendingAction.id).order_by(PendingAction.id))


async def superseded_by(tx: Tx, row: PendingAction) -> Sequence[PendingAction]:
    """The requests whose place this one took, oldest first: those taken back in the same moment."""
    return await tx.all(
        _of_a_kind(row)
        .where(
            PendingAction.error_code == SUPERSEDED,
            PendingAction.closed_at == row.created_at,
            PendingAction.id != row.id,
        )
        .order_by(PendingAction.id)
    )


async def successor(tx: Tx, row: PendingAction) -> str | None:
    """The id of the request that took the place of this one."""
    if row.error_code != SUPERSEDED:
        return None
    newer = _of_a_kind(row).where(
        PendingAction.created_at == row.closed_at, PendingAction.id != row.id
    )
    found = await tx.first(newer.order_by(PendingAction.id))
    return found.id if found is not None else None


def _of_a_kind(row: PendingAction) -> "Select[PendingAction]":
    return select(PendingAction).where(
        PendingAction.requester == row.requester,
        PendingAction.tool == row.tool,
        PendingAction.entity_type == row.entity_type,
        PendingAction.entity_id == row.entity_id,
    )


async def moved_on(tx: Tx, action_ids: Collection[str] | None = None) -> set[str]:
    """Those that wait (of these, or of all) about something that has changed since, or is gone."""
    changed = select(PendingAction.id).where(_WAITS, references.moved_on(PendingAction))
    if action_ids is not None:
        changed = changed.where(PendingAction.id.in_(action_ids))
    return set(await tx.all(changed))


async def counts_of_requester(tx: Tx, requester: str, since: datetime) -> tuple[int, int]:
    """How many actions of this requester wait for people, and how many began since an instant."""
    counted = select(func.count(PendingAction.id)).where(PendingAction.requester == requester)
    waiting = counted.where(
        PendingAction.state == "pending",
        PendingAction.expires_at > tx.at,
        ~references.moved_on(PendingAction),
    )
    begun = counted.where(PendingAction.created_at > since)
    ((waits, began),) = await tx.rows(select(waiting.scalar_subquery(), begun.scalar_subquery()))
    return waits, began


async def counts(tx: Tx) -> tuple[int, int]:
    """How many actions wait for people, and of how many nobody knows what became of them."""
    asked = select(func.count(PendingAction.id))
    waiting = asked.where(
        PendingAction.state == "pending",
        PendingAction.expires_at > tx.at,
        ~references.moved_on(PendingAction),
    )
    unknown = asked.where(PendingAction.state == "unknown")
    ((waits, lost),) = await tx.rows(select(waiting.scalar_subquery(), unknown.scalar_subquery()))
    return waits, lost


async def actions(
    tx: Tx,
    *,
    requester: str | None = None,
    states: Sequence[str] | None = None,
    before: str | None = None,
    limit: int,
) -> Page:
    """Actions, newest first; of one requester, in the given states."""
    wanted = select(PendingAction.id).order_by(PendingAction.id.desc()).limit(limit + 1)
    if requester is not None:
        wanted = wanted.where(PendingAction.requester == requester)
    if states is not None:
        wanted = wanted.where(PendingAction.state.in_(states))
    if before is not None:
        wanted = wanted.where(PendingAction.id < before)
    ids = list(await tx.all(wanted))
    page = ids[:limit]
    newest_first = select(PendingAction).order_by(PendingAction.id.desc())
    rows, broken = await read_tolerantly(tx, newest_first, PendingAction.id, page)
    broken += [row.id for row in rows if not well_formed(row)]
    return Page(
        [row for row in rows if row.id not in broken],
        broken,
        page[-1] if len(ids) > limit else None,
    )


async def to_execute(tx: Tx) -> Sequence[str]:
    """Ids of approved actions, oldest first.

    All, here and below, because those that cannot go on stay: a limit would hide the others
    behind them.
    """
    return await tx.all(
        select(PendingAction.id).where(PendingAction.state == "approved").order_by(PendingAction.id)
    )


async def tools_of(tx: Tx, action_ids: Sequence[str]) -> dict[str, str]:
    """Which tool each of these actions is of."""
    asked = select(PendingAction.id, PendingAction.tool).where(PendingAction.id.in_(action_ids))
    return {row.id: row.tool for row in await tx.rows(asked)}


async def sources(tx: Tx, action_ids: Collection[str]) -> Mapping[str, Any]:
    """What each of these actions is about, of which tool, and its state: for what follows it."""
    asked = select(
        PendingAction.id, PendingAction.tool, PendingAction.state, PendingAction.entity_type,
        PendingAction.entity_id, PendingAction.entity_digest,
    ).where(PendingAction.id.in_(action_ids))  # fmt: skip
    return {row.id: row for row in await tx.rows(asked)}


async def overdue(tx: Tx, now: datetime) -> Sequence[str]:
    """Ids of actions whose time, ground or lease is gone, oldest first."""
    waiting = _WAITS & ((PendingAction.expires_at <= now) | references.moved_on(PendingAction))
    lapsed = (PendingAction.state == "executing") & (PendingAction.lease_until <= now)
    return await tx.all(select(PendingAction.id).where(waiting | lapsed).order_by(PendingAction.id))


async def unknown(tx: Tx) -> Sequence[str]:
    """Ids of actions that were sent and whose outcome is unknown, oldest first."""
    return await tx.all(
        select(PendingAction.id).where(PendingAction.state == "unknown").order_by(PendingAction.id)
    )


async def approvals(tx: Tx, action_ids: Sequence[str]) -> Sequence[Approval]:
    """Every decision on these actions, oldest first; ACTION_DAMAGED if one cannot be read."""
    found, broken = await decisions(tx, action_ids)
    if broken:
        raise corrupt(broken[0])
    return found


async def decisions(tx: Tx, action_ids: Sequence[str]) -> tuple[list[Approval], list[str]]:
    """Every decision on these actions, oldest first, and the actions of which one is damaged."""
    oldest_first = select(Approval).order_by(Approval.at)
    return await read_tolerantly(tx, oldest_first, Approval.action_id, action_ids)


async def resolutions(tx: Tx, action_ids: Sequence[str]) -> Sequence[Resolution]:
    """What people said became of these actions, first word first; ACTION_DAMAGED like approvals."""
    first_word_first = select(Resolution).order_by(Resolution.at)
    found, broken = await read_tolerantly(tx, first_word_first, Resolution.action_id, action_ids)
    if broken:
        raise corrupt(broken[0])
    return found


async def resolved(tx: Tx, action_ids: Sequence[str]) -> set[str]:
    """Those of these actions about which somebody has said what became of them."""
    asked = select(Resolution.action_id).where(Resolution.action_id.in_(action_ids))
    return set(await tx.all(asked))


async def attempts(tx: Tx, action_id: str) -> Sequence[ExecutionAttempt]:
    """The tries to carry an action out, first to last."""
    return await tx.all(
        select(ExecutionAttempt)
        .where(ExecutionAttempt.action_id == action_id)
        .order_by(ExecutionAttempt.n)
    )


async def active_policy(tx: Tx) -> PolicyVersion | None:
    """The policy version activated last."""
    return await tx.first(select(PolicyVersion).order_by(PolicyVersion.version.desc()))
