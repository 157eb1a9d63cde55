"""Queries of receipts: which endpoints are there, what waits to be read, and what to be applied?"""

from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass
from datetime import date, datetime

from sqlalchemy import ColumnElement, Select, func, or_, select

from domain.receipts.rules import NEW, OFTEN, UNREADABLE
from domain.receipts.tables import (
    Receipt,
    ReceiptApplication,
    WebhookConflict,
    WebhookEndpoint,
    WebhookEvent,
)
from domain.store.tx import Tx
from domain.store.visibility import SYSTEM


async def endpoint(tx: Tx, endpoint_id: str) -> WebhookEndpoint | None:
    """An endpoint by its id, revoked or not."""
    return await tx.get(WebhookEndpoint, endpoint_id)


async def endpoints(tx: Tx) -> Sequence[WebhookEndpoint]:
    """Every endpoint, oldest first."""
    return await tx.all(select(WebhookEndpoint).order_by(WebhookEndpoint.id))


async def known_digests(
    tx: Tx, endpoint_id: str, rail: str, own_account: str, provider_id: str
) -> list[tuple[str, str]]:
    """Id and digest of the events that are there by either of the names of this one."""
    rows = await tx.rows(
        select(WebhookEvent.id, WebhookEvent.sha256).where(
            WebhookEvent.provider_id == provider_id,
            or_(
                WebhookEvent.endpoint_id == endpoint_id,
                (WebhookEvent.rail == rail) & (WebhookEvent.own_account == own_account),
            ),
        )
    )
    return [(row.id, row.sha256) for row in rows]


async def has_conflict(tx: Tx, event_id: str, sha256: str) -> bool:
    """Whether it is known that an event came again with this content."""
    same = select(WebhookConflict.id).where(
        WebhookConflict.event_id == event_id, WebhookConflict.sha256 == sha256
    )
    return await tx.first(same) is not None


async def unread(tx: Tx, *, limit: int) -> Sequence[str]:
    """The ids of events that may be read now, in the order in which they came.

    One that failed waits its time, and holds up none that came later.
    """
    due = or_(WebhookEvent.retry_at.is_(None), WebhookEvent.retry_at <= tx.at)
    new = select(WebhookEvent.id).where(WebhookEvent.state == NEW, due)
    return await tx.all(new.order_by(WebhookEvent.id).limit(limit))


async def hold_unread(tx: Tx, event_ids: Collection[str]) -> Sequence[WebhookEvent]:
    """Those of these events that nobody has read, held until the end."""
    return await tx.all(
        select(WebhookEvent)
        .where(WebhookEvent.id.in_(event_ids), WebhookEvent.state == NEW)
        .order_by(WebhookEvent.id)
        .with_for_update(skip_locked=True)
    )


async def untold(tx: Tx, *, limit: int) -> Sequence[str]:
    """The ids of conflicts of which no message tells yet."""
    return await tx.all(
        select(WebhookConflict.id)
        .where(WebhookConflict.told_at.is_(None))
        .order_by(WebhookConflict.id)
        .limit(limit)
    )


async def hold_untold(tx: Tx, conflict_ids: Collection[str]) -> Sequence[WebhookConflict]:
    """Those of these conflicts of which no message tells yet, held until the end."""
    return await tx.all(
        select(WebhookConflict)
        .where(WebhookConflict.id.in_(conflict_ids), WebhookConflict.told_at.is_(None))
        .order_by(WebhookConflict.id)
        .with_for_update(skip_locked=True)
    )


async def conflicts(tx: Tx) -> Sequence[WebhookConflict]:
    """Every event that came again with other content."""
    return await tx.all(select(WebhookConflict).order_by(WebhookConflict.id))


async def unreadable(tx: Tx) -> int:
    """How many events do not say what a transfer must say."""
    return await _count(tx, WebhookEvent.state == UNREADABLE)


async def failing(tx: Tx) -> int:
    """How many events we failed at again and again."""
    return await _count(tx, WebhookEvent.state == NEW, WebhookEvent.failures >= OFTEN)


