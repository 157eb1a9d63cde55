"""Sending in words: what do people read before an invoice leaves, and what is bound by it?"""

from collections.abc import Iterator, Sequence
from datetime import datetime
from typing import Any

from domain.billing import service as billing
from domain.billing.service import BuyerKind
from domain.company import service as company
from domain.invoices import service as invoices
from domain.invoices.service import InvoiceLine
from domain.issuing import rules
from domain.issuing.planning import IssuingPlan
from domain.issuing.printing import hours, printed_name
from domain.kernel.folding import fold
from domain.kernel.money import Money
from domain.taxpayers import service as taxpayers
from domain.taxpayers.registry import RegistryAnswer
from domain.vn.tax_codes import masked
from policies.gate.contract import Call, Ports, Prefetch, Principal
from policies.gate.display import Both, Display, DisplayField, in_both
from tools import bank_accounts
from tools.inv import display_words as words
from tools.tax_codes import ask

ARCHIVE, MAIL = "invoice.archive", "invoice.mail"


# --- what the registry is asked before ---


async def _codes(call: Call, arguments: Any) -> str | None:
    """The tax codes of buyer and seller that have to be looked up now, with a space between."""
    invoice = await invoices.load(call.tx, call.principal.viewer, arguments.invoice_id)
    buyer = await billing.of_account(call.tx, invoice.account_id)
    seller = await company.profile_on(call.tx, call.day)
    typed = [
        buyer.tax_id if buyer is not None and buyer.kind is BuyerKind.VN_BUSINESS else None,
        seller.tax_code if seller is not None else None,
    ]
    asked = [await taxpayers.to_ask(call.tx, code) for code in typed if code is not None]
    return " ".join(code for code in asked if code is not None) or None


async def _ask(ports: Ports, codes: str) -> Sequence[RegistryAnswer]:
    return [await ask(ports, code) for code in codes.split()]


async def _keep(tx: Any, answers: Sequence[RegistryAnswer]) -> None:
    for answer in answers:
        await taxpayers.keep(tx, answer)


PREFETCH = Prefetch(_codes, _ask, _keep)


# --- what is shown and bound ---


def shown(plan: IssuingPlan) -> dict[str, Any]:
    """Everything that a signature is for: another recipient, rate or line makes it stale."""
    invoice, seller, buyer = plan.invoice, plan.seller, plan.buyer
    return {
        "number": invoice.label,
        "currency": invoice.currency,
        "lines": [_line(line, invoice.currency) for line in plan.lines],
        "subtotal_minor": str(invoice.subtotal_minor),
        "vat_minor": str(invoice.vat_minor),
        "total_minor": str(invoice.total_minor),
        "vat_category": invoice.vat_category,
        "account_id": invoice.account_id,
        "account_name": plan.account_name,
        "buyer_kind": buyer.kind.value,
        "buyer_name": printed_name(buyer),
        "buyer_tax_code": masked(buyer.tax_id) if buyer.tax_id else None,
        "buyer_address": buyer.address,
        "country": buyer.country,
        "email": buyer.email,
        "terms_days": buyer.terms_days,
        "due_at": invoice.due_at.isoformat() if invoice.due_at else None,
        "seller_name": seller.legal_name,
        "seller_tax_code": seller.tax_code,
        "symbol": seller.symbol,
        "fx_rate_id": plan.rate.id if plan.rate is not None else None,
        "bank_account_id": plan.into.account.id if plan.into is not None else None,
    }


def effects(plan: IssuingPlan, asked_at: datetime) -> list[dict[str, Any]]:
    """What will happen, in order. Days are left out: it may be carried out tomorrow."""
    invoice, buyer = plan.invoice, plan.buyer
    found: list[dict[str, Any]] = [
        {
            "kind": "einvoice",
            "symbol": f"1{plan.seller.symbol}",
            "resubmitted_number": plan.resubmitted,
            "seller": plan.seller.legal_name,
            "seller_tax_code": plan.seller.tax_code,
            "buyer": printed_name(buyer),
            "buyer_kind": buyer.kind.value,
            "buyer_tax_code": masked(buyer.tax_id) if buyer.tax_id else None,
            "buyer_address": buyer.address,
        },
        *({"kind": "line", **_line(line, invoice.currency)} for line in plan.lines),
        {
            "kind": "total",
            "subtotal_minor": str(invoice.subtotal_minor),
            "vat_minor": str(invoice.vat_minor),
            "total_minor": str(invoice.total_minor),
            "currency": invoice.currency,
        },
        {
            "kind": "posting",
            "rate": format(plan.fx_rate, "f") if plan.fx_rate is not None else None,
            "rate_of": plan.rate.as_of.isoformat() if plan.rate is not None else None,
        },
    ]
    if plan.into is not None:
        account = plan.into.account
        found.append(
            {
                "kind": "first_use" if plan.into.was_new(asked_at) else "pay_into",
                "bank_account_id": account.id,
                "bank": plan.into.bank.short_name,
                "bank_bin": plan.into.bank.bin,
                "account_number": account.account_number,
                "account_name": account.account_name,
                "vietqr_vnd": str(plan.in_dong.minor),
            }
        )
    found += [
        {"kind": "archive", "path": rules.path_of(plan.invoice, "pdf")},
        {"kind": "mail", "to": buyer.email, "attachment": f"{invoice.label}.pdf"},
        {"kind": "audit"},
    ]
    return [{key: value for key, value in one.items() if value is not None} for one in found]


