"""E-invoice service: a hóa đơn gets its number and its signature, and then its answer.

Each verb is a step within the sending of one invoice, in a transaction of whoever carries that
out; the database lets only that action take it.
"""

import hashlib
import re
from collections.abc import Awaitable, Callable
from dataclasses import replace
from datetime import datetime

from domain.einvoices import queries
from domain.einvoices.check import check
from domain.einvoices.document import EInvoiceDocument
from domain.einvoices.events import EInvoiceMoved
from domain.einvoices.rules import (
    ACCEPTED,
    SIGNED,
    SUBMITTED,
    check_next,
    check_number,
    check_order,
)
from domain.einvoices.rules import REJECTED as REJECTED
from domain.einvoices.rules import check_symbol as check_symbol
from domain.einvoices.signing import Signer
from domain.einvoices.tables import EInvoice as EInvoice
from domain.einvoices.xml import build
from domain.kernel.canonical import canonical, sha256_hex
from domain.kernel.faults import Fault, Kind
from domain.kernel.ids import new_id
from domain.store import numbering
from domain.store.chain import SYSTEM as SYSTEM_ACTOR
from domain.store.chain import Actor
from domain.store.tx import Tx

Take = Callable[[Tx, str], Awaitable[int]]
_CODE = re.compile(r"[A-Za-z0-9_.-]{1,64}")
_UNTOLD = "REJECTED"
_MOST_OF_A_REFERENCE = 255


def series(form: int, symbol: str, year: int) -> str:
    """The name of the series in which a hóa đơn is numbered."""
    return f"einvoice/{form}{symbol}/{year}"


def check_document(document: EInvoiceDocument) -> None:
    """Whether this could be issued, under whatever number it gets. Raises what `prepare` raises of
    the document itself.
    """
    _checked(build(replace(document, number=document.number or 1)))


async def prepare(
    tx: Tx,
    document: EInvoiceDocument,
    signer: Signer,
    *,
    invoice_id: str,
    action_id: str,
    at: datetime,
    take: Take = numbering.take,
    actor: Actor = SYSTEM_ACTOR,
) -> EInvoice:
    """Number, build, check and sign the hóa đơn of an invoice; its bytes are kept, then they leave.

    `document` comes with the day of issue and without a number (0). One that was refused keeps
    number, symbol and date, whatever the document says. Asked again by the same action, it gives
    what it made. Raises Fault SYMBOL_NOT_REGISTERED, EINVOICE_DATE_ORDER, EINVOICE_NUMBERS_USED,
    EINVOICE_EXISTS (one is on its way or accepted), SIGNING_KEY_OTHER_SELLER, SIGNING_KEY_EXPIRED
    and EINVOICE_MALFORMED with what the check found.
    """
    _check_signer(signer, document.seller.tax_code)
    there = await queries.of_invoice(tx, invoice_id, lock=True)
    if there is None:
        numbered = await _numbered(tx, document, take)
    elif there.state == REJECTED:
        numbered = replace(
            document,
            form=there.form,
            symbol=there.symbol,
            number=there.number,
            issued_on=there.issued_on,
        )
    elif there.state == SIGNED and there.action_id == action_id:
        return there
    else:
        raise _exists(there.state)
    signed = signer.sign(_checked(build(numbered)), at)
    row = there or _row(numbered, invoice_id, at)
    row.state, row.action_id = SIGNED, action_id
    row.xml, row.xml_sha256 = signed, hashlib.sha256(signed).hexdigest()
    row.message_id = _message_id(tx.tenant_id, row, numbered.seller.tax_code)
    row.currency = numbered.currency
    row.subtotal_minor, row.vat_minor = numbered.subtotal_minor, numbered.vat_minor
    row.total_minor = numbered.total_minor
    row.settled_at = row.reply = row.provider_reference = row.refusal_code = None
    if there is None:
        tx.add(row)
    await tx.flush()
    EInvoiceMoved.of(row).record(tx, actor)
    return row


async def submitted(
    tx: Tx, invoice_id: str, *, reference: str, actor: Actor = SYSTEM_ACTOR
) -> EInvoice:
    """It was handed over, and the answer is to come. Raises Fault NOT_FOUND, EINVOICE_STATE."""
    row = await load(tx, invoice_id)
    if row.state == SUBMITTED:
        return row
    check_next(row.state, SUBMITTED)
    row.state = SUBMITTED
    row.provider_reference = reference[:_MOST_OF_A_REFERENCE] or None
    return await _moved(tx, row, actor)


