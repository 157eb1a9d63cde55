"""Activities service: what happened is logged, once however often it is reported."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from domain.activities import queries
from domain.activities.queries import Filter
from domain.activities.rules import ActivityKind, check_occurred_at, check_source_event_id
from domain.activities.tables import Activity
from domain.deals import queries as deals
from domain.deals import subjects
from domain.kernel.canonical import canonical, sha256_hex
from domain.kernel.clock import stamp
from domain.kernel.faults import Fault, Kind
from domain.kernel.ids import new_id
from domain.store import outbox
from domain.store.tx import Tx
from domain.store.visibility import Viewer


@dataclass(frozen=True, slots=True, kw_only=True)
class NewActivity:
    """What is reported. `occurred_at` left out means now; at least one id says with whom."""

    kind: ActivityKind
    subject: str
    body: str = ""
    account_id: str | None = None
    contact_id: str | None = None
    deal_id: str | None = None
    occurred_at: datetime | None = None
    source: str
    source_event_id: str | None = None


@dataclass(frozen=True, slots=True)
class Logged:
    """The activity, and whether it was there before this call."""

    activity: Activity
    already_logged: bool


async def log(tx: Tx, viewer: Viewer, new: NewActivity, *, logged_by: str) -> Logged:
    """Log an activity. The same event with the same content is the same activity.

    Raises NOT_FOUND for account, contact and deal, SUBJECT_REQUIRED, ACCOUNT_MISMATCH,
    OCCURRED_AT_INVALID, SOURCE_EVENT_INVALID and EVENT_CONFLICT (the event is there with other
    content).
    """
    if new.occurred_at is not None:
        check_occurred_at(new.occurred_at, tx.at)
    if new.source_event_id is not None:
        check_source_event_id(new.source_event_id)
    account_id = await _account(tx, viewer, new)
    digest = _digest(new, account_id)
    if new.source_event_id is not None:
        there = await queries.with_event(tx, new.source, new.source_event_id)
        if there is not None:
            return await _again(tx, viewer, there, digest)

    activity = Activity(
        id=new_id(),
        kind=new.kind.value,
        account_id=account_id,
        contact_id=new.contact_id,
        deal_id=new.deal_id,
        subject=new.subject,
        body=new.body,
        occurred_at=new.occurred_at or tx.at,
        source=new.source,
        source_event_id=new.source_event_id,
        content_sha256=digest,
        logged_by=logged_by,
        created_at=tx.at,
    )
    tx.add(activity)
    await tx.flush()
    outbox.emit(
        tx,
        "activity.logged",
        activity_id=activity.id,
        account_id=account_id,
        deal_id=new.deal_id,
        kind=activity.kind,
    )
    return Logged(activity, already_logged=False)


async def find(
    tx: Tx,
    viewer: Viewer,
    wanted: Filter,
    *,
    after: tuple[datetime, str] | None = None,
    limit: int,
) -> tuple[Sequence[Any], bool]:
    """A page of activities with the names of whom they were with, latest first; are there more?

    Raises NOT_FOUND for account, contact and deal, and ACCOUNT_MISMATCH, so that a wrong id is not
    mistaken for silence.
    """
    await subjects.account_of(
        tx,
        viewer,
        account_id=wanted.account_id,
        contact_id=wanted.contact_id,
        deal_id=wanted.deal_id,
    )
    found = await queries.listed(tx, viewer, wanted, after=after, limit=limit + 1)
    return found[:limit], len(found) > limit


async def _account(tx: Tx, viewer: Viewer, new: NewActivity) -> str:
    """The account that contact and deal, where given, agree on."""
    found = await subjects.account_of(
        tx, viewer, account_id=new.account_id, contact_id=new.contact_id, deal_id=new.deal_id
    )
    if found is None:
        raise Fault(
            "SUBJECT_REQUIRED",
            Kind.INVALID,
            "An activity belongs to an account, a contact or a deal.",
            "Give account_id, contact_id or deal_id.",
        )
    return found


def _digest(new: NewActivity, account_id: str) -> str:
    """What makes two reports of an event the same; the instant counts only if it was given."""
    return sha256_hex(
        canonical(
            {
                "kind": new.kind.value,
                "account": account_id,
                "contact": new.contact_id,
                "deal": new.deal_id,
                "subject": new.subject,
                "body": new.body,
                "occurred_at": stamp(new.occurred_at) if new.occurred_at else None,
            }
        )
    )


async def _again(tx: Tx, viewer: Viewer, there: Activity, digest: str) -> Logged:
    if there.content_sha256 == digest:
        return Logged(there, already_logged=True)
    hidden = there.deal_id is not None and await deals.get(tx, there.deal_id, viewer) is None
    raise Fault(
        "EVENT_CONFLICT",
        Kind.CONFLICT,
        "This event is logged already, with other content.",
        "An activity never changes: log a correction as a note of its own.",
        {} if hidden else {"activity_id": there.id},
    )