def _line(line: InvoiceLine, currency: str) -> dict[str, Any]:
    worked = hours(line)
    return {
        "description": line.description,
        "hours": f"{worked:.2f}" if worked is not None else None,
        "rate": Money(line.rate_minor, currency).text("en") if line.rate_minor else None,
        "amount": Money(line.amount_minor, currency).text("en"),
        "vat_rate": line.vat_rate,
        "vat_minor": str(line.vat_minor),
    }


def display(plan: IssuingPlan, principal: Principal, asked_at: datetime) -> Display:
    """What people read before they sign."""
    invoice, buyer, into = plan.invoice, plan.buyer, plan.into
    vat = Money(invoice.vat_minor, invoice.currency)
    register = _other_name(plan)
    covered = masked(buyer.tax_id) if buyer.tax_id else None
    fields = [
        DisplayField(words.INVOICE, invoice.label),
        *([DisplayField(words.BUYER_TAX_CODE, covered)] if covered else []),
        *([DisplayField(words.REGISTERED, theirs=(register,))] if register else []),
        DisplayField(words.LINES, str(len(plan.lines))),
        DisplayField(words.VAT, in_both(vat.text)),
        DisplayField(words.MAILED_TO, theirs=(buyer.email,) if buyer.email else ()),
        DisplayField(words.SYMBOL, f"1{plan.seller.symbol}"),
        *(bank_accounts.fields_of(into.account) if into is not None else ()),
    ]
    return Display(
        outcome=_OUTCOME,
        counterparty=DisplayField(words.BUYER, theirs=(printed_name(buyer) or plan.account_name,)),
        fields=fields,
        notes=[_BOOKED, *_notes(plan, principal, asked_at)],
    )


_OUTCOME: Both = {
    "vi": "PHÁT HÀNH VÀ GỬI hóa đơn, sau đó không thu hồi được",
    "en": "ISSUE AND SEND the invoice; it cannot be taken back",
}
_BOOKED: Both = {
    "vi": "Hóa đơn điện tử lấy số và ngày khi thực hiện, được ghi sổ khi cơ quan thuế chấp nhận.",
    "en": (
        "The hóa đơn gets number and date when this is carried out, and is booked once the tax"
        " authority accepts it."
    ),
}
_REGISTERED_OTHERWISE: Both = {
    "vi": "Tên đăng ký thuế khác tên người mua.",
    "en": "The tax register has another name than the buyer's.",
}
_FIRST_USE: Both = {
    "vi": "Đây là lần đầu dùng tài khoản này; chữ ký này cũng xác nhận nó.",
    "en": "This is the first use of the account; the signature confirms it too.",
}


def _other_name(plan: IssuingPlan) -> str | None:
    """The name in the tax register, where it is not the buyer's."""
    name = plan.register_name
    return name if name and fold(name) != fold(plan.buyer.name) else None


def _notes(plan: IssuingPlan, principal: Principal, asked_at: datetime) -> Iterator[Both]:
    """What should make whoever signs look twice."""
    buyer, into = plan.buyer, plan.into
    day = buyer.changed_at.astimezone(principal.zone).date().isoformat()
    by_agent = buyer.changed_by.startswith("agent:")
    yield {
        "vi": f"Người nhận được đặt lần cuối ngày {day} bởi {'tác nhân' if by_agent else 'người'}.",
        "en": f"{'An agent' if by_agent else 'A person'} last set the recipient, on {day}.",
    }
    if _other_name(plan) is not None:
        yield _REGISTERED_OTHERWISE
    if into is not None:
        if into.was_new(asked_at):
            yield _FIRST_USE
        yield from bank_accounts.notes(into.account.account_number)
    if (number := plan.resubmitted) is not None:
        yield {
            "vi": f"Hóa đơn số {number} đã bị từ chối; gửi lại với cùng số và ngày.",
            "en": f"Hóa đơn {number} was refused; it is submitted again under its number.",
        }
