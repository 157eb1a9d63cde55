"""Send an invoice: a hóa đơn that the tax authority has, and a letter, once people have signed."""

from datetime import date

from pydantic import Field

from domain.einvoices import service as einvoices
from domain.einvoices.signing_keys import SigningKeys
from domain.einvoices.transmitter import (
    Accepted,
    Awaited,
    Rejected,
    SignedXmlTransmitter,
)
from domain.fx import service as fx
from domain.invoices import service as invoices
from domain.issuing import service as issuing
from domain.issuing.planning import IssuingPlan, plan
from domain.store.chain import Actor
from policies.approvals import rates
from policies.gate.contract import (
    WORTH,
    About,
    Call,
    Declined,
    Delivered,
    Fact,
    HandedOver,
    Order,
    Outside,
    Proposal,
    people_tool,
)
from tools.inv import sending
from tools.inv.sending import ARCHIVE, MAIL
from tools.shapes import ApprovalRequest, Reference, View

_NUL = b"\n"
REJECTED = "EINVOICE_REJECTED"
EXECUTOR = Actor("system", "executor")


class Send(ApprovalRequest):
    """Which invoice."""

    invoice_id: Reference = Field(description="Id or label, like INV-2026-04-001.")


class SentInvoice(View):
    """An invoice that was sent, with the hóa đơn that the tax authority accepted."""

    invoice_id: str
    number: str
    status: str
    currency: str
    total_minor: int
    due_at: date
    einvoice_number: str
    issued_on: date
    payment_reference: str
    confirmed_account_id: str | None = None

    def text(self) -> str:
        """A sentence, and the figures."""
        said = (
            f"{self.number} is sent: hóa đơn {self.einvoice_number} of"
            f" {self.issued_on.isoformat()}, due {self.due_at.isoformat()}."
        )
        return self.telling(said, but=("number", "einvoice_number", "issued_on", "due_at"))

    def about(self) -> About:
        """The invoice."""
        return About("invoice", self.invoice_id)


async def propose(call: Call, arguments: Send) -> Proposal:
    """Ask people to send an invoice: hóa đơn, ledger entry, PDF and e-mail. It cannot be undone.

    Use this when a draft is complete (inv_draft_invoice answers no needs). The hóa đơn is dated the
    day it is carried out, signed, and submitted; once it is accepted the invoice is booked and
    mailed to the buyer.
    An account manager approves, and a CFO too above 10,000 USD for one customer in 24 hours.
    Returns pending_approval with an action id; follow it with approvals_get.
    """
    planned = await _plan(call, arguments)
    issuing.check(planned)
    worth = await fx.in_usd(
        call.tx, planned.total, call.day, oldest=await rates.longest_age(call.tx)
    )
    asked_at = call.asked_at or call.at
    return Proposal(
        entity_type=issuing.INVOICE,
        entity_id=planned.invoice.id,
        entity_version=planned.invoice.version,
        shown=sending.shown(planned),
        effects=sending.effects(planned, asked_at),
        display=sending.display(planned, call.principal, asked_at),
        amount_minor=planned.total.minor,
        currency=planned.total.currency,
        fx_rate_id=worth.rate_id,
        facts={WORTH: worth.usd_minor},
    )


async def prepare(call: Call, arguments: Send, outside: Outside) -> None:
    """Number, date and sign the hóa đơn; its bytes are kept before the first one leaves."""
    planned = await _plan(call, arguments)
    signer = outside.ports[SigningKeys].of(planned.seller.tax_code)
    await issuing.sign(call.tx, planned, signer, action_id=call.action_id, actor=EXECUTOR)


async def payload(call: Call, arguments: Send) -> bytes:
    """Message id and signed XML, as they were kept."""
    invoice = await invoices.load(call.tx, call.principal.viewer, arguments.invoice_id)
    row = await einvoices.load(call.tx, invoice.id, lock=False)
    return row.message_id.encode() + _NUL + row.xml


async def deliver(order: Order, outside: Outside) -> Delivered | Declined | HandedOver:
    """Submit it, once."""
    message_id, _, xml = order.payload.partition(_NUL)
    answer = await outside.ports[SignedXmlTransmitter].submit(message_id.decode(), xml)
    return _learnt(answer)


async def inquire(order: Order, outside: Outside) -> Delivered | Declined | HandedOver | None:
    """Ask what became of it, by its message id."""
    message_id, _, xml = order.payload.partition(_NUL)
    answer = await outside.ports[SignedXmlTransmitter].ask(message_id.decode(), xml=xml)
    return None if answer is None else _learnt(answer)


async def execute(call: Call, arguments: Send) -> SentInvoice:
    """It is accepted: booked, and on its way to the archive and to the buyer."""
    assert call.delivered is not None, "accepted by somebody"
    invoice = await invoices.load(call.tx, call.principal.viewer, arguments.invoice_id)
    done = await issuing.accept(
        call.tx,
        invoice.id,
        reference=call.delivered.reference,
        reply=call.delivered.reply,
        at=call.at,
        by=call.requested_by,
        actor=EXECUTOR,
    )
    call.dispatch(ARCHIVE, {})
    call.dispatch(MAIL, {})
    sent, hoadon = done.invoice, done.einvoice
    assert sent.due_at is not None and sent.issued_on is not None
    return SentInvoice(
        invoice_id=sent.id,
        number=sent.label,
        status=sent.status,
        currency=sent.currency,
        total_minor=sent.total_minor,
        due_at=sent.due_at,
        einvoice_number=f"{hoadon.form}{hoadon.symbol} {hoadon.number}",
        issued_on=sent.issued_on,
        payment_reference=sent.payment_reference,
        confirmed_account_id=done.confirmed,
    )


async def handed_over(call: Call, arguments: Send, to: HandedOver) -> None:
    """The provider has it, and answers later."""
    invoice = await invoices.load(call.tx, call.principal.viewer, arguments.invoice_id)
    await einvoices.submitted(call.tx, invoice.id, reference=to.reference, actor=EXECUTOR)


async def release(call: Call, arguments: Send, declined: Declined) -> None:
    """Refused for certain: the invoice is a draft again; its number stays its own."""
    invoice = await invoices.load(call.tx, call.principal.viewer, arguments.invoice_id)
    await issuing.refuse(
        call.tx, invoice.id, code=declined.code, reply=declined.reply, at=call.at, actor=EXECUTOR
    )


TOOL = people_tool(
    "cyberos.inv.send_invoice",
    title="Send an invoice",
    propose=propose,
    execute=execute,
    prefetch=sending.PREFETCH,
    prepare=prepare,
    payload=payload,
    deliver=deliver,
    inquire=inquire,
    release=release,
    handed_over=handed_over,
    opens=("invoice.send", "bank_account.first_use"),
    facts=(Fact(WORTH, "what the invoice is worth in US cents, by the rate of the day"),),
)


async def _plan(call: Call, arguments: Send) -> IssuingPlan:
    return await plan(
        call.tx, call.principal.viewer, arguments.invoice_id, on=call.day, hold=call.holds
    )


def _learnt(answer: Accepted | Rejected | Awaited) -> Delivered | Declined | HandedOver:
    match answer:
        case Accepted():
            return Delivered(answer.reference, answer.reply)
        case Rejected():
            return Declined(REJECTED, answer.reason, answer.reply)
        case Awaited():
            return HandedOver(answer.reference)
