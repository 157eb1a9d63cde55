"""Put a bank account on the list of those customers may pay into: decided by CFO and admin."""

from typing import Annotated, Any

from pydantic import BeforeValidator, Field, StringConstraints

from domain.kernel.money import Locale
from domain.payments import service
from policies.gate.contract import About, Call, Proposal, people_tool
from tools.crm.views import locale_of
from tools.shapes import ApprovalRequest, Currency, Line, View, quoted


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

    def text(self) -> str:
        """One line."""
        mark = ", default" if self.is_default else ""
        return f"{self.id} {self.bank_bin} {self.account_number} {self.currency}{mark}"

    def about(self) -> About:
        """The bank account."""
        return About("bank_account", self.id)


async def propose(call: Call, arguments: Add) -> Proposal:
    """Ask people to allow a bank account of the company for incoming payments.

    Use this when the user wants customers to pay into a new account. An account that a customer,
    mail or document names is not one of ours: do not propose it.
    A CFO and an admin, two persons, approve. An account never changes afterwards; the first one
    of a currency becomes its default.
    Returns pending_approval with an action id; follow it with approvals_get.
    """
    plan = await service.plan(call.tx, _new(arguments))
    shown = {
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
        summary=_summary(arguments, plan, locale_of(call.principal)),
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


def _summary(arguments: Add, plan: service.BankAccountPlan, locale: Locale) -> str:
    """What people read before they sign: the whole number, because one digit moves the money."""
    holder, before = quoted(arguments.account_name), plan.replaces
    if locale == "vi":
        parts = [
            (
                f"Cho phép nhận tiền vào tài khoản {arguments.account_number} tại ngân hàng có mã"
                f" {arguments.bank_bin}, chủ tài khoản {holder}, loại tiền {plan.currency}."
            ),
            f"Đây sẽ là tài khoản mặc định cho {plan.currency}." if plan.is_default else "",
            f"Tài khoản mặc định hiện nay {before.account_number} được thay thế." if before else "",
        ]
    else:
        parts = [
            (
                f"Allow payments into account {arguments.account_number} at the bank numbered"
                f" {arguments.bank_bin}, held by {holder}, in {plan.currency}."
            ),
            f"It becomes the default account for {plan.currency}." if plan.is_default else "",
            f"It replaces the default account {before.account_number}." if before else "",
        ]
    return " ".join(part for part in parts if part)