async def oldest_unread(tx: Tx) -> datetime | None:
    """Since when the oldest event waits to be read; None if none does."""
    new = select(WebhookEvent.received_at).where(WebhookEvent.state == NEW)
    return await tx.first(new.order_by(WebhookEvent.received_at))


async def waiting(tx: Tx) -> dict[str, int]:
    """How many receipts are not applied, by the reason."""
    rows = await tx.rows(
        select(Receipt.waits_for, func.count().label("count"))
        .where(Receipt.waits_for.is_not(None))
        .group_by(Receipt.waits_for)
    )
    return {row.waits_for: row.count for row in rows}


# --- what was applied ---


@dataclass(frozen=True, slots=True)
class Payment:
    """Money that was applied to an invoice: what came in, what it settled, and when it came."""

    invoice_id: str
    receipt_id: str
    amount_minor: int
    rounding_minor: int
    value_date: date
    memo: str


async def applied(tx: Tx, invoice_ids: Iterable[str]) -> dict[str, int]:
    """What was applied to each of these invoices, in minor units; whoever may see them."""
    sums = (
        select(
            ReceiptApplication.invoice_id, func.sum(ReceiptApplication.amount_minor).label("minor")
        )
        .where(ReceiptApplication.invoice_id.in_(list(invoice_ids)))
        .group_by(ReceiptApplication.invoice_id)
    )
    with tx.looking_as(SYSTEM):
        return {row.invoice_id: int(row.minor) for row in await tx.rows(sums)}


async def payments_of(tx: Tx, invoice_ids: Iterable[str]) -> Sequence[Payment]:
    """The payments of these invoices, by the day they came; whoever may see them."""
    asked = (
        select(
            *(ReceiptApplication.invoice_id, ReceiptApplication.receipt_id),
            *(ReceiptApplication.amount_minor, ReceiptApplication.rounding_minor),
            *(Receipt.value_date, Receipt.memo),
        )
        .join(
            Receipt,
            (Receipt.tenant_id == ReceiptApplication.tenant_id)
            & (Receipt.id == ReceiptApplication.receipt_id),
        )
        .where(ReceiptApplication.invoice_id.in_(list(invoice_ids)))
        .order_by(Receipt.value_date, ReceiptApplication.id)
    )
    with tx.looking_as(SYSTEM):
        return [Payment(*row) for row in await tx.rows(asked)]


async def rounded(
    tx: Tx, since: datetime, *, account_ids: Iterable[str] | None = None
) -> dict[str, int]:
    """How many dong of rounding went into the books since an instant, by customer, as amounts
    without a sign.
    """
    sums = select(
        ReceiptApplication.account_id,
        func.sum(func.abs(ReceiptApplication.rounding_minor)).label("minor"),
    ).where(ReceiptApplication.applied_at >= since)
    if account_ids is not None:
        sums = sums.where(ReceiptApplication.account_id.in_(list(account_ids)))
    rows = await tx.rows(sums.group_by(ReceiptApplication.account_id))
    return {row.account_id: int(row.minor) for row in rows}


async def waiting_under(tx: Tx, reference: str) -> Sequence[Receipt]:
    """Receipts that name a reference and wait, held until the end, by value date and id."""
    return await tx.all(_waiting(Receipt.reference == reference))


async def waiting_for(tx: Tx, reason: str, *, limit: int) -> Sequence[Receipt]:
    """Receipts that wait for this, held until the end, by value date and id."""
    return await tx.all(_waiting(Receipt.waits_for == reason).limit(limit))


def _waiting(condition: ColumnElement[bool]) -> "Select[Receipt]":
    return (
        select(Receipt)
        .where(Receipt.waits_for.is_not(None), condition)
        .order_by(Receipt.value_date, Receipt.id)
        .with_for_update()
    )


async def _count(tx: Tx, *conditions: ColumnElement[bool]) -> int:
    return await tx.first(select(func.count(WebhookEvent.id)).where(*conditions)) or 0
