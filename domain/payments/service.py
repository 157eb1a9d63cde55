"""Payments service: the accounts customers may pay into are added, each once."""

from dataclasses import dataclass

from sqlalchemy import update

from domain.kernel.canonical import canonical
from domain.kernel.faults import Fault, Kind
from domain.kernel.ids import derived_id
from domain.kernel.money import currency_code
from domain.payments import beneficiaries, queries
from domain.payments.tables import BankAccount
from domain.store import outbox
from domain.store.tx import Tx
from domain.vn import account_numbers
from domain.vn.banks import by_bin, unknown


@dataclass(frozen=True, slots=True, kw_only=True)
class NewBankAccount:
    """A company bank account: the bank's BIN, the number and the holder as the bank has it."""

    bank_bin: str
    account_number: str
    account_name: str
    currency: str
    make_default: bool


@dataclass(frozen=True, slots=True)
class BankAccountPlan:
    """What adding the account will do: its id, and the default account that it replaces."""

    id: str
    currency: str
    is_default: bool
    replaces: BankAccount | None


async def plan(tx: Tx, new: NewBankAccount) -> BankAccountPlan:
    """What will happen. The first account of a currency becomes its default.

    The id is made from tenant, bank and number, so that asking again means the same account.
    Raises BANK_UNKNOWN, ACCOUNT_NUMBER_UNFIT, BANK_ACCOUNT_EXISTS, BANK_ACCOUNT_RETIRED and
    CURRENCY_UNKNOWN.
    """
    currency = currency_code(new.currency)
    if by_bin(new.bank_bin) is None:
        raise unknown(new.bank_bin)
    _check_number(new.account_number)
    there = await queries.numbered(tx, new.bank_bin, new.account_number)
    if there is not None and there.retired_at is not None:
        raise beneficiaries.retired()
    if there is not None:
        raise Fault(
            "BANK_ACCOUNT_EXISTS",
            Kind.CONFLICT,
            "This bank account is on the list already.",
            "Nothing needs to be done.",
            {"bank_account_id": there.id},
        )
    before = await queries.default_for(tx, currency)
    is_default = new.make_default or before is None
    return BankAccountPlan(
        bank_account_id(tx.tenant_id, new.bank_bin, new.account_number),
        currency,
        is_default,
        before if is_default else None,
    )


def _check_number(number: str) -> None:
    """Refuse letters that can only stand there to be read as digits."""
    if account_numbers.passes_for_digits(number):
        raise Fault(
            "ACCOUNT_NUMBER_UNFIT",
            Kind.INVALID,
            "The account number has letters that look like digits (O, I or L) and no others.",
            "write it as the bank does: zeros and ones are digits.",
            {"fields": [{"field": "account_number", "problem": "has letters among digits"}]},
        )


async def add_bank_account(tx: Tx, new: NewBankAccount, *, added_by: str) -> BankAccount:
    """Put a bank account on the list. The database lets only an executed approval do so.

    Raises as `plan`.
    """
    planned = await plan(tx, new)
    if planned.is_default:
        await _clear_default(tx, planned.currency)
    account = BankAccount(
        id=planned.id,
        bank_bin=new.bank_bin,
        account_number=new.account_number,
        account_name=new.account_name,
        currency=planned.currency,
        is_default=planned.is_default,
        added_by=added_by,
        added_at=tx.at,
    )
    tx.add(account)
    await tx.flush()
    outbox.emit(tx, "bank_account.added", bank_account_id=account.id)
    return account


async def _clear_default(tx: Tx, currency: str) -> None:
    """Let another account become the default."""
    await tx.change(
        update(BankAccount)
        .where(BankAccount.currency == currency, BankAccount.is_default)
        .values(is_default=False)
    )


def bank_account_id(tenant_id: str, bank_bin: str, account_number: str) -> str:
    """An id of the shape of all ids, the same for the same account of the same tenant."""
    return derived_id(canonical(["bank_account", tenant_id, bank_bin, account_number]))
