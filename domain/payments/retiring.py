"""Retirement of a bank account: from then on nobody is asked to pay into it, and that is for good.

What was paid into it, or is yet to come under a code that is out, is booked as before: the bank
asks nobody. The default of its currency moves only to an account that people were shown; else there
is none, and who asks for money has to name an account.
"""

from dataclasses import dataclass

from domain.kernel.faults import Fault, Kind
from domain.payments import beneficiaries, queries
from domain.payments.tables import BankAccount
from domain.store import outbox
from domain.store.tx import Tx


@dataclass(frozen=True, slots=True, kw_only=True)
class Retirement:
    """Which account, and which becomes the default of the currency; bank and number as typed."""

    bank: str
    account_number: str
    next_bank: str | None
    next_account_number: str | None


@dataclass(frozen=True, slots=True)
class RetirementPlan:
    """What will happen: the account, and the default of its currency before and afterwards."""

    account: BankAccount
    default_before: BankAccount | None
    default_after: BankAccount | None


async def plan(tx: Tx, wanted: Retirement) -> RetirementPlan:
    """What will happen; nothing is changed.

    Raises BANK_UNKNOWN, ACCOUNT_NOT_ALLOWED, ACCOUNT_AMBIGUOUS, BANK_ACCOUNT_RETIRED and
    NEXT_DEFAULT_UNFIT.
    """
    account = await beneficiaries.listed(tx, wanted.bank, wanted.account_number)
    before = await queries.default_for(tx, account.currency)
    if wanted.next_account_number is None and wanted.next_bank is None:
        return RetirementPlan(account, before, None if account.is_default else before)
    after = await beneficiaries.listed(tx, wanted.next_bank, wanted.next_account_number)
    if not account.is_default or after.id == account.id or after.currency != account.currency:
        raise Fault(
            "NEXT_DEFAULT_UNFIT",
            Kind.CONFLICT,
            "Only another account of the same currency takes the place of a default that goes.",
            "leave the next account out, or name another one of the same currency.",
            {"is_default": account.is_default, "currency": account.currency},
        )
    return RetirementPlan(account, before, after)


async def retire(tx: Tx, wanted: Retirement) -> RetirementPlan:
    """Strike an account off. The database lets only an executed approval do so.

    Raises as `plan`.
    """
    planned = await plan(tx, wanted)
    account, after = planned.account, planned.default_after
    was_default, account.is_default, account.retired_at = account.is_default, False, tx.at
    await tx.flush()  # a currency has one default at any moment
    if was_default and after is not None:
        after.is_default = True
        await tx.flush()
    outbox.emit(tx, "bank_account.retired", bank_account_id=account.id)
    return planned
