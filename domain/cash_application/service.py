"""Cash application: which invoice does money pay that came in?

The only place that knows invoices, ledger and receipts together. Every receipt of a batch is
looked at by value date and id, and applied whole or not at all, in the transaction that takes it
down, with its posting (rulings C4 and M9). What waits is looked at again when its invoice is sent.
"""

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from datetime import date, datetime, time
from zoneinfo import ZoneInfo

from domain.cash_application import rules
from domain.cash_application.rules import Asked, Rounded, Settles
from domain.invoices import queries as invoice_queries
from domain.invoices import service as invoices
from domain.kernel.clock import VIETNAM
from domain.ledger import postings
from domain.ledger.entries import Source
from domain.ledger.postings import AppliedReceipt
from domain.payments import queries as payments
from domain.receipts import queries as receipt_queries
from domain.receipts import service as receipts
from domain.receipts.service import Receipt, Settlement
from domain.store.chain import SYSTEM as PROGRAM
from domain.store.outbox import Message
from domain.store.tx import Tx
from domain.store.visibility import SYSTEM
from domain.vn.references import find_references

JOB = "cash_application"
SUBSCRIBER = "cash_application"
_AT_NIGHT = 1_000


async def waits(tx: Tx) -> Sequence[str]:
    """The events that may be read now, a batch of them."""
    return await receipt_queries.unread(tx, limit=receipts.AT_ONCE)


async def apply(tx: Tx, event_ids: Sequence[str]) -> None:
    """Take down what these events tell, and apply what says what it is for."""
    made = await receipts.take(tx, event_ids)
    settled = await _matched(tx, made)
    await receipts.record(tx, made, actor=PROGRAM)
    await _settle(tx, settled)


async def look_again(tx: Tx, message: Message) -> None:
    """An invoice was sent: what came in for it before is applied now."""
    invoice = await invoices.load(tx, SYSTEM, str(message.payload["invoice_id"]))
    waiting = await receipt_queries.waiting_under(tx, invoice.payment_reference)
    await _apply_again(tx, waiting)


async def look_at_account(tx: Tx, _message: Message) -> None:
    """An account of ours was added: what came into it before is ours."""
    await _again(tx, receipts.ACCOUNT_UNKNOWN)


async def look_at_rounding(tx: Tx, _day: date, _zone: ZoneInfo) -> int:
    """A new day: what was too much rounding yesterday may not be today; how many were looked at."""
    return await _again(tx, rules.ROUNDING_CAP)


async def _again(tx: Tx, reason: str) -> int:
    waiting = await receipt_queries.waiting_for(tx, reason, limit=_AT_NIGHT)
    await _apply_again(tx, waiting)
    return len(waiting)


async def _apply_again(tx: Tx, waiting: Sequence[Receipt]) -> None:
    before = {one.id: (one.waits_for, one.reference, one.deal_id) for one in waiting}
    await receipts.find_account(tx, waiting)
    settled = await _matched(tx, waiting)
    changed = [
        one for one in waiting if before[one.id] != (one.waits_for, one.reference, one.deal_id)
    ]
    await receipts.review(tx, changed, actor=PROGRAM)
    await _settle(tx, settled)


async def _matched(tx: Tx, batch: Sequence[Receipt]) -> list[Settlement]:
    """What these receipts settle; the others are told what they wait for."""
    found = {one.id: find_references(one.memo) for one in batch}
    deals = await payments.deals_of(tx, {each for names in found.values() for each in names})
    asked = await _asked(tx, deals)
    deals |= {name: invoice.deal_id for name, invoice in asked.items() if invoice.deal_id}
    named: list[tuple[Receipt, str]] = []
    for one in batch:
        names = [each for each in found[one.id] if each in deals]
        one.reference = names[0] if names else None
        one.deal_id = next((deals[each] for each in names if deals[each]), None)
        if one.waits_for == receipts.ACCOUNT_UNKNOWN:
            continue
        one.waits_for = rules.named(names)
        if not one.waits_for:
            named.append((one, names[0]))
    rounded = await _rounded(tx, {one.account_id for one in asked.values()})
    settled: list[Settlement] = []
    for receipt, reference in named:
        decided = _decided(receipt, asked.get(reference), rounded)
        if isinstance(decided, str):
            receipt.waits_for = decided
            continue
        receipt.waits_for = None
        rounded.add(decided.account_id, decided.rounding_minor)
        invoice = asked[reference]
        left = invoice.outstanding_minor - decided.amount_minor
        asked[reference] = replace(invoice, outstanding_minor=left)
        settled.append(decided)
    return settled


def _decided(receipt: Receipt, invoice: Asked | None, rounded: "_Rounding") -> Settlement | str:
    if invoice is None:
        return rules.NO_INVOICE
    before = rounded.before(invoice.account_id)
    found = rules.settles(receipt.amount_minor, receipt.currency, invoice, before)
    if not isinstance(found, Settles):
        return found
    return Settlement(
        receipt=receipt,
        invoice_id=invoice.id,
        account_id=invoice.account_id,
        amount_minor=found.amount_minor,
        rounding_minor=found.rounding_minor,
        reason=rules.BY_REFERENCE,
    )


async def _settle(tx: Tx, settled: Sequence[Settlement]) -> None:
    """Apply and book it."""
    await receipts.settle(tx, settled, actor=PROGRAM)
    for one in settled:
        booked = AppliedReceipt(
            receipt_id=one.receipt.id,
            document_id=one.invoice_id,
            party_id=one.account_id,
            currency=one.receipt.currency,
            received_minor=one.amount_minor - one.rounding_minor,
            settled_minor=one.amount_minor,
        )
        source = Source("receipt_application", one.id)
        await postings.applied(tx, booked, one.receipt.value_date, source, actor=PROGRAM)


async def _asked(tx: Tx, references: Iterable[str]) -> dict[str, Asked]:
    """The invoices that are paid under these references, by those, held until the end."""
    found = await invoice_queries.by_payment_reference(tx, references)
    # In one order, so that two workers wait for each other and never both for good.
    ids = sorted(invoice.id for invoice in found.values())
    held = [await invoices.load(tx, SYSTEM, id, lock=True) for id in ids]
    applied = await receipt_queries.applied(tx, ids)
    return {
        invoice.payment_reference: Asked(
            id=invoice.id,
            account_id=invoice.account_id,
            deal_id=invoice.deal_id,
            currency=invoice.currency,
            outstanding_minor=invoice.total_minor - applied.get(invoice.id, 0),
            is_sent=invoice.sent_at is not None,
        )
        for invoice in held
    }


class _Rounding:
    """What was written off, kept up to date while a batch is worked."""

    def __init__(self, today: Mapping[str, int], month: Mapping[str, int]) -> None:
        self._today = sum(today.values())
        self._month = defaultdict(int, month)

    def before(self, account_id: str) -> Rounded:
        """What there was before the next receipt of a customer."""
        return Rounded(today_minor=self._today, month_minor=self._month[account_id])

    def add(self, account_id: str, rounding_minor: int) -> None:
        """So much more."""
        self._today += abs(rounding_minor)
        self._month[account_id] += abs(rounding_minor)


async def _rounded(tx: Tx, account_ids: Iterable[str]) -> _Rounding:
    """What was written off today, and this month for these customers, by days of Vietnam."""
    today = tx.at.astimezone(VIETNAM).date()
    return _Rounding(
        await receipt_queries.rounded(tx, _midnight(today)),
        await receipt_queries.rounded(tx, _midnight(today.replace(day=1)), account_ids=account_ids),
    )


def _midnight(day: date) -> datetime:
    return datetime.combine(day, time.min, VIETNAM)
