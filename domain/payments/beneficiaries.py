"""Beneficiaries: into which company bank account does money go? Only the allow-list can answer.

Money that was sent to a wrong account does not come back, so an account that a customer, a mail
or a model names is looked for in the list of the tenant and used only as it stands there.
"""

from dataclasses import dataclass
from datetime import datetime

from domain.kernel.faults import Fault, Kind
from domain.payments import queries
from domain.payments.tables import BankAccount
from domain.store.tx import Tx
from domain.vn.banks import Bank, by_bin, find_bank

VND = "VND"


@dataclass(frozen=True, slots=True)
class Beneficiary:
    """An account of the tenant for dong, and its bank."""

    account: BankAccount
    bank: Bank

    @property
    def never_used(self) -> bool:
        """Whether nobody has confirmed a code for this account yet."""
        return self.account.first_used_at is None

    def was_new(self, asked_at: datetime) -> bool:
        """The same at the instant when something was asked for.

        Of two requests that each would confirm an account, the second says what its signers read,
        also when the first was carried out meanwhile.
        """
        used = self.account.first_used_at
        return used is None or used >= asked_at


async def chosen(tx: Tx, bank: str | None, account_number: str | None) -> Beneficiary:
    """The account that is meant, by bank (BIN, code, name, SWIFT) and number, or the default one.

    Raises BANK_UNKNOWN, ACCOUNT_NOT_ALLOWED, BANK_ACCOUNT_RETIRED, ACCOUNT_AMBIGUOUS,
    NO_DEFAULT_ACCOUNT, ACCOUNT_NOT_VND and BANK_CANNOT_RECEIVE.
    """
    account = await listed(tx, bank, account_number)
    if account.currency != VND:
        raise Fault(
            "ACCOUNT_NOT_VND",
            Kind.CONFLICT,
            "A VietQR asks for dong, and this account is for another currency.",
            "name an account for dong, or none to use the default one.",
        )
    its_bank = _receiving(account)
    if its_bank is None:
        raise Fault(
            "BANK_CANNOT_RECEIVE",
            Kind.CONFLICT,
            "This bank takes no transfers by VietQR.",
            "name an account at another bank; {banks} says which receive.",
        )
    return Beneficiary(account, its_bank)


async def default(tx: Tx) -> Beneficiary | None:
    """The account for dong when nobody names one, if there is one that can be paid into."""
    account = await queries.default_for(tx, VND)
    bank = _receiving(account) if account else None
    return Beneficiary(account, bank) if account and bank else None


async def confirm_use(tx: Tx, account: BankAccount) -> None:
    """From now on codes may name this account. Only an executed approval is let through."""
    if account.first_used_at is None:
        account.first_used_at = tx.at
        await tx.flush()


async def listed(tx: Tx, bank: str | None, account_number: str | None) -> BankAccount:
    """The account of any currency that is meant, or the default one for dong; raises as `chosen`.

    One that was retired is on the list no more.
    """
    bin = find_bank(bank).bin if bank else None
    number = _bare(account_number) if account_number else None
    if bin is None and number is None:
        account = await queries.default_for(tx, VND)
        if account is None:
            raise Fault(
                "NO_DEFAULT_ACCOUNT",
                Kind.CONFLICT,
                "The company has no account for dong that customers may pay into.",
                "a CFO and an admin add one by {add_bank_account}.",
            )
        return account
    fitting = [
        account
        for account in await queries.bank_accounts(tx)
        if bin in (None, account.bank_bin) and number in (None, _bare(account.account_number))
    ]
    found = [account for account in fitting if account.retired_at is None]
    if fitting and not found:
        raise retired()
    if not found:
        raise Fault(
            "ACCOUNT_NOT_ALLOWED",
            Kind.FORBIDDEN,
            "This account is not on the list of those customers may pay into.",
            "leave bank and account out to use the default one; a CFO and an admin add others.",
        )
    if len(found) > 1:
        raise Fault(
            "ACCOUNT_AMBIGUOUS",
            Kind.CONFLICT,
            "Several accounts of the company fit.",
            "give bank and account number, or none of them to use the default account.",
        )
    return found[0]


def retired() -> Fault:
    """The fault of an account that was taken off the list."""
    return Fault(
        "BANK_ACCOUNT_RETIRED",
        Kind.CONFLICT,
        "This bank account was retired: nobody is asked to pay into it any more, and it stays so.",
        "leave bank and account out to use the default one, or name another account.",
    )


def _receiving(account: BankAccount) -> Bank | None:
    bank = by_bin(account.bank_bin)
    return bank if bank is not None and bank.receives else None


def _bare(number: str) -> str:
    return "".join(number.split()).upper()