async def accepted(
    tx: Tx,
    invoice_id: str,
    *,
    reference: str,
    reply: bytes,
    at: datetime,
    actor: Actor = SYSTEM_ACTOR,
) -> EInvoice:
    """The authority took it: from now on nothing of it changes.

    Said again it changes nothing. Raises Fault NOT_FOUND and EINVOICE_STATE.
    """
    row = await load(tx, invoice_id)
    if row.state == ACCEPTED:
        return row
    check_next(row.state, ACCEPTED)
    row.state, row.settled_at = ACCEPTED, at
    row.reply = reply or None
    row.provider_reference = reference[:_MOST_OF_A_REFERENCE] or row.provider_reference
    return await _moved(tx, row, actor)


async def rejected(
    tx: Tx, invoice_id: str, *, code: str, reply: bytes, at: datetime, actor: Actor = SYSTEM_ACTOR
) -> EInvoice:
    """A definite no, also when nothing left for certain: it may be signed anew, as the same number.

    `code` is the other side's word, and kept only in the form of a code. Said again it changes
    nothing. Raises Fault NOT_FOUND and EINVOICE_STATE.
    """
    row = await load(tx, invoice_id)
    if row.state == REJECTED:
        return row
    check_next(row.state, REJECTED)
    row.state, row.settled_at = REJECTED, at
    row.reply = reply or None
    row.refusal_code = code if _CODE.fullmatch(code) else _UNTOLD
    return await _moved(tx, row, actor)


async def load(tx: Tx, invoice_id: str, *, lock: bool = True) -> EInvoice:
    """The hóa đơn of an invoice; `lock` holds it to the end. Raises Fault NOT_FOUND."""
    row = await queries.of_invoice(tx, invoice_id, lock=lock)
    if row is None:
        raise Fault("NOT_FOUND", Kind.NOT_FOUND, "The invoice has no hóa đơn.")
    return row


async def _numbered(tx: Tx, document: EInvoiceDocument, take: Take) -> EInvoiceDocument:
    """The document under the next number of its series."""
    form, symbol, day = document.form, document.symbol, document.issued_on
    check_symbol(symbol, day)
    # Taken first: whoever numbers in this series at the same time waits here, and sees our date.
    number = await take(tx, series(form, symbol, day.year))
    check_number(number)
    check_order(day, await queries.last_day(tx, form, symbol, day.year))
    return replace(document, number=number)


def _row(document: EInvoiceDocument, invoice_id: str, at: datetime) -> EInvoice:
    return EInvoice(
        id=new_id(),
        invoice_id=invoice_id,
        form=document.form,
        symbol=document.symbol,
        year=document.issued_on.year,
        number=document.number,
        issued_on=document.issued_on,
        created_at=at,
        version=1,
    )


def _message_id(tenant_id: str, row: EInvoice, seller: str | None) -> str:
    """Under which a provider knows these very bytes: the seller's code and 32 hex digits."""
    digest = sha256_hex(canonical(["einvoice", tenant_id, row.id, row.xml_sha256]))
    return f"{seller}{digest[:32].upper()}"


async def _moved(tx: Tx, row: EInvoice, actor: Actor) -> EInvoice:
    await tx.flush()
    EInvoiceMoved.of(row).record(tx, actor)
    return row


def _checked(xml: bytes) -> bytes:
    found = check(xml)
    if found:
        raise Fault(
            "EINVOICE_MALFORMED",
            Kind.CONFLICT,
            f"The hóa đơn would break {len(found)} rule(s) of its format.",
            "Correct what the findings name in the invoice or in the profiles.",
            {"findings": [{"rule": one.rule, "place": one.place} for one in found[:20]]},
        )
    return xml


def _check_signer(signer: Signer, seller: str | None) -> None:
    """A key that names a tax code signs for that seller and no other."""
    if signer.tax_code is not None and signer.tax_code != seller:
        raise Fault(
            "SIGNING_KEY_OTHER_SELLER",
            Kind.CONFLICT,
            "The signing key is one of another tax code than the seller's.",
            "An operator sets the seller's own key, or corrects the company's profile.",
        )


def _exists(state: str) -> Fault:
    return Fault(
        "EINVOICE_EXISTS",
        Kind.CONFLICT,
        f"The invoice has a hóa đơn already, which is {state}.",
        "Nothing is sent twice; read the invoice again.",
        {"state": state},
    )
