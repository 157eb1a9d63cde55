"""Audit laws of receipts: was every dong that we say came in told by a feed, and just so?"""

import json
from datetime import datetime
from typing import Any

from sqlalchemy import String, select, type_coerce

from domain.receipts import rules, sepay
from domain.receipts.events import EndpointAdded, ReceiptsRecorded, said_by
from domain.receipts.tables import Receipt, WebhookEndpoint, WebhookEvent
from domain.store.audit_claims import entries_of
from domain.store.audit_laws import Approved, pages
from domain.store.audit_report import FOREIGN, Report
from domain.store.tx import Tx

_RECEIPT = (
    *(Receipt.id, Receipt.event_id, Receipt.endpoint_id, Receipt.rail, Receipt.own_account),
    *(Receipt.provider_id, Receipt.sha256, Receipt.amount_minor, Receipt.currency, Receipt.memo),
    Receipt.bank_reference,
    type_coerce(Receipt.value_date, String).label("day"),
    type_coerce(Receipt.received_at, String).label("heard"),
)

_ENDPOINT = (
    *(WebhookEndpoint.id, WebhookEndpoint.rail, WebhookEndpoint.own_account),
    *(WebhookEndpoint.endpoint_key_sha256, WebhookEndpoint.secret_sha256),
)


async def endpoints_were_made_by_operators(tx: Tx, report: Report, _: Approved) -> None:
    """Every address is as its entry says, and the system wrote that."""
    added: dict[str, Any] = {}
    for seq, entry in await entries_of(tx, EndpointAdded.EVENT):
        event = EndpointAdded.read(entry)
        added.setdefault(event.id, event.told)
        if said_by(entry) != "system":
            report.found(f"entry {seq}", "tells of an endpoint that somebody made who may not")
    async for page in pages(tx, select(*_ENDPOINT), WebhookEndpoint.id):
        for row in page:
            if added.get(row.id) != EndpointAdded.of(row).told:
                report.found(f"webhook endpoint {row.id}", "no entry says that it was made")


async def receipts_say_what_was_told(tx: Tx, report: Report, _: Approved) -> None:
    """Every receipt is in an entry, with the event that it was made of, and says what that says."""
    told: dict[str, str] = {}
    for _seq, entry in await entries_of(tx, ReceiptsRecorded.EVENT):
        told |= ReceiptsRecorded.read(entry).digests
    async for page in pages(tx, select(*_RECEIPT), Receipt.id):
        asked = select(
            WebhookEvent.id, WebhookEvent.endpoint_id, WebhookEvent.state, WebhookEvent.body
        ).where(WebhookEvent.id.in_([row.event_id for row in page]))
        events = {event.id: event for event in await tx.rows(asked)}
        for row in page:
            place = f"receipt {row.id}"
            if told.get(row.id) != row.sha256:
                report.found(place, "no entry tells of it, or one of another event")
            problem = _problem(row, events.get(row.event_id))
            if problem:
                report.found(place, problem)
    for missing in sorted(told.keys() - set(await tx.all(select(Receipt.id)))):
        report.found(f"receipt {missing}", "was taken down, and is gone")


def _problem(row: Any, event: Any) -> str:
    if event is None or event.endpoint_id != row.endpoint_id or event.state != rules.RECEIVED:
        return "no event of its endpoint was received that it could be made of"
    try:
        content = json.loads(event.body)
        named, transfer = sepay.named(content), sepay.transfer(content)
        day = rules.value_date(transfer, datetime.fromisoformat(str(row.heard)))
    except (TypeError, ValueError):
        return f"its event: {FOREIGN}"
    said = (
        *(named.provider_id, named.own_account, named.sha256, transfer.is_incoming),
        *(transfer.amount_minor, transfer.memo, sepay.CURRENCY),
        *(transfer.bank_reference, day.isoformat()),
    )
    if said != (
        *(row.provider_id, row.own_account, row.sha256, True),
        *(row.amount_minor, row.memo, row.currency),
        *(row.bank_reference, str(row.day)[:10]),
    ):
        return "does not say what its event says"
    return ""
