"""Issuing plan: what leaves when an invoice is sent, to whom, and is everything there for it?

Asked when it is proposed, when people sign and when it is carried out, each time anew: whatever is
different then makes what they signed stale.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from decimal import Decimal

from domain.accounts import queries as accounts
from domain.billing import service as billing
from domain.billing.service import Billing, BuyerKind
from domain.company import service as company
from domain.company.service import SellerProfile
from domain.einvoices import queries as einvoices
from domain.einvoices import service as einvoice_service
from domain.fx import service as fx
from domain.fx.service import FxRate
from domain.invoices import queries as invoices
from domain.invoices import service
from domain.invoices.service import Invoice, InvoiceLine
from domain.issuing import rules
from domain.kernel.faults import Fault, Kind
from domain.kernel.money import Money
from domain.payments import beneficiaries
from domain.payments.beneficiaries import VND, Beneficiary
from domain.store.tx import Tx
from domain.store.visibility import SYSTEM, Viewer
from domain.taxpayers import service as taxpayers
from domain.taxpayers.service import TaxCodeStanding
from domain.vn.tax_codes import TaxCodeStatus
from domain.vn.vietqr import LARGEST_AMOUNT


@dataclass(frozen=True, slots=True)
class IssuingPlan:
    """An invoice that can be sent on a day, and everything that will stand on its hóa đơn.

    `into` is the account on the page, None if the company has none for dong; `rate` the rate by
    which a foreign currency is booked; `in_dong` what the VietQR asks for. A hóa đơn that was
    refused keeps its number and its day: then `resubmitted` is that number.
    """

    on: date
    invoice: Invoice
    lines: Sequence[InvoiceLine]
    account_name: str
    seller: SellerProfile
    buyer: Billing
    register_name: str | None
    due_at: date
    rate: FxRate | None
    into: Beneficiary | None
    in_dong: Money
    resubmitted: int | None

    @property
    def total(self) -> Money:
        """What the customer is asked to pay."""
        return Money(self.invoice.total_minor, self.invoice.currency)

    @property
    def fx_rate(self) -> Decimal | None:
        """Dong for one unit of the invoice's currency."""
        return rules.rate_of(self.rate)


async def plan(
    tx: Tx, viewer: Viewer, reference: str, *, on: date, hold: bool = False
) -> IssuingPlan:
    """What sending an invoice on a day would do; nothing is changed, and `hold` keeps it so.

    Raises NOT_FOUND, INVOICE_LOCKED, INVOICE_EMPTY, VAT_CATEGORY_MISSING, VAT_RATE_CHANGED,
    SELLER_PROFILE_MISSING, SELLER_EMAIL_MISSING, SELLER_METHOD_UNSUPPORTED, SELLER_MST_INVALID,
    SYMBOL_NOT_REGISTERED, BILLING_PROFILE_MISSING, BUYER_MST_MISSING, BUYER_MST_INVALID,
    CURRENCY_MISMATCH, RATE_MISSING, NO_DEFAULT_ACCOUNT and DUE_DATE_INVALID.
    """
    invoice = await service.load(tx, viewer, reference, lock=hold)
    service.check_open(invoice)
    lines = await invoices.lines_of(tx, [invoice.id])
    before = await einvoices.of_invoice(tx, invoice.id)
    refused = before if before is not None and before.state == einvoice_service.REJECTED else None
    day = refused.issued_on if refused is not None else on
    await _check_taxed(tx, invoice, lines, day)
    seller = await _seller(tx, day)
    buyer = await _buyer(tx, invoice)
    account = await accounts.get(tx, invoice.account_id)
    assert account is not None, "an invoice refers to its account"
    foreign = invoice.currency != VND
    rate = await fx.book_rate(tx, invoice.currency, day) if foreign else None
    total = Money(invoice.total_minor, invoice.currency)
    in_dong = rules.in_dong(total, rules.rate_of(rate))
    return IssuingPlan(
        on=day,
        invoice=invoice,
        lines=lines,
        account_name=account.name,
        seller=seller,
        buyer=buyer,
        register_name=await _registered(tx, buyer),
        due_at=_due(invoice, buyer, day),
        rate=rate,
        into=await _into(tx, in_dong, is_needed=not foreign),
        in_dong=in_dong,
        resubmitted=refused.number if refused is not None else None,
    )


def _due(invoice: Invoice, buyer: Billing, day: date) -> date:
    """When it has to be paid. Raises DUE_DATE_INVALID when a day somebody set is over by then."""
    if invoice.due_at is None:
        return day + timedelta(days=buyer.terms_days)
    service.check_due(invoice.due_at, day)
    return invoice.due_at


