"""Follow-up of an accepted hóa đơn: its page and its XML are archived, and a letter is written."""

from dataclasses import dataclass

from domain.documents import queries as documents
from domain.documents import service as filing
from domain.documents.blobs import BlobStore
from domain.documents.pages import PageRenderer
from domain.documents.printed_invoice import TEMPLATE, PrintedInvoice, PrintedPayment
from domain.documents.service import About, Document, Kept
from domain.einvoices import queries as einvoices
from domain.einvoices.service import EInvoice
from domain.fx import queries as fx
from domain.invoices.service import Invoice
from domain.issuing import letters, printing, rules
from domain.issuing.letters import Words
from domain.kernel.money import Money
from domain.mailing.port import Attachment, Letter
from domain.payments import queries as payments
from domain.payments import requests
from domain.store.tx import Tx
from domain.vn.banks import all_banks

PDF, XML = "application/pdf", "application/xml"


@dataclass(frozen=True, slots=True)
class Filing:
    """What is to be filed of one invoice, read in one transaction."""

    tenant_id: str
    invoice: Invoice
    xml: bytes
    page: PrintedInvoice


@dataclass(frozen=True, slots=True)
class Posting:
    """What a letter is made of: who is written to, and the page that was filed."""

    words: Words
    document: Document


# --- the archive ---


async def to_file(tx: Tx, invoice: Invoice) -> Filing:
    """The signed bytes and the page that says the same, with how it is paid."""
    hoadon = await _accepted(tx, invoice)
    return Filing(
        tx.tenant_id,
        invoice,
        hoadon.xml,
        printing.page(hoadon.xml, await _payment(tx, invoice)),
    )


async def file(filing_: Filing, store: BlobStore, pages: PageRenderer) -> tuple[Kept, Kept]:
    """Draw the page and keep both files, with no transaction open; again it is the same."""

    async def drawn() -> bytes:
        return await pages.render(TEMPLATE, filing_.page.data(), filing_.page.issued_on)

    async def signed() -> bytes:
        return filing_.xml

    where = filing_.tenant_id, filing_.invoice
    pdf = await filing.keep(store, where[0], rules.path_of(where[1], "pdf"), drawn)
    return pdf, await filing.keep(store, where[0], rules.path_of(where[1], "xml"), signed)


async def record(tx: Tx, invoice: Invoice, kept: tuple[Kept, Kept], *, action_id: str) -> None:
    """Write down what was kept. The same again changes nothing."""
    assert invoice.issued_on is not None, "it is sent"
    for one, kind, media_type in zip(
        kept, ("invoice_pdf", "einvoice_xml"), (PDF, XML), strict=True
    ):
        about = About(
            kind=kind,
            entity_type="invoice",
            entity_id=invoice.id,
            media_type=media_type,
            dated_on=invoice.issued_on,
            action_id=action_id,
            deal_id=invoice.deal_id,
        )
        await filing.record(tx, one, about)


# --- the letter ---


async def to_post(tx: Tx, invoice: Invoice) -> Posting:
    """What the letter says, to the address that stands on the signed hóa đơn."""
    hoadon = await _accepted(tx, invoice)
    document = await documents.at(tx, rules.path_of(invoice, "pdf"))
    assert document is not None, "it is archived before"
    page = printing.page(hoadon.xml, None)
    assert page.buyer.email is not None and page.seller.email is not None, "both stand on it"
    words = Words(
        sender=page.seller.email,
        to=page.buyer.email,
        buyer=page.buyer.name,
        seller=page.seller.name,
        is_abroad=printing.is_abroad(hoadon.xml),
        label=invoice.label,
        number=f"{hoadon.form}{hoadon.symbol} {hoadon.number}",
        issued_on=hoadon.issued_on,
        due_at=invoice.due_at,
        total=Money(invoice.total_minor, invoice.currency),
        reference=invoice.payment_reference,
    )
    return Posting(words, document)


async def letter(posting: Posting, store: BlobStore, message_id: str) -> Letter:
    """The letter with the page as it was filed; with no transaction open."""
    content = await filing.content(store, posting.document)
    name = f"{posting.words.label}.pdf"
    return letters.letter(posting.words, message_id, Attachment(name, PDF, content))


async def _accepted(tx: Tx, invoice: Invoice) -> EInvoice:
    hoadon = await einvoices.of_invoice(tx, invoice.id)
    assert hoadon is not None, "it was accepted"
    return hoadon


async def _payment(tx: Tx, invoice: Invoice) -> PrintedPayment | None:
    """The account on the page and the code into it: those that were fixed with the content."""
    if invoice.bank_account_id is None:
        return None
    account = await payments.bank_account(tx, invoice.bank_account_id)
    assert account is not None, "an invoice refers to its bank account"
    if account.retired_at is not None:
        return None
    rate = await fx.rate(tx, invoice.fx_rate_id) if invoice.fx_rate_id is not None else None
    total = Money(invoice.total_minor, invoice.currency)
    amount = rules.in_dong(total, rules.rate_of(rate))
    asked = requests.transfer(account, amount, invoice.payment_reference)
    bank = next(one for one in all_banks() if one.bin == account.bank_bin)
    return PrintedPayment(
        bank=bank.short_name,
        account=account.account_number,
        holder=account.account_name,
        reference=invoice.payment_reference,
        due_on=invoice.due_at,
        payload=asked.payload,
        amount_vnd=amount.minor,
    )
