"""Receipts service: endpoints come and go, events are kept, and receipts are made of them."""

import json
from collections.abc import Collection, Sequence
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any

from domain.identity.grants import Signature
from domain.kernel import backoff
from domain.kernel.faults import Fault, Kind
from domain.kernel.ids import new_id
from domain.payments import queries as payments
from domain.receipts import endpoints, queries, rules
from domain.receipts.endpoints import EndpointKey
from domain.receipts.endpoints import Secrets as Secrets
from domain.receipts.events import (
    ConflictTold,
    EndpointAdded,
    EndpointRevoked,
    ReceiptsApplied,
    ReceiptsRecorded,
    ReceiptsReviewed,
)
from domain.receipts.sepay import CURRENCY, Named
from domain.receipts.tables import Receipt as Receipt
from domain.receipts.tables import (
    ReceiptApplication,
    WebhookConflict,
    WebhookEndpoint,
    WebhookEvent,
)
from domain.store import outbox
from domain.store.chain import SYSTEM, Actor
from domain.store.tx import Tx

ACCOUNT_UNKNOWN = rules.ACCOUNT_UNKNOWN
AT_ONCE = 50  # receipts under one seal (ruling M9)


@dataclass(frozen=True, slots=True, kw_only=True)
class Settlement:
    """That a receipt settles so much of an invoice; minor units, as in ReceiptApplication."""

    receipt: Receipt
    invoice_id: str
    account_id: str
    amount_minor: int
    rounding_minor: int
    reason: str
    id: str = field(default_factory=new_id)


# --- endpoints ---


async def add_endpoint(
    tx: Tx, *, rail: str, account: str, actor: Actor
) -> tuple[WebhookEndpoint, Secrets]:
    """Make an address for a feed about one account of the company, by its number.

    Both secrets are in this answer and nowhere else. Raises RAIL_UNKNOWN, ACCOUNT_NOT_ALLOWED.
    """
    if rail not in endpoints.RAILS:
        raise Fault(
            "RAIL_UNKNOWN",
            Kind.INVALID,
            "There is no such rail.",
            f"rails are {', '.join(endpoints.RAILS)}.",
        )
    number = "".join(account.split()).upper()
    if not rules.is_ours(number, await _account_numbers(tx)):
        raise Fault(
            "ACCOUNT_NOT_ALLOWED",
            Kind.FORBIDDEN,
            "This is no bank account of the company.",
            "name one that is on the list, by its number; a CFO and an admin add others.",
        )
    endpoint_id = new_id()
    made = endpoints.make(tx.tenant_id, endpoint_id, rail)
    row = WebhookEndpoint(
        id=endpoint_id,
        rail=rail,
        own_account=number,
        endpoint_key_sha256=endpoints.digest(made.path.rpartition("/")[2]),
        secret_sha256=endpoints.digest(made.key),
        created_by=f"{actor.kind}:{actor.id}",
        created_at=tx.at,
    )
    told = EndpointAdded.of(row)
    told.sign_row(tx, row)
    tx.add(row)
    await tx.flush()
    told.record(tx, actor, Signature(row.signed_by, row.signature))
    return row, made


async def revoke_endpoint(tx: Tx, endpoint_id: str, *, actor: Actor) -> WebhookEndpoint:
    """End an address, now; what it was told stays. Raises ENDPOINT_UNKNOWN."""
    row = await queries.endpoint(tx, endpoint_id)
    if row is None:
        raise Fault(
            "ENDPOINT_UNKNOWN",
            Kind.NOT_FOUND,
            "There is no webhook endpoint with this id.",
            "`cyberos webhook endpoint list` shows them.",
        )
    if row.revoked_at is None:
        row.revoked_at = tx.at
        await tx.flush()
        EndpointRevoked.record(tx, row, actor)
    return row


async def authenticate(tx: Tx, rail: str, key: EndpointKey, shown: str) -> bool:
    """Whether a caller showed both secrets of a live endpoint of this rail."""
    row = await queries.endpoint(tx, key.endpoint_id)
    return endpoints.opens(row, rail, key, shown)


# --- what an endpoint is told ---


class Kept(StrEnum):
    """What became of an event that was told."""

    STORED = "stored"
    AGAIN = "again"  # the same was there
    CONFLICT = "conflict"  # another was there by its name; of this one the digest is kept


async def keep(tx: Tx, endpoint_id: str, rail: str, event: Named, body: bytes) -> Kept:
    """Keep what an endpoint was told, once. This is all that the public door writes.

    An IntegrityError says that somebody was quicker with the same event: ask again.
    """
    known = await queries.known_digests(tx, endpoint_id, rail, event.own_account, event.provider_id)
    if not known:
        tx.add(
            WebhookEvent(
                endpoint_id=endpoint_id,
                rail=rail,
                own_account=event.own_account,
                provider_id=event.provider_id,
                sha256=event.sha256,
                body=body,
                received_at=tx.at,
                state=rules.NEW,
            )
        )
        await tx.flush()
        return Kept.STORED
    if all(sha256 == event.sha256 for _, sha256 in known):
        return Kept.AGAIN
    event_id = next(id for id, sha256 in known if sha256 != event.sha256)
    if not await queries.has_conflict(tx, event_id, event.sha256):
        tx.add(
            WebhookConflict(
                event_id=event_id,
                endpoint_id=endpoint_id,
                sha256=event.sha256,
                received_at=tx.at,
            )
        )
        await tx.flush()
    return Kept.CONFLICT