async def _check_taxed(tx: Tx, invoice: Invoice, lines: Sequence[InvoiceLine], day: date) -> None:
    """Whether the draft is taxed as its work is taxed on that day."""
    if not lines or invoice.total_minor <= 0:
        raise Fault(
            "INVOICE_EMPTY",
            Kind.CONFLICT,
            "There is nothing to be paid on this invoice.",
            "Bring time back with {update_draft}, or draft it again with {draft_invoice}.",
        )
    terms = await service.terms_of(tx, invoice, day)
    if terms.vat_category is None:
        raise Fault(
            "VAT_CATEGORY_MISSING",
            Kind.CONFLICT,
            "Nobody has said under which VAT category this work falls.",
            "An account manager sets it with {set_engagement}; then draft the invoice again.",
        )
    different = [line for line in lines if line.vat_rate != terms.vat_rate]
    if different or invoice.vat_category != terms.vat_category:
        raise Fault(
            "VAT_RATE_CHANGED",
            Kind.CONFLICT,
            "The draft is taxed otherwise than its work is taxed today.",
            "Draft it again with {draft_invoice}, and propose that one.",
            {"vat_rate": terms.vat_rate},
        )


async def _seller(tx: Tx, day: date) -> SellerProfile:
    """The company as it stands on a hóa đơn of that day, registered and able to issue it."""
    seller = await company.profile_on(tx, day)
    if seller is None:
        raise Fault(
            "SELLER_PROFILE_MISSING",
            Kind.CONFLICT,
            "The company has no seller profile for that day.",
            "An operator records it: cyberos company profile.",
        )
    if seller.email is None:
        raise Fault(
            "SELLER_EMAIL_MISSING",
            Kind.CONFLICT,
            "The company's profile has no e-mail address to send invoices from.",
            "An operator records one: cyberos company profile --email.",
        )
    if seller.vat_method != "credit":
        raise Fault(
            "SELLER_METHOD_UNSUPPORTED",
            Kind.CONFLICT,
            "A seller on the direct method issues form 2, which is not there yet.",
            "Issue this one elsewhere.",
        )
    einvoice_service.check_symbol(seller.symbol, day)
    await _standing(tx, "SELLER", seller.tax_code)
    return seller


async def _buyer(tx: Tx, invoice: Invoice) -> Billing:
    buyer = await billing.of_account(tx, invoice.account_id)
    if buyer is None:
        raise Fault(
            "BILLING_PROFILE_MISSING",
            Kind.CONFLICT,
            "Nobody has said who the buyer is and where invoices go.",
            "Say it with {set_billing}.",
            {"account_id": invoice.account_id},
        )
    if buyer.currency != invoice.currency:
        raise Fault(
            "CURRENCY_MISMATCH",
            Kind.CONFLICT,
            "The buyer is billed in another currency than this invoice.",
            "Change the currency with {set_billing}, or that of the engagement.",
            {"invoice": invoice.currency, "billing": buyer.currency},
        )
    return buyer


async def _registered(tx: Tx, buyer: Billing) -> str | None:
    """The name in the register of a business of Vietnam, whose tax code has to be valid.

    Raises BUYER_MST_MISSING, BUYER_MST_INVALID.
    """
    if buyer.kind is not BuyerKind.VN_BUSINESS:
        return None
    if buyer.tax_id is None:
        raise Fault(
            "BUYER_MST_MISSING",
            Kind.CONFLICT,
            "A hóa đơn to a company needs its tax code, and the account has none.",
            "Set it with {set_billing}.",
        )
    return (await _standing(tx, "BUYER", buyer.tax_id)).legal_name


async def _standing(tx: Tx, whose: str, code: str) -> TaxCodeStanding:
    """What the registry says of a code that has to be valid. Raises ..._MST_INVALID."""
    standing = await taxpayers.standing(tx, code)
    if standing.status is not TaxCodeStatus.VALID:
        raise Fault(
            f"{whose}_MST_INVALID",
            Kind.CONFLICT,
            f"The tax code of the {whose.lower()} is not known to be valid, so no hóa đơn can"
            " be issued.",
            "{tax_code} says why; correct the code, or ask again when the registry answers.",
            {"status": standing.status.value, "gdt_status": standing.gdt_status},
        )
    return standing


async def _into(tx: Tx, in_dong: Money, *, is_needed: bool) -> Beneficiary | None:
    """The account on the page. Raises NO_DEFAULT_ACCOUNT when dong are asked for and none is."""
    with tx.looking_as(SYSTEM):
        into = await beneficiaries.default(tx)
    if into is None and is_needed:
        return await beneficiaries.chosen(tx, None, None)
    return into if in_dong.minor <= LARGEST_AMOUNT else None
