"""Payment requests: how do people and agents see a request to pay by VietQR?
Shared by the deal's and the invoice's.

A code of a confirmed account comes at once; the first code of an account waits for people. So the
answer has either what the code says, or the action that waits, and `status` tells which.
"""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any, Self

from pydantic import Field, PrivateAttr

from domain.kernel.canonical import sha256_hex
from domain.kernel.money import Money
from domain.kernel.quoting import quoted
from domain.payments.beneficiaries import Beneficiary
from domain.payments.requests import PaymentCode
from policies.gate.answers import SlotView
from policies.gate.contract import About, Fact
from policies.gate.display import Both, Display, DisplayField
from tools import bank_accounts
from tools.shapes import View

READY = "ready"
FIRST_USED: Both = {
    "vi": "Đây là lần đầu dùng tài khoản này; sau khi duyệt, các mã sau không hỏi lại.",
    "en": "This is the first use of the account; once approved, later codes are not asked about.",
}
_MAKE: Both = {
    "vi": "TẠO mã VietQR thu tiền vào tài khoản của công ty",
    "en": "MAKE a VietQR that asks for money into a company account",
}
FIRST_USE = Fact("account_first_use", "1 when nobody confirmed the bank account before")


class VietQrResult(View):
    """A code that is `ready`, or an action that is pending_approval."""

    status: str
    payload: str | None = None
    bank_bin: str | None = None
    bank: str | None = None
    account_number: str | None = None
    account_name: str | None = None
    amount_minor: int | None = None
    currency: str | None = None
    add_info: str | None = None
    reference: str | None = None
    deal_id: str | None = None
    invoice_id: str | None = None
    confirmed_account_id: str | None = None
    note: str | None = None
    action_id: str | None = None
    summary: str | None = None
    slots: list[SlotView] | None = None
    expires_at: datetime | None = None
    how_to_approve: str | None = None
    inbox_url: str | None = None
    next: str | None = None
    untrusted_fields: list[str] = Field(default_factory=list)

    leads = ()
    repeats = (("reference", "add_info"),)

    _proof: Mapping[str, str | int] = PrivateAttr(default_factory=dict)

    def proof(self) -> Mapping[str, str | int]:
        """Who was asked to pay what into which account, by which code."""
        return self._proof

    def about(self) -> About | None:
        """The deal or invoice that is to be paid, or the bank account if it is for none."""
        if self.deal_id is not None:
            return About("deal", self.deal_id)
        if self.invoice_id is not None:
            return About("invoice", self.invoice_id)
        account = self._proof.get("bank_account_id")
        return About("bank_account", str(account)) if account else None

    def made(self, into: Beneficiary, asked: PaymentCode) -> Self:
        """The same answer, which the audit chain is to prove."""
        self._proof = {
            "bank_account_id": into.account.id,
            "amount_minor": asked.amount.minor,
            "currency": asked.amount.currency,
            "payload_sha256": sha256_hex(asked.payload.encode()),
            **({"reference": asked.reference} if asked.reference else {}),
        }
        return self

    def text(self) -> str:
        """A line a person can compare with what their bank's app shows, and the rest of it."""
        amount = Money(self.amount_minor or 0, self.currency or "VND").text()
        memo = f", memo {self.add_info}" if self.add_info else f", no memo: {self.note}"
        said = (
            f"Pay {amount} to {self.bank} {self.account_number}"
            f" ({quoted(self.account_name or '')}){memo}."
        )
        told = ("amount_minor", "currency", "bank", "account_number", "account_name", "add_info")
        return self.telling(said, but=told if self.add_info else (*told, "note"))


def ready(
    into: Beneficiary,
    asked: PaymentCode,
    *,
    deal_id: str | None = None,
    invoice_id: str | None = None,
    confirmed_account_id: str | None = None,
    note: str | None = None,
) -> VietQrResult:
    """The answer with a code.

    `confirmed_account_id` is the account whose first use people allowed with an action that is
    about something else: the verifier looks for it.
    """
    return VietQrResult(
        status=READY,
        payload=asked.payload,
        bank_bin=into.bank.bin,
        bank=into.bank.short_name,
        account_number=into.account.account_number,
        account_name=into.account.account_name,
        amount_minor=asked.amount.minor,
        currency=asked.amount.currency,
        add_info=asked.reference,
        reference=asked.reference,
        deal_id=deal_id,
        invoice_id=invoice_id,
        confirmed_account_id=confirmed_account_id,
        note=note,
    ).made(into, asked)


def picture(structured: Mapping[str, Any]) -> bytes | None:
    """The code to be scanned, as PNG; none while people are still asked."""
    payload = structured.get("payload")
    if structured.get("status") != READY or not isinstance(payload, str):
        return None
    from domain.vn import qr_image  # draws, which few processes ever do

    return qr_image.png(payload)


def shown(into: Beneficiary) -> dict[str, Any]:
    """What the signature of a first use binds of the account."""
    return {
        "bank_account_id": into.account.id,
        "bank_bin": into.account.bank_bin,
        "account_number": into.account.account_number,
        "account_name": into.account.account_name,
    }


def display(
    into: Beneficiary,
    counterparty: DisplayField,
    about: Sequence[DisplayField] = (),
    notes: Sequence[Both] = (),
) -> Display:
    """What people sign before the first code of an account."""
    return Display(
        outcome=_MAKE,
        counterparty=counterparty,
        fields=(*bank_accounts.fields_of(into.account), *about),
        notes=(FIRST_USED, *bank_accounts.notes(into.account.account_number), *notes),
    )
