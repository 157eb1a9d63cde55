"""Take a bank account off the list of those customers may pay into: decided by CFO and admin."""

from typing import Any

from pydantic import Field

from domain.payments import retiring
from domain.payments.retiring import RetirementPlan
from policies.gate.contract import About, Call, Proposal, people_tool
from policies.gate.display import NOTHING, Both, Display, DisplayField
from tools import bank_accounts
from tools.shapes import ApprovalRequest, ShortLine, View


class Retire(ApprovalRequest):
    """Which account goes, and which takes its place."""

    bank: ShortLine = Field(description="BIN, code or name of its bank.")
    account_number: ShortLine = Field(description="Its number; spaces do not matter.")
    next_bank: ShortLine | None = Field(
        default=None, description="Bank of the account that becomes the default instead."
    )
    next_account_number: ShortLine | None = Field(
        default=None, description="Its number. Without one the currency has no default afterwards."
    )


class RetiredAccount(View):
    """An account that nobody is asked to pay into any more, and the default of its currency."""

    id: str
    bank_bin: str
    account_number: str
    currency: str
    default_account_id: str | None = None

    def text(self) -> str:
        """A sentence, and which account it is."""
        after = self.default_account_id or "none"
        return self.telling(f"It is retired; default: {after}", but=("default_account_id",))

    def about(self) -> About:
        """The bank account."""
        return About("bank_account", self.id)


async def propose(call: Call, arguments: Retire) -> Proposal:
    """Ask people to retire a bank account of the company: nobody is asked to pay into it again.

    Use this when the user says an account is closed, wrong or no longer to be paid into. It is for
    good: the same account is never allowed again. What still arrives there is booked as before.
    A CFO and an admin, two persons, approve. If it is the default, name the account that takes its
    place; without one there is no default, and invoices in dong cannot be sent until there is.
    Returns pending_approval with an action id; follow it with approvals_get.
    """
    plan = await retiring.plan(call.tx, _wanted(arguments))
    account, after = plan.account, plan.default_after
    shown = {
        "bank": bank_accounts.bank_of(account.bank_bin),
        "bank_bin": account.bank_bin,
        "account_number": account.account_number,
        "account_name": account.account_name,
        "currency": account.currency,
        "default_before": plan.default_before.id if plan.default_before else None,
        "default_after": after.id if after else None,
    }
    return Proposal(
        entity_type="bank_account",
        entity_id=account.id,
        entity_version=0,  # all that changes of an account is bound by what is shown
        shown=shown,
        effects=_effects(account.id, shown),
        display=_display(plan),
    )


async def execute(call: Call, arguments: Retire) -> RetiredAccount:
    """Retire the bank account as it was approved."""
    plan = await retiring.retire(call.tx, _wanted(arguments))
    account, after = plan.account, plan.default_after
    return RetiredAccount(
        id=account.id,
        bank_bin=account.bank_bin,
        account_number=account.account_number,
        currency=account.currency,
        default_account_id=after.id if after else None,
    )


TOOL = people_tool(
    "cyberos.admin.retire_bank_account",
    title="Retire a bank account",
    propose=propose,
    execute=execute,
    opens=("bank_account.retire",),
)


def _wanted(arguments: Retire) -> retiring.Retirement:
    return retiring.Retirement(
        bank=arguments.bank,
        account_number=arguments.account_number,
        next_bank=arguments.next_bank,
        next_account_number=arguments.next_account_number,
    )


def _effects(account_id: str, shown: dict[str, Any]) -> list[dict[str, Any]]:
    return [{"kind": "bank_account_retired", "id": account_id, **shown}, {"kind": "audit"}]


_OUTCOME: Both = {
    "vi": "NGỪNG nhận tiền vào tài khoản này, vĩnh viễn",
    "en": "RETIRE this account: nobody is asked to pay into it again, for good",
}
_STILL_BOOKED: Both = {
    "vi": "Mã đã gửi đi vẫn trả được ở ngân hàng; tiền đến đó vẫn được ghi nhận.",
    "en": "Codes that are out can still be paid at the bank; what arrives is booked as before.",
}
_NO_DEFAULT: Both = {
    "vi": "CẢNH BÁO: sau đó không có tài khoản mặc định; người đòi tiền phải nêu tài khoản.",
    "en": "WARNING: there is no default afterwards; who asks for money has to name an account.",
}


def _display(plan: RetirementPlan) -> Display:
    """What people read before they sign; the bank stands where another request has a customer."""
    account, after = plan.account, plan.default_after
    bank, *rest = bank_accounts.fields_of(account)
    default = bank_accounts.named(after.bank_bin, after.account_number) if after else NOTHING
    return Display(
        outcome=_OUTCOME,
        counterparty=bank,
        fields=[
            *rest,
            DisplayField(bank_accounts.CURRENCY, account.currency),
            DisplayField(bank_accounts.NEXT_DEFAULT, default),
        ],
        notes=[
            *([] if after else [_NO_DEFAULT]),
            _STILL_BOOKED,
            *bank_accounts.notes(account.account_number),
        ],
    )