async def untold(tx: Tx) -> Sequence[str]:
    """The conflicts of which no message tells yet, a batch of them."""
    return await queries.untold(tx, limit=AT_ONCE)


async def leave_untold(tx: Tx, conflict_id: str) -> None:
    """Nothing: the next round tells of it, and doctor names it meanwhile."""


async def tell_conflicts(tx: Tx, conflict_ids: Collection[str]) -> None:
    """Tell the outbox of events that came again with other content."""
    for one in await queries.hold_untold(tx, conflict_ids):
        one.told_at = tx.at
        outbox.emit(tx, "receipts.conflict", conflict_id=one.id, event_id=one.event_id)
        ConflictTold.record(tx, one.id, SYSTEM)


# --- receipts ---


async def take(tx: Tx, event_ids: Collection[str]) -> Sequence[Receipt]:
    """Read events and make receipts of the money that came in, by value date and id.

    They are not recorded yet: who applies them first says what each is for, or waits for. One into
    an account that is none of ours waits for that. What an address said that neither root nor
    operator signed is no money.
    """
    accounts = await _account_numbers(tx)
    made: list[Receipt] = []
    counts: dict[str, bool] = {}
    for event in await queries.hold_unread(tx, event_ids):
        if event.endpoint_id not in counts:
            counts[event.endpoint_id] = await _counts(tx, event.endpoint_id)
        if counts[event.endpoint_id]:
            reading = rules.read(json.loads(event.body))
        else:
            reading = rules.Reading(rules.IGNORED, rules.UNSIGNED)
        event.state, event.reason, event.settled_at = reading.state, reading.reason, tx.at
        event.retry_at = None
        if reading.transfer is not None:
            is_ours = rules.is_ours(event.own_account, accounts)
            made.append(_receipt(tx, event, reading.transfer, is_ours))
    return sorted(made, key=lambda one: (one.value_date, one.id))


async def record(tx: Tx, made: Sequence[Receipt], *, actor: Actor) -> None:
    """Write these receipts down, and one entry that tells of them."""
    for receipt in made:
        tx.add(receipt)
    await tx.flush()
    if made:
        ReceiptsRecorded({one.id: one.sha256 for one in made}).record(tx, actor)


async def find_account(tx: Tx, waiting: Sequence[Receipt]) -> None:
    """Let those go on whose account has become one of ours."""
    accounts = await _account_numbers(tx)
    for one in waiting:
        if one.waits_for == ACCOUNT_UNKNOWN and rules.is_ours(one.own_account, accounts):
            one.waits_for = rules.UNMATCHED


async def review(tx: Tx, changed: Sequence[Receipt], *, actor: Actor) -> None:
    """Write down what receipts that are recorded wait for now, and one entry that tells of it."""
    await tx.flush()
    if changed:
        ReceiptsReviewed({one.id: one.waits_for or "" for one in changed}).record(tx, actor)


async def settle(tx: Tx, settled: Sequence[Settlement], *, actor: Actor) -> None:
    """Apply receipts that are recorded, and one entry that tells of it. Money moves by this alone.

    The database refuses more than came in, and more than an invoice asks for.
    """
    for one in settled:
        one.receipt.waits_for = None
        tx.add(
            ReceiptApplication(
                id=one.id,
                receipt_id=one.receipt.id,
                invoice_id=one.invoice_id,
                account_id=one.account_id,
                amount_minor=one.amount_minor,
                rounding_minor=one.rounding_minor,
                reason=one.reason,
                applied_at=tx.at,
            )
        )
        await tx.flush()  # one by one: the database adds up what is there
        outbox.emit(tx, "receipt.applied", receipt_id=one.receipt.id, invoice_id=one.invoice_id)
    if settled:
        ReceiptsApplied({one.id: one.receipt.id for one in settled}).record(tx, actor)


async def fail(tx: Tx, event_id: str) -> None:
    """Remember that we failed at an event: it is tried again later and later, and never given up,
    because it is about money that is there.
    """
    for event in await queries.hold_unread(tx, [event_id]):
        event.failures += 1
        event.retry_at = tx.at + backoff.pause(event.failures)


def _receipt(tx: Tx, event: WebhookEvent, transfer: Any, is_ours: bool) -> Receipt:
    return Receipt(
        id=event.id,  # one receipt of an event, found by either
        event_id=event.id,
        endpoint_id=event.endpoint_id,
        rail=event.rail,
        own_account=event.own_account,
        provider_id=event.provider_id,
        sha256=event.sha256,
        amount_minor=transfer.amount_minor,
        currency=CURRENCY,
        memo=transfer.memo,
        bank_reference=transfer.bank_reference,
        value_date=rules.value_date(transfer, event.received_at),
        received_at=event.received_at,
        recorded_at=tx.at,
        waits_for=rules.UNMATCHED if is_ours else ACCOUNT_UNKNOWN,
    )


async def _counts(tx: Tx, endpoint_id: str) -> bool:
    row = await queries.endpoint(tx, endpoint_id)
    return row is not None and await EndpointAdded.of(row).counts(tx, row.created_at, row)


async def _account_numbers(tx: Tx) -> list[str]:
    return [one.account_number for one in await payments.bank_accounts(tx)]
