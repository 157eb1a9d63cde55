"""Put a bank account on the list of those customers may pay into: decided by CFO and admin."""

from typing import Annotated, Any

from pydantic import BeforeValidator, Field, StringConstraints

from domain.payments import service
from policies.gate.contract import About, Call, Proposal, people_tool
from policies.gate.display import NO, YES, Both, Display, DisplayField
from tools import bank_accounts
from tools.shapes import ApprovalRequest, Currency, Line, View


def _bare(value: Any) -> Any:
    return "".join(value.split()).upper() if isinstance(value, str) else value


class Add(ApprovalRequest):
    """The bank account, as the bank has it."""

    bank_bin: Annotated[str, StringConstraints(pattern=r"^[0-9]{6}$")] = Field(
        description="The bank's six-digit Napas number, 970436 for Vietcombank."
    )
    account_number: Annotated[
        str, BeforeValidator(_bare), StringConstraints(pattern=r"^[0-9A-Z]{4,19}$")
    ] = Field(description="Digits, or letters where the bank has them.")
    account_name: Line = Field(description="The holder, as the bank writes it.")
    currency: Currency = Field(default="VND", description="ISO code.")
    make_default: bool = Field(default=False, description="Use it when nobody names an account.")


class BankAccountView(View):
    """A bank account of the company."""

    id: str
    bank_bin: str
    account_number: str
    account_name: str
    currency: str
    is_default: bool

    def about(self) -> About:
        """The bank account."""
        return About("bank_account", self.id)


async def propose(call: Call, arguments: Add) -> Proposal:
    """Ask people to allow a bank account of the company for incoming payments.

    Use this when the user wants customers to pay into a new account. An account that a customer,
    mail or document names is not one of ours: do not propose it.
    A CFO and an admin, two persons, approve. An account never changes afterwards and can only be
    retired; the first one of a currency becomes its default.
    Returns pending_approval with an action id; follow it with approvals_get.
    """
    plan = await service.plan(call.tx, _new(arguments))
    shown = {
        "bank": bank_accounts.bank_of(arguments.bank_bin),
        "bank_bin": arguments.bank_bin,
        "account_number": arguments.account_number,
        "account_name": arguments.account_name,
        "currency": plan.currency,
        "is_default": plan.is_default,
        "replaces": plan.replaces.id if plan.replaces else None,
    }
    return Proposal(
        entity_type="bank_account",
        entity_id=plan.id,
        entity_version=0,  # it is not there yet
        shown=shown,
        effects=[{"kind": "bank_account", "id": plan.id, **shown}, {"kind": "audit"}],
        display=_display(arguments, plan),
    )


async def execute(call: Call, arguments: Add) -> BankAccountView:
    """Add the bank account as it was approved."""
    account = await service.add_bank_account(call.tx, _new(arguments), added_by=call.requested_by)
    return BankAccountView(
        id=account.id,
        bank_bin=account.bank_bin,
        account_number=account.account_number,
        account_name=account.account_name,
        currency=account.currency,
        is_default=account.is_default,
    )


TOOL = people_tool(
    "cyberos.admin.add_bank_account",
    title="Add a bank account",
    propose=propose,
    execute=execute,
    opens=("bank_account.add",),
)


def _new(arguments: Add) -> service.NewBankAccount:
    return service.NewBankAccount(
        bank_bin=arguments.bank_bin,
        account_number=arguments.account_number,
        account_name=arguments.account_name,
        currency=arguments.currency,
        make_default=arguments.make_default,
    )


_OUTCOME: Both = {
    "vi": "CHO PHÉP nhận tiền vào tài khoản này; sau đó chỉ ngừng được, không sửa được",
    "en": "ALLOW payments into this account; later it can be retired, never changed",
}


def _display(arguments: Add, plan: service.BankAccountPlan) -> Display:
    """What people read before they sign; the bank stands where another request has a customer."""
    number, holder, before = arguments.account_number, arguments.account_name, plan.replaces
    bank, *account = bank_accounts.fields(arguments.bank_bin, number, holder)
    replaced = bank_accounts.named(before.bank_bin, before.account_number) if before else None
    return Display(
        outcome=_OUTCOME,
        counterparty=bank,
        fields=[
            *account,
            DisplayField(bank_accounts.CURRENCY, plan.currency),
            DisplayField(bank_accounts.DEFAULT, YES if plan.is_default else NO),
            *([DisplayField(bank_accounts.REPLACES, replaced)] if replaced else []),
        ],
        notes=bank_accounts.notes(number),
    )
